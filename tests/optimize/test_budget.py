"""Time is shared out and kept, by a clock that the tests turn themselves."""

import math

import pytest

from vidstyle.optimize.budget import (
    DEFAULT_INTERVAL,
    INTERVALS,
    MIN_SHARE,
    SCALES,
    Budget,
    FilmPlan,
    affordable_scale,
    painting_time_s,
    plan_film,
)


class Clock:
    """Stands still until somebody works."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


def run(seconds: float, pieces: list[float], takes_s: float, least_s: float = 0.0) -> float:
    """How long a run takes whose pieces would each take `takes_s` a unit if they were let."""
    clock = Clock()
    budget = Budget(seconds, sum(pieces), clock)
    for work in pieces:
        allowed_s = budget.seconds_for(work)
        clock.now_s += max(least_s, min(allowed_s, work * takes_s))
        budget.spend(work)
    return clock.now_s - 1000


@pytest.mark.parametrize("takes_s", [0.9, 1.0, 1.5, 20.0])
def test_the_time_is_kept_and_used(takes_s: float) -> None:
    pieces = [46.0, *[20.0] * 30, *[10.0] * 31]
    took_s = run(956, pieces, takes_s)
    assert took_s == pytest.approx(min(956, sum(pieces) * takes_s))


def test_pieces_that_take_too_long_are_paid_for_by_the_others() -> None:
    assert run(600, [10.0] * 60, takes_s=5, least_s=10.9) == pytest.approx(600, rel=0.15)


def test_what_one_piece_saves_the_others_get() -> None:
    clock = Clock()
    budget = Budget(100, 10, clock)
    assert budget.seconds_for(5) == 50
    clock.now_s += 10
    budget.spend(5)
    assert budget.seconds_for(5) == 90


def test_work_that_was_done_before_costs_nothing() -> None:
    budget = Budget(100, 10, Clock())
    budget.spend(9)
    assert budget.seconds_for(1) == 100


def test_nothing_is_left_after_the_end_and_nothing_breaks() -> None:
    clock = Clock()
    budget = Budget(10, 2, clock)
    clock.now_s += 20
    assert budget.seconds_for(1) == 0
    budget.spend(5)
    assert budget.seconds_for(1) == 0


def test_without_a_limit_there_is_time() -> None:
    assert Budget(None, 10, Clock()).seconds_for(1) == math.inf


@pytest.mark.parametrize("seconds", [0.1, 3, 10, 40, 1000])
def test_a_picture_is_as_large_as_time_allows(seconds: float) -> None:
    scale = affordable_scale(50, 0.5, seconds)
    needed_s = [s**2 * 50 * 0.5 * MIN_SHARE for s in SCALES]
    affordable = [s for s, needed in zip(SCALES, needed_s, strict=True) if needed <= seconds]
    assert scale == max(affordable, default=SCALES[-1])


def effort(every: int) -> float:
    """Of a film of 240 frames."""
    return 46 + 30 * 240 / every


def plan(seconds: float | None, every: int | None = None) -> FilmPlan:
    return plan_film(effort, 240, 0.3, seconds, every)


def test_without_a_budget_nothing_is_given_up() -> None:
    assert plan(None) == plan(1e6) == FilmPlan(DEFAULT_INTERVAL, 1.0)
    assert plan(None, every=1) == FilmPlan(1, 1.0)


def test_less_time_gives_up_keyframes_first_and_then_size() -> None:
    plans = [plan(seconds) for seconds in (1000, 250, 200, 120, 90, 40, 5)]
    assert [p.scale for p in plans] == sorted((p.scale for p in plans), reverse=True)
    assert plans[1].every > DEFAULT_INTERVAL
    assert plans[1].scale == 1
    assert plans[-1] == FilmPlan(INTERVALS[-1], SCALES[-1])


def test_the_distance_that_was_asked_for_is_kept() -> None:
    assert {plan(seconds, every=2).every for seconds in (10, 100, 1000)} == {2}
    assert plan(100, every=2).scale < 1


@pytest.mark.parametrize("seconds", [60, 120, 600])
def test_what_is_planned_fits(seconds: float) -> None:
    chosen = plan(seconds)
    needed_s = chosen.scale**2 * effort(chosen.every) * 0.3 * MIN_SHARE
    assert needed_s <= painting_time_s(240, seconds)
    assert painting_time_s(240, seconds) < seconds
