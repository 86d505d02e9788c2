"""Live sources by name: webcam, file, network stream or test pattern, opened."""

import sys
from fractions import Fraction
from pathlib import Path

from vidstyle.errors import SourceError
from vidstyle.live.sources.base import LiveSource
from vidstyle.live.sources.file import PacedFile
from vidstyle.live.sources.stream import ADDRESS, TEST_SOURCE, Stream
from vidstyle.live.sources.webcam import HINT, Camera
from vidstyle.options import LiveOptions

USUAL_SIZE_WH = (1280, 720)


def open_source(options: LiveOptions) -> LiveSource:
    """Open the source that the setting `camera` names.

    Raises:
        SourceError: there is no such thing, or it gives no picture.
    """
    words, (width, height) = options.camera.strip(), options.size_wh or USUAL_SIZE_WH
    if words == TEST_SOURCE:
        rate = Fraction(options.fps).limit_denominator(1001)
        return Stream.test_pictures(width, height, rate)
    if ADDRESS.match(words):
        return Stream(words)
    path = Path(words)
    if path.is_file():
        return PacedFile(path, options.loop)
    return Camera(find_camera(words), width, height, options.fps)


def find_camera(words: str) -> int | Path:
    """The device that a number, a path or a part of a name stands for.

    Raises:
        SourceError: there is none, or more than one of that name.
    """
    if words.isdecimal():
        return int(words)
    if words.startswith("/"):
        return Path(words)
    found = [path for path, name in camera_names() if words.lower() in name.lower()]
    if len(found) == 1:
        return found[0]
    if found:
        which = ", ".join(map(str, found))
        raise SourceError(f'"{words}" could be any of {which}. Give one of these.', {"camera": ...})
    raise SourceError(f'There is no camera or file "{words}". {HINT}')


def camera_names() -> list[tuple[Path, str]]:
    """Cameras by device and name, as far as the system tells; no virtual ones."""
    if sys.platform != "linux":
        return []
    from vidstyle.live.v4l2 import devices

    return [(d.path, d.name) for d in devices() if d.captures and not d.outputs]
