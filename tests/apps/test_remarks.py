"""Remarks: what was lost and corrected, in plain words and numbers."""

from fractions import Fraction
from pathlib import Path

import pytest

from vidstyle.apps.remarks import notes_on_sequence, remarks_on
from vidstyle.flags import with_flags
from vidstyle.media.image_sequence import ImageSequence
from vidstyle.media.info import ColorTags, VideoInfo
from vidstyle.options import StylizeOptions
from vidstyle.stats import Stats


def sequence(*slots: int) -> ImageSequence:
    files = tuple(Path(f"f{slot}.png") for slot in slots)
    return ImageSequence(Path("f%d.png"), files, slots, Fraction(25))


@pytest.mark.parametrize(
    ("slots", "note"),
    [
        ((0, 2), "1 picture is missing after f0.png: the one before is shown longer"),
        (
            (0, 1, 4, 6, 9),
            "5 pictures are missing after f1.png and in 2 other places: "
            "the one before is shown longer",
        ),
    ],
)
def test_gaps_are_said_once(slots: tuple[int, ...], note: str) -> None:
    assert notes_on_sequence(sequence(*slots), StylizeOptions(fps=25)) == [note]


def test_a_rate_is_said_if_none_was_given() -> None:
    assert notes_on_sequence(sequence(0, 1), StylizeOptions(fps=25)) == []
    (note,) = notes_on_sequence(sequence(0, 1), StylizeOptions())
    assert with_flags(note) == "25 pictures a second, as no rate was given (--fps)"


@pytest.mark.parametrize(
    ("number", "said"),
    [(1, "1 frame had no time of its own"), (2, "2 frames had no time of their own")],
)
def test_frames_without_a_time_are_counted(number: int, said: str) -> None:
    stats = Stats()
    stats.count("repeated times", number)
    info = VideoInfo(
        path=None,
        width=4,
        height=4,
        sample_aspect_ratio=Fraction(1),
        rate=Fraction(25),
        time_base=Fraction(1, 25),
        duration_s=None,
        frame_count=None,
        origin_s=Fraction(),
        end_s=None,
        color=ColorTags(2, 2, 2, 0),
        tags={},
    )
    assert remarks_on(info, stats, StylizeOptions(), can_keep_hdr=False) == [f"{said} and got one"]
