"""The governor under made-up loads, with a made-up clock."""

import itertools
import sys
from types import FrameType
from typing import Any

import pytest

from vidstyle.live.quality import (
    DOWN_AFTER_S,
    FIRST,
    LADDER,
    UP_AFTER_S,
    Load,
    Quality,
    QualityController,
)

MP_PER_LINE2 = 16 / 9 / 1e6
FRAME_S = 1 / 30
STEP_S = 0.1


class Machine:
    """Measures what it would take to paint as the governor says, `slowness` times."""

    def __init__(self, quality_controller: QualityController) -> None:
        self.quality_controller, self.now_s, self.slowness = quality_controller, 0.0, 1.0
        self.seen = list[Quality]()

    def run(self, seconds: float) -> Quality:
        for _ in range(round(seconds / STEP_S)):
            self.now_s += STEP_S
            quality = self.quality_controller.quality
            megapixels = quality.painted_lines**2 * MP_PER_LINE2
            paint_s = 0.06 * self.slowness * megapixels * (0.4 if quality.small_network else 1.0)
            self.quality_controller.painted(paint_s, megapixels, quality.small_network)
            render_s = 0.006 * self.slowness * (0.5 + 0.5 * (quality.lines / 480) ** 2)
            cores = render_s / (quality.decimation * FRAME_S)
            cores += paint_s / max(paint_s, quality.every * quality.decimation * FRAME_S)
            self.quality_controller.observe(
                self.now_s, Load(FRAME_S, render_s, cores), MP_PER_LINE2
            )
            self.seen.append(self.quality_controller.quality)
        return self.quality_controller.quality


def changes(seen: list[Quality]) -> int:
    return sum(a != b for a, b in itertools.pairwise(seen))


def test_nothing_changes_before_anything_has_been_painted() -> None:
    quality_controller = QualityController(2.0)
    quality = quality_controller.observe(100.0, Load(FRAME_S, 1.0, 8.0), MP_PER_LINE2)
    assert quality == quality_controller.quality
    assert quality.lines == FIRST.lines


def test_an_idle_machine_paints_every_frame_in_full() -> None:
    machine = Machine(QualityController(8.0))
    machine.slowness = 0.15
    assert machine.run(60) == LADDER[0]


def test_a_busy_machine_gets_a_simpler_picture_soon() -> None:
    machine = Machine(QualityController(8.0))
    machine.slowness = 0.3
    machine.run(60)
    machine.slowness = 12.0
    after = machine.run(DOWN_AFTER_S + 5)
    assert after.lines < 480
    assert after.every > 1
    assert 0.06 * 12 * after.lines**2 * MP_PER_LINE2 <= after.every * FRAME_S


@pytest.mark.parametrize("slowness", [5.0, 8.0, 30.0])
def test_where_only_time_is_short_no_frame_is_left_out(slowness: float) -> None:
    """What takes longer than a frame's time drops frames by itself, and no more than it must."""
    machine = Machine(QualityController(8.0))
    machine.slowness = slowness
    machine.run(30)
    assert {quality.decimation for quality in machine.seen} == {1}
    assert machine.quality_controller.quality.lines == (180 if slowness > 5 else 360)
    assert machine.quality_controller.exceeded_cores is None


def test_frames_that_are_held_up_now_and_then_change_nothing() -> None:
    machine = Machine(QualityController(8.0))
    machine.slowness = 0.3
    steady = machine.run(60)
    for _ in range(100):
        machine.slowness = 30.0
        machine.quality_controller.observe(machine.now_s, Load(FRAME_S, 0.09, 1.0), MP_PER_LINE2)
        machine.slowness = 0.3
        machine.run(0.3)
    assert set(machine.seen[-300:]) == {steady}


@pytest.mark.parametrize("slowness", [0.3, 2.0, 12.0])
def test_a_clock_that_jumps_while_the_computer_sleeps_changes_little(slowness: float) -> None:
    machine = Machine(QualityController(8.0))
    machine.slowness = slowness
    before = machine.run(120)
    machine.now_s += 8 * 3600
    machine.seen.clear()
    machine.quality_controller.observe(machine.now_s, Load(FRAME_S, 8 * 3600.0, 0.0), MP_PER_LINE2)
    machine.run(30)
    assert changes([before, *machine.seen]) <= 2


def test_it_recovers_step_by_step() -> None:
    machine = Machine(QualityController(8.0))
    machine.slowness = 12.0
    low = machine.run(20)
    machine.slowness = 0.15
    machine.seen.clear()
    assert machine.run(120) == LADDER[0]
    assert machine.seen[round(0.9 * UP_AFTER_S / STEP_S)] == low  # not at the first good moment
    assert changes(machine.seen) >= 5


@pytest.mark.parametrize("slowness", [0.5, 1.0, 1.7, 2.6, 4.0, 7.0])
def test_a_steady_load_ends_in_a_steady_picture(slowness: float) -> None:
    machine = Machine(QualityController(8.0))
    machine.slowness = slowness
    machine.run(120)
    machine.seen.clear()
    machine.run(120)
    assert changes(machine.seen) <= 2


