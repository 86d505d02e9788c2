"""Live sources by name: webcam, file, network stream or test pattern, opened."""

import sys
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av

from vidstyle.errors import SourceError
from vidstyle.live.sources.base import LiveSource
from vidstyle.live.sources.file import PacedFile
from vidstyle.live.sources.stream import TEST_SOURCE, URL, Stream
from vidstyle.live.sources.webcam import HINT, Webcam
from vidstyle.options import LiveOptions
from vidstyle.pipeline.thread_group import call_interruptibly

DEFAULT_SIZE_WH = (1280, 720)


def open_source(options: LiveOptions, watch: Callable[[], None] = lambda: None) -> LiveSource:
    """Open the source that `options.camera` names: test pattern, URL, file, or webcam.

    A server that does not answer delays neither Ctrl-C nor `watch`.

    Args:
        options: source, size and rate.
        watch: called every 0.05 s in the calling thread while a URL is opened; an exception that
            it raises ends the wait.

    Raises:
        SourceError: no such source, or it gives no frames.
    """
    camera, (width, height) = options.camera.strip(), options.size_wh or DEFAULT_SIZE_WH
    if camera == TEST_SOURCE:
        rate = Fraction(options.fps).limit_denominator(1001)
        return Stream.test_pattern(width, height, rate)
    if URL.match(camera):
        return call_interruptibly(lambda: Stream(camera), Stream.close, watch)
    path = Path(camera)
    if path.is_file():
        return PacedFile(path, options.loop)
    return Webcam(find_camera(camera), width, height, options.fps)


def find_camera(camera: str) -> int | Path:
    """Find a webcam by number, device path, or part of its name.

    Returns:
        OpenCV's device number, or a device path.

    Raises:
        SourceError: no camera, or more than one, has this name.
    """
    if camera.isdecimal():
        return int(camera)
    if camera.startswith("/dev/") or Path(camera).is_char_device():
        return Path(camera)
    found = [place for place, name in camera_names() if camera.lower() in name.lower()]
    if len(found) == 1:
        return found[0]
    if found:
        which = ", ".join(map(str, found))
        message = f'"{camera}" could be any of {which}. Give one of these.'
        raise SourceError(message, {"camera": ...})
    there = ", ".join(f"{place} {name}" for place, name in camera_names())
    hint = f"There is: {there}." if there else HINT
    raise SourceError(f'There is no camera or file "{camera}". {hint}')


def camera_names() -> list[tuple[int | Path, str]]:
    """Device paths and names of all cameras, without virtual ones; on Windows, numbers and names.

    Empty on macOS, where OpenCV and FFmpeg count cameras in different orders.
    """
    if sys.platform == "win32":
        return list(enumerate(dshow_cameras()))
    if sys.platform != "linux":
        return []
    from vidstyle.live.v4l2 import devices

    return [(d.path, d.name) for d in devices() if d.captures and not d.outputs]


def dshow_cameras() -> list[str]:
    """Names of DirectShow's cameras, in the order of its category, which OpenCV counts in too."""
    try:
        found = av.enumerate_input_devices("dshow")
    except (ValueError, av.FFmpegError):
        return []
    return [each.description for each in found if list(each.media_types) != ["audio"]]
