"""Video files as live sources."""

import shutil
from pathlib import Path

import av
import numpy as np
import pytest

from tests.clips import Clip
from tests.live.sources.playback import Clock, read_all
from vidstyle.errors import SourceError
from vidstyle.frame import Picture
from vidstyle.live.sources.base import Pacer
from vidstyle.live.sources.file import PacedFile
from vidstyle.media.source import FileSource
from vidstyle.stats import Stats


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    return Clip(frames=6, rate=10).write(tmp_path / "in.mp4")


def test_a_file_plays_at_its_own_speed(clip: Path, clock: Clock) -> None:
    pictures = read_all(PacedFile(clip, loop=False, pacer=Pacer(clock)), clock)
    assert len(pictures) == 6
    assert sum(clock.slept) == pytest.approx(0.5)


def test_a_looped_file_begins_again(clip: Path, clock: Clock) -> None:
    source = PacedFile(clip, loop=True, pacer=Pacer(clock))
    pictures = [source.read(clock) for _ in range(15)]
    source.close()
    first, again = pictures[0], pictures[12]
    assert first is not None
    assert again is not None
    assert np.array_equal(first.y, again.y)


def test_frames_are_due_at_their_own_times(tmp_path: Path, clock: Clock) -> None:
    clip = Clip(frames=4, pts=[0, 3, 4, 9]).write(tmp_path / "in.mkv")
    source, due = PacedFile(clip, loop=False, pacer=Pacer(clock)), list[float]()
    while source.read(clock) is not None:
        due.append(clock.now_s - 100)
    source.close()
    assert due == pytest.approx([0, 3 / 25, 4 / 25, 9 / 25])


def test_it_gives_the_pictures_of_the_file(clip: Path, clock: Clock) -> None:
    with FileSource(clip, Stats()) as file:
        expected = [frame.picture for frame in file]
        info = file.info
    source = PacedFile(clip, loop=False, pacer=Pacer(clock))
    assert (source.width, source.height, source.rate) == (info.width, info.height, info.rate)
    for found, wanted in zip(read_all(source, clock), expected, strict=True):
        assert np.array_equal(found.y, wanted.y)


def test_a_looped_file_that_is_gone_goes_on_when_it_is_back(clip: Path, clock: Clock) -> None:
    copy = Path(shutil.copy(clip, clip.with_name("copy.mp4")))
    source = PacedFile(clip, loop=True, pacer=Pacer(clock))
    for _ in range(6):
        source.read(clock)
    clip.unlink()
    with pytest.raises(SourceError, match="There is no file"):
        source.read(clock)
    copy.rename(clip)
    assert isinstance(source.read(clock), Picture)
    source.close()


def test_what_is_no_video_is_said(tmp_path: Path) -> None:
    (tmp_path / "words.mp4").write_text("no video")
    with pytest.raises(SourceError, match="is not a video that can be opened"):
        PacedFile(tmp_path / "words.mp4", loop=True)


def test_a_stop_ends_a_long_pause_between_two_frames(tmp_path: Path) -> None:
    clip = Clip(frames=3, pts=[0, 1, 3000]).write(tmp_path / "in.mkv")
    clock = Clock(until_s=103.0)
    assert len(read_all(PacedFile(clip, loop=False, pacer=Pacer(clock)), clock)) == 2
    assert clock.now_s == 103.0


def test_the_file_s_zero_is_that_of_its_sound(tmp_path: Path, clock: Clock) -> None:
    """A transport stream's clock begins later than zero; the sound has the times of the file."""
    clip = Clip(frames=30).write(tmp_path / "in.ts")
    with av.open(clip) as container:
        first_s = (container.start_time or 0) / av.time_base
    source = PacedFile(clip, loop=False, pacer=Pacer(clock))
    assert source.zero_s is None
    source.read(clock)
    assert first_s > 0
    assert source.zero_s == pytest.approx(100 - first_s)
    source.close()
