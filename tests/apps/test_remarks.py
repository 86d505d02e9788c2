"""Remarks: what was lost and corrected, in plain words and numbers."""

from fractions import Fraction
from pathlib import Path

import pytest

from vidstyle.apps.remarks import notes_on_sequence
from vidstyle.flags import with_flags
from vidstyle.media.image_sequence import ImageSequence
from vidstyle.options import StylizeOptions


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
