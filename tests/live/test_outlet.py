import threading

import pytest

from tests.live.scene import WAIT_S, frame, panned
from vidstyle.errors import SinkError
from vidstyle.live.outlet import Nowhere, Outlet, View


class Slow:
    """A sink that takes one view and then waits to be let go."""

    def __init__(self) -> None:
        self.free, self.busy, self.closed = threading.Event(), threading.Event(), False
        self.seen = list[int]()

    def write(self, view: View) -> None:
        self.seen.append(view.frame.pts)
        self.busy.set()
        assert self.free.wait(WAIT_S)

    def close(self) -> None:
        self.closed = True


class Full:
    """A sink that takes nothing."""

    closed = False

    def write(self, view: View) -> None:
        raise SinkError("full")

    def close(self) -> None:
        self.closed = True


def view(number: int, live: bool = True) -> View:
    picture = panned(0, width=32, height=16)
    return View(frame(picture, number), picture, live)


def test_a_slow_sink_gets_the_newest_and_holds_nobody_up() -> None:
    sink = Slow()
    outlet = Outlet(sink)
    thread = threading.Thread(target=outlet.run, args=(threading.Event(),))
    thread.start()
    outlet.views.put(view(0))
    assert sink.busy.wait(WAIT_S)
    for number in range(1, 6):
        outlet.views.put(view(number))
    outlet.views.close()
    sink.free.set()
    thread.join(WAIT_S)
    assert sink.seen == [view(0).frame.pts, view(5).frame.pts]
    assert outlet.views.dropped == 4
    assert sink.closed


def test_latency_is_from_capture_to_after_the_sink_and_of_live_pictures_only() -> None:
    now_s = iter([10.0])
    outlet = Outlet(Nowhere(), capacity=2, clock=lambda: next(now_s))
    outlet.views.put(view(30, live=True))
    outlet.views.put(view(31, live=False))
    outlet.views.close()
    outlet.run(threading.Event())
    assert outlet.meter.percentile_s(50) == pytest.approx(10.0 - 30 * 0.033333)
    assert outlet.meter.count == 1


def test_a_sink_that_fails_is_closed_all_the_same() -> None:
    sink = Full()
    outlet = Outlet(sink)
    outlet.views.put(view(0))
    with pytest.raises(SinkError, match="full"):
        outlet.run(threading.Event())
    assert sink.closed
