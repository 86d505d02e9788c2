"""From frames to views: what the controls do, and what is shown without a camera."""

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from tests.live.scene import WAIT_S, frame, panned
from tests.persons import right_half
from vidstyle.frame import Frame, Picture
from vidstyle.live.controls import Controls, ControlState
from vidstyle.live.placeholder import placeholder
from vidstyle.live.quality import Load, QualityController
from vidstyle.live.renderer import NoSignal, Renderer, StyleSelection
from vidstyle.live.sinks.base import OutputFrame
from vidstyle.live.style_menu import StyleMenu
from vidstyle.live.stylizer import LiveStylizer
from vidstyle.pipeline.latest import DropOldestChannel
from vidstyle.stats import Stats
from vidstyle.stylize import person_mask
from vidstyle.stylize.generator_pool import GeneratorPool

NEGATIVE, WHITE, WARM = 0, 1, 2  # numbers of the toy styles


@dataclass
class Filter:
    """A renderer that runs, and its two ends."""

    frames: DropOldestChannel[Frame]
    outputs: DropOldestChannel[OutputFrame]
    controls: Controls
    count: int = 0

    def show(self, picture: Picture) -> OutputFrame:
        """What is seen of the next frame."""
        self.count += 1
        shown = frame(picture, self.count)
        self.frames.put(shown)
        while (output := self.outputs.get(WAIT_S)) is not None:
            if output.frame.pts == shown.pts:
                return output
        raise AssertionError("never shown")


@pytest.fixture
def frame_s() -> float:
    """Nominal frame duration; the placeholder is shown after five of them."""
    return WAIT_S


@pytest.fixture
def running(shelf: Path, frame_s: float) -> Iterator[Filter]:
    frames: DropOldestChannel[Frame] = DropOldestChannel()
    outputs: DropOldestChannel[OutputFrame] = DropOldestChannel()
    quality_controller, controls = (
        QualityController(64.0, lines=160),
        Controls(3, ControlState(), lambda: 3),
    )
    with GeneratorPool() as pool:
        styles = StyleMenu(None, pool)
        stylizer = LiveStylizer(quality_controller, Stats(), WAIT_S)
        no_signal = placeholder(256, 160, "nothing")
        selection = StyleSelection(controls, styles)
        renderer = Renderer(frames, [outputs], stylizer, selection, NoSignal(no_signal, frame_s))
        thread = threading.Thread(target=renderer.run, args=(threading.Event(),))
        thread.start()
        yield Filter(frames, outputs, controls)
        frames.close()
        thread.join(WAIT_S)
        assert not thread.is_alive()
        assert outputs.exhausted or outputs.get(0) is not None


def mean_rgb(picture: Picture) -> list[float]:
    return [float(value) for value in picture.to_rgb().mean(axis=(0, 1))]


def test_frames_are_shown_stylized_with_their_own_times(running: Filter) -> None:
    output = running.show(panned(0))
    assert output.live
    wanted = [255 - value for value in mean_rgb(output.original)]
    assert mean_rgb(output.frame.picture) == pytest.approx(wanted, abs=4)


def test_a_key_changes_the_very_next_frame(running: Filter) -> None:
    before = running.show(panned(0))
    running.controls.press("2")
    deadline = time.monotonic() + WAIT_S
    while running.show(panned(1)).frame.picture.y.min() < 230:  # until the style is loaded
        assert time.monotonic() < deadline
    running.controls.press("1")
    assert mean_rgb(running.show(panned(1)).frame.picture)[0] < 200
    running.controls.press("2")
    assert running.show(panned(2)).frame.picture.y.min() >= 230
    assert before.frame.picture.y.mean() < 200


def test_pass_through_is_the_camera_itself(running: Filter) -> None:
    running.show(panned(0))
    running.controls.press("0")
    picture = panned(1)
    output = running.show(picture)
    assert output.frame.picture is picture
    running.controls.press("1")
    assert output.frame.picture is not running.show(panned(9)).frame.picture