def test_a_moment_of_load_changes_nothing() -> None:
    machine = Machine(QualityController(8.0))
    machine.slowness = 0.3
    before = machine.run(60)
    machine.slowness = 6.0
    machine.run(0.2)
    machine.slowness = 0.3
    assert machine.run(0.5) == before


def test_a_step_up_that_fails_is_tried_later_and_later() -> None:
    machine = Machine(QualityController(8.0))
    ups = list[float]()
    before = machine.run(30)
    for _ in range(3000):  # good while low, bad as soon as it has gone up
        quality = machine.quality_controller.quality
        machine.slowness = 0.3 if LADDER.index(quality) >= 4 else 12.0
        before, after = quality, machine.run(STEP_S)
        if LADDER.index(after) < LADDER.index(before):
            ups.append(machine.now_s)
    waits = [b - a for a, b in itertools.pairwise(ups)]
    assert max(waits) > 4 * UP_AFTER_S


@pytest.mark.parametrize("budget", [0.05, 0.12, 0.3, 0.6, 1.2])
def test_the_processor_share_is_kept(budget: float) -> None:
    machine = Machine(QualityController(budget))
    quality = machine.run(60)
    frame_s = quality.decimation * FRAME_S
    render = 0.006 * (0.5 + 0.5 * (quality.lines / 480) ** 2) / frame_s
    paint_s = 0.06 * quality.lines**2 * MP_PER_LINE2
    assert render + paint_s / max(paint_s, quality.every * frame_s) <= budget
    assert (quality.decimation > 1) == (budget < 0.1)  # frames are left out only where they must be


def test_a_share_that_cannot_be_kept_is_known() -> None:
    quality_controller = QualityController(0.05)
    quality_controller.painted(0.01, 0.1, small_network=False)
    for second in range(30):
        quality_controller.observe(second, Load(FRAME_S, 0.006, 0.12), MP_PER_LINE2)
    assert quality_controller.quality == LADDER[-1]
    assert quality_controller.exceeded_cores == 0.12
    quality_controller.observe(31, Load(FRAME_S, 0.006, 0.04), MP_PER_LINE2)
    assert quality_controller.exceeded_cores is None


def test_lines_and_interval_can_be_pinned() -> None:
    machine = Machine(QualityController(8.0, lines=300))
    machine.quality_controller.pin(2)
    for machine.slowness in (0.1, 30.0):
        quality = machine.run(30)
        assert (quality.lines, quality.every) == (300, 2)
    machine.quality_controller.pin(None)
    assert machine.run(30).every > 2


def test_another_thread_may_read_the_quality_while_it_is_pinned() -> None:
    """The other thread's turn comes before each line of the change."""
    machine = Machine(QualityController(0.05))
    before, seen = machine.run(60), set[Quality]()
    controller, traced = machine.quality_controller, sys.gettrace()

    def read(frame: FrameType, event: str, argument: object) -> Any:
        seen.add(controller.quality)
        return read

    sys.settrace(read)
    try:
        controller.pin(1)
    finally:
        sys.settrace(traced)
    assert before in seen
    assert seen <= {before, controller.quality}


def test_small_pictures_keep_their_size_and_get_strokes_as_fine() -> None:
    machine = Machine(QualityController(8.0, most_lines=240))
    machine.slowness = 0.1
    assert machine.run(60) == Quality(240, 1, scale=1.5)


def test_pinned_lines_are_those_of_the_strokes_too() -> None:
    machine = Machine(QualityController(8.0, lines=360))
    machine.slowness = 0.1
    assert machine.run(60) == Quality(360, 1)


def test_light_networks_are_used_only_where_there_are_any() -> None:
    for has_small_network in (False, True):
        machine = Machine(QualityController(0.16, has_small_network=has_small_network))
        machine.run(60)
        assert any(q.small_network for q in machine.seen) == has_small_network


def test_a_first_painting_is_as_large_as_the_time_allows() -> None:
    quality_controller = QualityController(8.0)
    quality_controller.painted(0.06, 1.0, small_network=False)
    lines = quality_controller.affordable_lines(0.005, MP_PER_LINE2, small_network=False)
    assert 0.004 < 0.06 * lines**2 * MP_PER_LINE2 <= 0.005
    assert (
        quality_controller.affordable_lines(10.0, MP_PER_LINE2, small_network=False)
        == quality_controller.quality.lines
    )


def test_paintings_within_one_step_of_the_clock_cost_nothing() -> None:
    quality_controller = QualityController(budget_cores=2)
    quality_controller.painted(0.0, 0.1, small_network=False)
    lines = quality_controller.affordable_lines(0.005, MP_PER_LINE2, small_network=False)
    assert lines == quality_controller.quality.lines
    quality_controller.observe(0.0, Load(FRAME_S, 0.0, 0.0), MP_PER_LINE2)
