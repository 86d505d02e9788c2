"""Runs with too few steps are warned of once, with what to do."""

from dataclasses import replace
from typing import Any

import pytest

from vidstyle.errors import Note
from vidstyle.flags import with_flags
from vidstyle.options import TrainOptions
from vidstyle.stylize.catalog import shipped_styles
from vidstyle.training import forecast as forecast_module
from vidstyle.training.forecast import (
    ENOUGH_FROM_NOTHING,
    ENOUGH_FROM_STYLE,
    MEASURED_STEPS,
    SKIPPED_STEPS,
    StepForecast,
)

TEN_MINUTES = TrainOptions(minutes=10.0)


@pytest.fixture(autouse=True)
def trained_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shipped styles with 1,200 and 7,240 steps in the class 55k, and others."""
    trainings = {
        "--steps 7240 --start-from none": "55k",
        "--size 55k --steps 1200": "55k",
        "--minutes 20": "55k",
        "--steps 500": "17k",
    }
    styles = [
        replace(shipped_styles()[0], training=f"vidstyle train a.jpg {words}", size_class=size)
        for words, size in trainings.items()
    ]
    monkeypatch.setattr(forecast_module, "shipped_styles", lambda: styles)


def notes(step_s: float, steps: int = 50, begun: int = 0, **changes: Any) -> list[Note | None]:
    """What is said after each step at a pace, of a run with some steps behind it."""
    forecast = StepForecast(replace(TEN_MINUTES, **changes))
    return [forecast.note(begun + n, (begun + n) * step_s) for n in range(1, steps + 1)]


def said(found: list[Note | None]) -> list[Note]:
    return [note for note in found if note is not None]


def test_it_is_said_once_after_the_measured_steps() -> None:
    found = notes(2.0)
    (note,) = said(found)
    assert found.index(note) + 1 == SKIPPED_STEPS + MEASURED_STEPS
    assert with_flags(note) == (
        "Only about 300 steps fit into 10 minutes here, and the shipped styles of this size had "
        "1,200 to 7,240. Give it more time (--minutes 35)."
    )


def test_a_size_class_without_known_steps_is_not_compared() -> None:
    (note,) = said(notes(2.0, size="220k"))
    assert note == "Only about 300 steps fit into 10 minutes here. Give it more time."


def test_from_nothing_the_nearest_style_is_the_other_way() -> None:
    (note,) = said(notes(2.0, start_from="none"))
    assert with_flags(note).endswith(
        "Give it more time, or start from the nearest style (--minutes 70 or --start-from auto)."
    )


@pytest.mark.parametrize(
    ("start_from", "enough"),
    [("auto", ENOUGH_FROM_STYLE), ("udnie", ENOUGH_FROM_STYLE), ("none", ENOUGH_FROM_NOTHING)],
)
def test_enough_steps_are_not_mentioned(start_from: str, enough: int) -> None:
    assert not said(notes(0.99 * 600 / enough, start_from=start_from))
    assert said(notes(1.01 * 600 / enough, start_from=start_from))


def test_a_number_of_steps_is_the_users_choice() -> None:
    forecast = StepForecast(TrainOptions(minutes=10.0, steps=20))
    assert not said([forecast.note(n, 2.0 * n) for n in range(1, 21)])


def test_a_slow_first_step_does_not_count() -> None:
    forecast = StepForecast(TEN_MINUTES)
    times = [100.0, 130.0, *(130 + 0.3 * n for n in range(1, 40))]
    assert not said([forecast.note(n + 1, time_s) for n, time_s in enumerate(times)])


def test_slow_steps_are_not_waited_for() -> None:
    found = notes(40.0, steps=9)
    assert found.index(said(found)[0]) == SKIPPED_STEPS
    assert "about 15 steps" in said(found)[0]


def test_a_resumed_run_counts_what_it_has() -> None:
    assert not said(notes(1.0, begun=500, minutes=20.0))
    (note,) = said(notes(1.0, begun=500))
    assert "about 600 steps" in note
