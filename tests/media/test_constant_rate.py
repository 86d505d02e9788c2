"""Frames of any times at a constant rate."""

from fractions import Fraction

import numpy as np
import pytest

from vidstyle.errors import SourceError
from vidstyle.frame import Frame, Picture
from vidstyle.media.constant_rate import ConstantRate

TICK = Fraction(1, 600)


def frames(*pts: int, duration: int = 0) -> list[Frame]:
    """Frames whose luma is their index."""
    chroma = np.zeros((1, 1), np.uint8)
    return [
        Frame(Picture(np.full((2, 2), index, np.uint8), chroma, chroma), each, TICK, duration)
        for index, each in enumerate(pts)
    ]


@pytest.mark.parametrize(
    ("rate", "pts", "shown"),
    [
        (30, (0, 20, 40), [0, 1, 2]),  # that rate already
        (60, (0, 20, 40), [0, 0, 1, 1, 2, 2]),
        (15, (0, 20, 40, 60), [0, 2]),
        (30, (0, 60, 80), [0, 0, 0, 1, 2]),  # a gap
        (30, (0, 1, 2, 20), [0, 3]),  # a burst
        (30, (3, 23, 43), [0, 1, 2]),  # off the grid
    ],
)
def test_each_slot_shows_the_frame_of_its_time(
    rate: int, pts: tuple[int, ...], shown: list[int]
) -> None:
    pace = ConstantRate(Fraction(rate))
    paced = list(pace.convert(frames(*pts, duration=20)))
    assert [int(frame.picture.y[0, 0]) for frame in paced] == shown
    assert [frame.pts for frame in paced] == list(range(len(shown)))
    assert {frame.time_base for frame in paced} == {Fraction(1, rate)}
    assert len(pts) + pace.repeated - pace.left_out == len(shown)


def test_the_first_frame_keeps_its_time_and_alpha() -> None:
    (late,) = frames(300)
    alpha = np.full((2, 2), 7, np.uint8)
    (frame,) = ConstantRate(Fraction(10)).convert([Frame(late.picture, 300, TICK, 0, alpha)])
    assert (frame.pts, frame.time_s, frame.alpha) == (5, 0.5, alpha)


def test_a_pause_of_years_is_damage_not_work() -> None:
    pace = ConstantRate(Fraction(30))
    paced = pace.convert(frames(0, 600 * 3600 * 24 * 365))
    next(paced)
    with pytest.raises(SourceError, match=r"Two frames of the input are 8,760\.0 hours apart"):
        next(paced)
    assert len(list(ConstantRate(Fraction(1, 60)).convert(frames(0, 600 * 3000)))) == 51
