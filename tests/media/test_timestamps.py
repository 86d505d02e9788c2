"""Clocks that start again."""

from fractions import Fraction

import pytest

from vidstyle.media.timestamps import restart_offset

TICK = Fraction(1, 100)


@pytest.mark.parametrize(("time", "last"), [(0, None), (5, 4), (5, 5), (5, 6), (5, 54)])
def test_small_steps_back_are_no_restart(time: int, last: int | None) -> None:
    assert restart_offset(time, last, 4, TICK) == 0


def test_a_restart_goes_on_one_step_after_the_last_time() -> None:
    assert 3 + restart_offset(3, 500, 4, TICK) == 504
