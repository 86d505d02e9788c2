"""Pacing of sources by their timestamps."""

import pytest

from tests.live.sources.playback import Clock
from vidstyle.live.sources.base import MAX_LAG_S, Pacer


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_each_picture_comes_when_its_time_has_come(clock: Clock) -> None:
    pacer = Pacer(clock)
    shown = []
    for time_s in (0.0, 0.04, 0.08, 0.2):
        assert pacer.wait_for(time_s, clock)
        shown.append(clock.now_s - 100)
        clock.now_s += 0.01  # for the work
    assert shown == pytest.approx([0.0, 0.04, 0.08, 0.2])


def test_what_is_late_is_not_waited_for_and_catches_up(clock: Clock) -> None:
    pacer = Pacer(clock)
    assert pacer.wait_for(0.0, clock)
    clock.now_s += 0.3
    assert pacer.wait_for(0.1, clock)
    assert clock.slept == []
    assert pacer.wait_for(0.4, clock)
    assert clock.now_s == pytest.approx(100.4)


def test_after_a_long_break_the_clock_starts_anew(clock: Clock) -> None:
    pacer = Pacer(clock)
    assert pacer.wait_for(0.0, clock)
    clock.now_s += MAX_LAG_S + 60
    assert pacer.wait_for(0.1, clock)
    resumed_s = clock.now_s
    assert pacer.wait_for(0.2, clock)
    assert clock.now_s - resumed_s == pytest.approx(0.1)


def test_a_restart_makes_the_next_frame_due_at_once(clock: Clock) -> None:
    pacer = Pacer(clock)
    assert pacer.wait_for(7.0, clock)
    assert pacer.zero_s == 93.0
    pacer.restart()
    assert pacer.zero_s is None
    assert pacer.wait_for(0.5, clock)
    assert clock.slept == []
    assert pacer.wait_for(0.75, clock)
    assert clock.slept == [0.25]


def test_no_time_is_lost_by_waiting(clock: Clock) -> None:
    """Frames stay on the grid of their timestamps however long each takes, up to its duration."""
    pacer = Pacer(clock)
    for number in range(50):
        assert pacer.wait_for(number / 25, clock)
        assert clock.now_s == pytest.approx(100 + number / 25)
        clock.now_s += 0.039 * (number % 2)


def test_a_stop_ends_the_wait_for_a_frame_that_is_far_off() -> None:
    clock = Clock(until_s=105.0)
    pacer = Pacer(clock)
    assert pacer.wait_for(0.0, clock)
    assert not pacer.wait_for(120.0, clock)
    assert clock.now_s == 105.0
    assert not pacer.wait_for(0.0, clock)