def test_frozen_pictures_stand_still(running: Filter) -> None:
    before = running.show(panned(0)).frame.picture
    running.controls.press("f")
    frozen = running.show(panned(5))
    assert frozen.frame.picture is before
    assert not frozen.live
    running.controls.press("f")
    assert running.show(panned(6)).frame.picture is not before


def test_kept_colors_are_the_cameras(running: Filter) -> None:
    running.controls.press("c")
    output = running.show(panned(0))
    assert np.array_equal(output.frame.picture.u, output.original.u)
    assert not np.array_equal(output.frame.picture.y, output.original.y)


def test_a_key_paints_persons_only(running: Filter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(person_mask, "segment", right_half)
    running.controls.press("p")
    output = running.show(panned(0))
    assert np.array_equal(output.frame.picture.y[:, :100], output.original.y[:, :100])
    assert not np.array_equal(output.frame.picture.y, output.original.y)


@pytest.mark.parametrize("frame_s", [1 / 30])
def test_without_a_camera_the_placeholder_is_shown_again_and_again(running: Filter) -> None:
    running.show(panned(0))
    outputs = [running.outputs.get(WAIT_S) for _ in range(2)]
    for output in outputs:
        assert output is not None
        assert not output.live
        assert (output.frame.picture.width, output.frame.picture.height) == (256, 160)
    wanted = [255 - value for value in mean_rgb(panned(3))]
    assert mean_rgb(running.show(panned(3)).frame.picture) == pytest.approx(wanted, abs=4)


def test_the_strength_follows_the_loudness(shelf: Path) -> None:
    frames: DropOldestChannel[Frame] = DropOldestChannel()
    outputs: DropOldestChannel[OutputFrame] = DropOldestChannel(10)
    quality_controller, levels = QualityController(64.0, lines=160), iter([0.0, 1.0])
    with GeneratorPool() as pool:
        Renderer(
            frames,
            [outputs],
            LiveStylizer(quality_controller, Stats(), WAIT_S),
            StyleSelection(
                Controls(3, ControlState(WHITE), lambda: 3),
                StyleMenu("white", pool),
                lambda: next(levels),
            ),
            NoSignal(placeholder(256, 160, "nothing"), 1 / 30),
        ).run(Ending(frames, [frame(panned(0), 0), frame(panned(1), 1)]))
    silent, loud = outputs.get(0), outputs.get(0)
    assert silent is not None
    assert loud is not None
    assert np.array_equal(silent.frame.picture.y, silent.original.y)
    assert loud.frame.picture.y.min() >= 230


def test_a_machine_that_can_do_no_more_leaves_out_frames(shelf: Path) -> None:
    frames: DropOldestChannel[Frame] = DropOldestChannel()
    outputs: DropOldestChannel[OutputFrame] = DropOldestChannel(50)
    quality_controller = QualityController(0.001, lines=160)  # next to nothing
    stopped_s = 60.0  # time on the clock that it sees, so that it finds no time to change again
    quality_controller.painted(1.0, 0.01, small_network=False)
    for second in range(round(stopped_s)):
        quality_controller.observe(second, Load(1 / 30, 0.02, 1.0), 1.6e-6)
    decimation = quality_controller.quality.decimation
    assert decimation > 1
    with GeneratorPool() as pool:
        Renderer(
            frames,
            [outputs],
            LiveStylizer(quality_controller, Stats(), WAIT_S, lambda: stopped_s),
            StyleSelection(Controls(3, ControlState(), lambda: 3), StyleMenu(None, pool)),
            NoSignal(placeholder(256, 160, "nothing"), 1 / 30),
        ).run(Ending(frames, [frame(panned(n), n) for n in range(3 * decimation)]))
    shown = list(iter(lambda: outputs.get(0), None))
    assert [output.frame.pts % (decimation * 33_333) for output in shown] == [
        (decimation - 1) * 33_333
    ] * 3


class Ending(threading.Event):
    """A stop that puts in the next frame whenever it is asked for, and closes after the last."""

    def __init__(self, frames: DropOldestChannel[Frame], given: list[Frame]) -> None:
        super().__init__()
        self._frames, self._given = frames, given

    def is_set(self) -> bool:
        if self._given:
            self._frames.put(self._given.pop(0))
        else:
            self._frames.close()
        return False
