"""Three stages side by side, and what happens when one of them fails."""

import _thread
import threading
import traceback
from collections.abc import Generator, Iterable, Iterator
from fractions import Fraction

import numpy as np
import pytest

from vidstyle.frame import Frame, Picture
from vidstyle.pipeline.pipeline import QUEUE_LENGTH, Branch, Pipeline

HANG_LIMIT_S = 60
STAGES = ("source", "stylizer", "sink")
GRAY = Picture.from_rgb(np.full((2, 2, 3), 128, np.uint8))
SHADE = np.zeros((2400, 2400), np.uint8)
LARGE = Picture(np.zeros((4800, 4800), np.uint8), SHADE, SHADE)


class Stages:
    """All three stages in one; `failing` names the one that breaks at frame 3."""

    def __init__(self, frames: int, failing: str = "", picture: Picture = GRAY) -> None:
        self.frames, self.failing, self.picture = frames, failing, picture
        self.given = 0
        self.written: list[int] = []

    def __iter__(self) -> Iterator[Frame]:
        for number in range(self.frames):
            self.break_at(number, "source")
            self.given += 1
            yield Frame(self.picture, number, Fraction(1, 25))

    def stylize(self, frames: Iterable[Frame]) -> Generator[Frame, None, None]:
        for frame in frames:
            self.break_at(frame.pts, "stylizer")
            yield frame

    def write(self, frame: Frame) -> None:
        self.break_at(frame.pts, "sink")
        self.written.append(frame.pts)

    def break_at(self, number: int, stage: str) -> None:
        if number == 3 and stage == self.failing:
            raise OSError(f"the {stage} broke")


def pipeline_threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name in STAGES]


def test_every_frame_goes_through_in_order() -> None:
    stages = Stages(50)
    Pipeline(stages, Branch(stages, stages)).run()
    assert stages.written == list(range(50))


def test_nothing_in_nothing_out() -> None:
    stages = Stages(0)
    Pipeline(stages, Branch(stages, stages)).run()
    assert stages.written == []


@pytest.mark.parametrize("failing", STAGES)
def test_a_failing_stage_ends_the_run(failing: str) -> None:
    stages = Stages(1_000_000, failing)
    with pytest.raises(OSError, match=f"the {failing} broke") as caught:
        Pipeline(stages, Branch(stages, stages)).run()
    assert pipeline_threads() == []
    assert "break_at" in "".join(traceback.format_tb(caught.tb))  # its own traceback
    assert stages.given < 100


def test_only_the_first_error_is_raised() -> None:
    class AllBreak(Stages):
        def write(self, frame: Frame) -> None:
            raise ValueError("first")

        def stylize(self, frames: Iterable[Frame]) -> Generator[Frame, None, None]:
            try:
                yield from frames
            finally:
                raise OSError("second, while being stopped")

    stages = AllBreak(1_000_000)
    with pytest.raises(ValueError, match="first"):
        Pipeline(stages, Branch(stages, stages)).run()
    assert pipeline_threads() == []


@pytest.mark.parametrize(("picture", "most"), [(GRAY, 2 * QUEUE_LENGTH + 3), (LARGE, 3)])
def test_a_slow_sink_holds_the_source_back(picture: Picture, most: int) -> None:
    go = threading.Event()

    class Waiting(Stages):
        def write(self, frame: Frame) -> None:
            assert go.wait(HANG_LIMIT_S)
            super().write(frame)

    stages = Waiting(100, picture=picture)
    run = threading.Thread(target=Pipeline(stages, Branch(stages, stages)).run, daemon=True)
    run.start()
    run.join(0.3)  # time enough to run far ahead, were nothing bounded
    in_flight = stages.given
    go.set()
    run.join(HANG_LIMIT_S)
    assert in_flight <= most
    assert stages.written == list(range(100))


def test_ctrl_c_stops_all_threads() -> None:
    class Interrupting(Stages):
        def write(self, frame: Frame) -> None:
            if frame.pts == 10:
                _thread.interrupt_main()

    stages = Interrupting(1_000_000)
    with pytest.raises(KeyboardInterrupt):
        Pipeline(stages, Branch(stages, stages)).run()
    assert pipeline_threads() == []


def test_each_branch_gets_every_frame_from_one_source() -> None:
    source, *others = Stages(50), Stages(0), Stages(0), Stages(0)
    Pipeline(source, *(Branch(each, each) for each in others)).run()
    assert source.given == 50
    assert [each.written for each in others] == [list(range(50))] * 3


@pytest.mark.parametrize("failing", STAGES[1:])
def test_a_branch_that_fails_ends_all(failing: str) -> None:
    source, whole, broken = Stages(10_000), Stages(0), Stages(0, failing)
    with pytest.raises(OSError, match=f"the {failing} broke"):
        Pipeline(source, Branch(whole, whole), Branch(broken, broken)).run()
    assert source.given <= 4 + 3 * QUEUE_LENGTH
    assert len(whole.written) <= source.given
    assert not [t.name for t in threading.enumerate() if t.name.startswith(STAGES)]
