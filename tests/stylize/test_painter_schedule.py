"""Painters by time and by scene, and the changes that need keyframes."""

from pathlib import Path

import numpy as np
import pytest

from tests.live.scene import Flat
from tests.stylize.test_painter import DARK, tracked
from vidstyle.errors import StyleError
from vidstyle.style_plan import style_plan
from vidstyle.stylize.painter import FramePainter, GeneratorPainter
from vidstyle.stylize.painter_schedule import (
    PaintersByScene,
    PaintersByTime,
    TimedPainter,
    Turn,
    always,
    load_painters,
)

A, B, C = (GeneratorPainter(Flat(shade)) for shade in (0, 100, 200))
SCHEDULE = PaintersByTime([TimedPainter(A), TimedPainter(B, 5.0, 2.0), TimedPainter(C, 9.0)])


def shade(painter: FramePainter) -> float:
    return float(painter.paint(tracked(DARK)).to_rgb().mean())


def test_painters_begin_at_their_times() -> None:
    shown = [SCHEDULE.painter(time_s, 0) for time_s in (-1, 0, 5, 7, 8.9, 9, 99)]
    assert shown == [A, A, A, B, B, C, C]


@pytest.mark.parametrize(("time_s", "wanted"), [(5.5, 25), (6, 50), (6.5, 75)])
def test_a_fade_mixes_two_painters_by_time(time_s: float, wanted: float) -> None:
    assert shade(SCHEDULE.painter(time_s, 0)) == pytest.approx(wanted, abs=1.5)


def test_a_fade_into_a_fade_jumps_nowhere() -> None:
    painters = [TimedPainter(A), TimedPainter(C, 1.0, 4.0), TimedPainter(B, 2.0, 1.0)]
    schedule = PaintersByTime(painters)
    shown = [shade(schedule.painter(time_s, 0)) for time_s in np.arange(0.9, 3.2, 0.1)]
    assert np.abs(np.diff(shown)).max() < 20
    assert shown[-1] == pytest.approx(100, abs=1)


@pytest.mark.parametrize(
    ("before_s", "time_s", "turn"),
    [
        (4.9, 4.99, Turn.NONE),
        (4.99, 5.0, Turn.BEND),
        (5.0, 5.1, Turn.NONE),
        (6.98, 7.02, Turn.BEND),
        (8.96, 9.0, Turn.SWITCH),
        (4.9, 9.1, Turn.SWITCH),
        (9.0, 99.0, Turn.NONE),
    ],
)
def test_changes_lie_between_two_frames(before_s: float, time_s: float, turn: Turn) -> None:
    assert SCHEDULE.turn(before_s, time_s) is turn


def test_one_painter_never_changes() -> None:
    assert always(B).painter(1e9, 7) is B
    assert always(B).turn(-np.inf, 1e9) is Turn.NONE


def test_scenes_take_turns() -> None:
    schedule = PaintersByScene([A, B, C])
    assert [schedule.painter(0, scene) for scene in range(4)] == [A, B, C, A]


@pytest.mark.usefixtures("shelf")
def test_a_plan_is_loaded_once_a_style_and_shifted_to_the_start() -> None:
    schedule = load_painters(style_plan("0:negative 10:white/2s 20:negative"), start_s=11)
    assert shade(schedule.painter(0, 0)) == pytest.approx((255 + shade(negative())) / 2, abs=2)
    assert schedule.painter(5, 0) is not schedule.painter(9, 0)
    assert schedule.turn(0.9, 1.0) is Turn.BEND
    everything = load_painters(style_plan(None, "all"))
    assert shade(everything.painter(0, 1)) == 255
    assert everything.painter(0, 0) is everything.painter(0, 3)


def negative() -> FramePainter:
    return load_painters(style_plan("negative")).painter(0, 0)


def test_a_missing_style_is_said(shelf: Path) -> None:
    for plan in (style_plan("0:negative 3:cold"), style_plan(None, "warm,cold")):
        with pytest.raises(StyleError, match="cold"):
            load_painters(plan)
