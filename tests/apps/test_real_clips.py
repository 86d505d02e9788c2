"""Real clips of many kinds, where they are at hand: `pytest -m slow -n 0`."""

from fractions import Fraction
from pathlib import Path

import av
import pytest

from vidstyle import StylizeOptions, stylize_video

CLIPS = Path(__file__).parents[3] / "shared" / "data" / "clips"
FILES = sorted(file for file in CLIPS.glob("*") if file.suffix != ".csv")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not FILES, reason="the folder of real clips is not beside the checkout"),
]


def decoded_times(file: Path) -> list[Fraction]:
    """Presentation times of the main video, as far as it can be decoded."""
    times = []
    with av.open(str(file)) as container:
        stream = container.streams.best("video")
        assert isinstance(stream, av.VideoStream)
        try:
            for frame in container.decode(stream):
                assert frame.pts is not None and frame.time_base is not None
                times.append(frame.pts * frame.time_base)
        except av.InvalidDataError:
            pass
    return times


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_real_clips_keep_their_frames_and_times(tmp_path: Path, file: Path) -> None:
    result = stylize_video(file, tmp_path / "out.mkv", StylizeOptions(max_height=96))
    expected, found = decoded_times(file), decoded_times(tmp_path / "out.mkv")
    if result.damage:  # we go on behind the damage, where this test's own reader stops
        assert len(found) >= len(expected)
    else:
        assert len(found) == len(expected) == result.frames
        tick = Fraction(1, 1000)  # Matroska's
        assert all(abs(a - b) <= tick for a, b in zip(expected, found, strict=True))
