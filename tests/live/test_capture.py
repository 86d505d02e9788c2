"""A source that is lost, let go, or gives something else than before."""

import logging
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from tests.clips import squares
from tests.live.scene import WAIT_S, Listed
from vidstyle.errors import SourceError
from vidstyle.frame import Frame, Picture
from vidstyle.live.capture import FIRST_RETRY_S, LONGEST_RETRY_S, Capture
from vidstyle.live.letterbox import fit
from vidstyle.live.sources.base import LiveSource
from vidstyle.pipeline.latest import DropOldestChannel

UNPLUGGED = SourceError("A toy gives no pictures any more.")


class Stop(threading.Event):
    """A stop whose waits take no time, but move the clock; it comes when time is up."""

    def __init__(self, until_s: float) -> None:
        super().__init__()
        self.now_s, self.until_s, self.waits = 0.0, until_s, list[float]()

    def clock(self) -> float:
        return self.now_s

    def wait(self, timeout: float | None = None) -> bool:
        assert timeout is not None
        self.waits.append(timeout)
        self.now_s += timeout
        return self.is_set()

    def is_set(self) -> bool:
        return self.now_s >= self.until_s


def picture(width: int = 64, height: int = 48) -> Picture:
    return Picture.from_rgb(squares(0, width, height))


def captured(
    source: Listed, reopen: Callable[[], LiveSource], until_s: float = 100.0
) -> tuple[list[Frame], Stop]:
    """Run a capture to its end, and return all frames it gave."""
    frames: DropOldestChannel[Frame] = DropOldestChannel(1000)
    stop = Stop(until_s)
    Capture(source, reopen, lambda p: fit(p, 64, 48, False), frames, stop.clock).run(stop)
    given = list[Frame]()
    while (frame := frames.get(0)) is not None:
        given.append(frame)
    assert frames.exhausted
    return given, stop


def at_camera_speed() -> Iterator[Picture]:
    """Pictures without end."""
    while True:
        time.sleep(0.02)
        yield picture()


def no_other() -> LiveSource:
    raise SourceError("There is no camera.")


def test_all_pictures_of_a_source_are_handed_on() -> None:
    source = Listed([picture()] * 5)
    frames, _ = captured(source, no_other)
    assert len(frames) == 5
    assert source.closed


def test_a_lost_source_comes_back_by_itself(caplog: pytest.LogCaptureFixture) -> None:
    second = Listed([picture(), picture(), None])
    tries = iter([None, None, second])

    def reopen() -> LiveSource:
        return next(tries) or no_other()

    first = Listed([picture(), UNPLUGGED])
    frames, stop = captured(first, reopen)
    assert len(frames) == 3
    assert first.closed
    assert second.closed
    assert stop.waits == [FIRST_RETRY_S, 2 * FIRST_RETRY_S, 4 * FIRST_RETRY_S]
    assert [record.message for record in caplog.records] == [
        "A toy gives no pictures any more. Waiting for it to come back.",
        "A toy is back.",
    ]


def test_the_waits_grow_only_so_far() -> None:
    _, stop = captured(Listed([UNPLUGGED]), no_other)
    assert stop.waits[-1] == LONGEST_RETRY_S
    assert max(stop.waits) == LONGEST_RETRY_S


def test_a_source_that_comes_back_only_to_fail_is_left_in_peace_longer() -> None:
    _, stop = captured(Listed([UNPLUGGED]), lambda: Listed([picture(), UNPLUGGED]))
    assert stop.waits[:4] == [0.5, 1.0, 2.0, 4.0]


def test_another_size_is_said_once_and_fitted(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    frames, _ = captured(Listed([picture(), *[picture(96, 96)] * 3]), no_other)
    assert {(f.picture.width, f.picture.height) for f in frames} == {(64, 48)}
    assert [record.message for record in caplog.records] == ["A toy now gives 96x96 pictures."]


def test_a_camera_that_was_taken_meanwhile_is_said_once_and_waited_for(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Nobody looked, so it was let go; another program took it before somebody looked again."""
    first, tries = Listed(at_camera_speed()), iter([None, Listed(at_camera_speed())])
    frames: DropOldestChannel[Frame] = DropOldestChannel()
    capture = Capture(first, lambda: next(tries) or no_other(), lambda p: p, frames)
    stop = threading.Event()
    thread = threading.Thread(target=capture.run, args=(stop,))
    capture.set_demand(False)
    thread.start()
    try:
        while not first.closed:
            time.sleep(0.01)
        capture.set_demand(True)
        assert frames.get(WAIT_S) is not None
    finally:
        stop.set()
        thread.join(WAIT_S)
    assert [record.message for record in caplog.records] == [
        "There is no camera. Waiting for it to come back.",
        "A toy is back.",
    ]


def test_a_source_that_nobody_wants_is_let_go_and_opened_again() -> None:
    frames: DropOldestChannel[Frame] = DropOldestChannel()
    endless = [Listed(at_camera_speed()), Listed(at_camera_speed())]
    capture = Capture(endless[0], lambda: endless[1], lambda p: p, frames)
    stop = threading.Event()
    thread = threading.Thread(target=capture.run, args=(stop,))
    thread.start()
    try:
        assert frames.get(WAIT_S) is not None
        capture.set_demand(False)
        while not endless[0].closed:
            time.sleep(0.01)
        while frames.get(0) is not None:  # the last ones
            pass
        capture.set_demand(True)
        assert frames.get(WAIT_S) is not None
    finally:
        stop.set()
        thread.join(WAIT_S)
    assert endless[1].closed
    assert not thread.is_alive()
