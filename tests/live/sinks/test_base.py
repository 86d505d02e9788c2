import threading

import pytest

from tests.live.scene import WAIT_S, frame, panned
from vidstyle.errors import SinkError
from vidstyle.live.sinks.base import NullSink, OutputFrame, SinkThread


class Slow:
    """A sink that takes one view and then waits to be let go."""

    def __init__(self) -> None:
        self.free, self.busy, self.closed = threading.Event(), threading.Event(), False
        self.seen = list[int]()

    def write(self, output: OutputFrame) -> None:
        self.seen.append(output.frame.pts)
        self.busy.set()
        assert self.free.wait(WAIT_S)

    def close(self) -> None:
        self.closed = True


class Full:
    """A sink that takes nothing."""

    closed = False

    def write(self, output: OutputFrame) -> None:
        raise SinkError("full")

    def close(self) -> None:
        self.closed = True


def output(number: int, live: bool = True) -> OutputFrame:
    picture = panned(0, width=32, height=16)
    return OutputFrame(frame(picture, number), picture, live)


def test_a_slow_sink_gets_the_newest_and_holds_nobody_up() -> None:
    sink = Slow()
    sink_thread = SinkThread(sink)
    thread = threading.Thread(target=sink_thread.run, args=(threading.Event(),))
    thread.start()
    sink_thread.outputs.put(output(0))
    assert sink.busy.wait(WAIT_S)
    for number in range(1, 6):
        sink_thread.outputs.put(output(number))
    sink_thread.outputs.close()
    sink.free.set()
    thread.join(WAIT_S)
    assert sink.seen == [output(0).frame.pts, output(5).frame.pts]
    assert sink_thread.outputs.dropped == 4
    assert sink.closed


def test_latency_is_from_capture_to_after_the_sink_and_of_live_pictures_only() -> None:
    now_s = iter([10.0])
    sink_thread = SinkThread(NullSink(), capacity=2, clock=lambda: next(now_s))
    sink_thread.outputs.put(output(30, live=True))
    sink_thread.outputs.put(output(31, live=False))
    sink_thread.outputs.close()
    sink_thread.run(threading.Event())
    assert sink_thread.meter.percentile_s(50) == pytest.approx(10.0 - 30 * 0.033333)
    assert sink_thread.meter.count == 1


def test_a_sink_that_fails_is_closed_all_the_same() -> None:
    sink = Full()
    sink_thread = SinkThread(sink)
    sink_thread.outputs.put(output(0))
    with pytest.raises(SinkError, match="full"):
        sink_thread.run(threading.Event())
    assert sink.closed
