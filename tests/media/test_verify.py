"""The second look at a finished file finds what is wrong with it."""

from array import array
from collections import Counter
from fractions import Fraction
from pathlib import Path

import pytest

from tests.clips import Clip, Sound
from vidstyle.errors import SinkError
from vidstyle.media.verify import verify

TICK = Fraction(1, 25)
ONE_SOUND = Counter({"audio": 1})


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    return Clip(frames=5, sounds=[Sound()]).write(tmp_path / "clip.mp4")


def test_a_good_file_passes(clip: Path) -> None:
    verify(clip, array("q", range(5)), TICK, ONE_SOUND)


def test_a_missing_frame_is_found(clip: Path) -> None:
    with pytest.raises(SinkError, match="6 frames were written, but the file holds 5"):
        verify(clip, array("q", range(6)), TICK, ONE_SOUND)


def test_a_frame_at_the_wrong_time_is_found(clip: Path) -> None:
    with pytest.raises(SinkError, match=r"0\.0400 s from where it belongs"):
        verify(clip, array("q", [0, 1, 2, 3, 5]), TICK, ONE_SOUND)


def test_a_missing_stream_is_found(clip: Path) -> None:
    with pytest.raises(SinkError, match="1 audio streams instead of 2"):
        verify(clip, array("q", range(5)), TICK, Counter({"audio": 2}))


def test_a_broken_file_is_found(clip: Path) -> None:
    clip.write_bytes(clip.read_bytes()[:200])
    with pytest.raises(SinkError, match="cannot be read again"):
        verify(clip, array("q", range(5)), TICK, ONE_SOUND)
