"""Contract of live sources; add a source to SOURCES."""

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from tests.clips import Clip, squares
from tests.contracts.implementations import implementations
from tests.live.sources.playback import NEVER
from tests.live.sources.server import serving
from tests.live.sources.toy_device import ToyDevice
from vidstyle.errors import SourceError
from vidstyle.frame import Picture
from vidstyle.live.sources.base import LiveSource, Pacer
from vidstyle.live.sources.file import PacedFile
from vidstyle.live.sources.stream import Stream
from vidstyle.live.sources.webcam import MAX_FAILURES, Webcam

FRAMES = 4  # of sources that end or are lost


class Folder:
    """Files, a device and a network address for sources to be opened from."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.clip = Clip(frames=FRAMES, rate=50).write(path / "in.mp4")
        self.live = Clip(frames=FRAMES, rate=50).write(path / "live.ts")
        self.device = path / "video0"
        self.device.touch()
        self.address = ""


def unpaced() -> Pacer:
    """A pacer whose clock is always far ahead."""
    return Pacer(itertools.count(0.0, 10.0).__next__)


def camera(folder: Folder, reads: int) -> Webcam:
    """A camera that gives so many pictures, and then nothing."""
    images = [np.ascontiguousarray(squares(n, 64, 48)[..., ::-1]) for n in range(reads)]
    return Webcam(folder.device, 64, 48, 25, ToyDevice([*images, *[None] * MAX_FAILURES]))


def file_that_vanishes(folder: Folder) -> PacedFile:
    source = PacedFile(folder.clip, loop=True, pacer=unpaced())
    folder.clip.unlink()
    return source


def file_that_is_replaced(folder: Folder) -> PacedFile:
    source = PacedFile(folder.clip, loop=True, pacer=unpaced())
    folder.clip.unlink()
    folder.clip.write_text("no video any more")
    return source


@dataclass(frozen=True)
class Kind:
    """A way to open a source."""

    source: type
    open: Callable[[Folder], LiveSource]
    name: str


SOURCES = [
    Kind(PacedFile, lambda folder: PacedFile(folder.clip, loop=False, pacer=unpaced()), "file"),
    Kind(PacedFile, lambda folder: PacedFile(folder.clip, loop=True, pacer=unpaced()), "loop"),
    Kind(Stream, lambda _: Stream.test_pattern(64, 48, Fraction(20)), "test pattern"),
    Kind(Stream, lambda folder: Stream(str(folder.clip)), "address with an end"),
    Kind(Stream, lambda folder: Stream(f"{folder.address}/live.ts"), "address without an end"),
    Kind(Webcam, lambda folder: camera(folder, 50), "webcam"),
]
ENDING = [kind for kind in SOURCES if kind.name in ("file", "address with an end")]
LOST = [
    Kind(PacedFile, file_that_vanishes, "looped file that is gone"),
    Kind(PacedFile, file_that_is_replaced, "looped file that is no video"),
    Kind(Stream, lambda folder: Stream(f"{folder.address}/live.ts"), "stream that breaks off"),
    Kind(Webcam, lambda folder: camera(folder, FRAMES), "webcam that is pulled out"),
]


def each(kinds: list[Kind]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("kind", kinds, ids=lambda kind: kind.name)


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Folder]:
    folder = Folder(tmp_path)
    with serving(tmp_path) as folder.address:
        yield folder


def read(source: LiveSource, count: int) -> list[Picture]:
    pictures = [source.read(NEVER) for _ in range(count)]
    assert all(isinstance(picture, Picture) for picture in pictures)
    return [picture for picture in pictures if picture is not None]


def test_every_source_of_the_package_is_listed() -> None:
    assert {kind.source for kind in SOURCES} == implementations(LiveSource)
    assert {kind.source for kind in LOST} == implementations(LiveSource)


@each(SOURCES)
def test_it_says_what_it_will_give(kind: Kind, folder: Folder) -> None:
    source = kind.open(folder)
    assert source.name
    assert isinstance(source.name, str)
    assert (source.width, source.height) == (64, 48)
    assert isinstance(source.rate, Fraction)
    assert 0 < source.rate <= 1000
    assert isinstance(source.notes, list)
    assert all(isinstance(note, str) and note.endswith(".") for note in source.notes)
    source.close()


@each(SOURCES)
def test_pictures_have_the_size_that_it_promises(kind: Kind, folder: Folder) -> None:
    source = kind.open(folder)
    sizes = {(picture.width, picture.height) for picture in read(source, FRAMES)}
    source.close()
    assert sizes == {(source.width, source.height)}


@each(SOURCES)
def test_a_picture_is_not_painted_on_by_those_that_follow(kind: Kind, folder: Folder) -> None:
    source = kind.open(folder)
    (first,) = read(source, 1)
    kept = [plane.copy() for plane in first.planes]
    later = read(source, FRAMES - 1)
    source.close()
    for plane, copy in zip(first.planes, kept, strict=True):
        np.testing.assert_array_equal(plane, copy)
    assert not np.array_equal(later[-1].y, first.y)  # something has moved


@each(ENDING)
def test_after_the_end_there_is_nothing_more(kind: Kind, folder: Folder) -> None:
    source = kind.open(folder)
    read(source, FRAMES)
    assert [source.read(NEVER) for _ in range(3)] == [None] * 3
    source.close()


@each(SOURCES)
@pytest.mark.parametrize("reads", [0, 2])
def test_closing_twice_is_fine(kind: Kind, folder: Folder, reads: int) -> None:
    source = kind.open(folder)
    read(source, reads)
    source.close()
    source.close()


@each(LOST)
def test_a_lost_source_is_an_error_at_every_read(kind: Kind, folder: Folder) -> None:
    source = kind.open(folder)
    read(source, FRAMES)
    for _ in range(2):
        with pytest.raises(SourceError) as raised:
            source.read(NEVER)
        assert "\n" not in str(raised.value)
    source.close()
    source.close()
