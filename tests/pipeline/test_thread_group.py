"""Thread groups, and waiting for threads while signals come in."""

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from queue import SimpleQueue
from types import FrameType

import pytest

from tests.live.scene import WAIT_S
from vidstyle.pipeline.thread_group import ThreadGroup, Worker, call_interruptibly

TERMINATED = 143  # exit code after SIGTERM
INTERRUPTS = 400  # one in seventy made `Thread.join` forget a running thread


class SignalError(Exception):
    """What the signal handler raises."""


def test_a_worker_says_when_it_is_over() -> None:
    go = threading.Event()
    worker = Worker(lambda: _wait(go), "waiting")
    worker.start()
    assert not worker.over
    go.set()
    worker.wait()
    assert worker.over and not worker.is_alive()


@pytest.mark.skipif(os.name != "posix", reason="signals as POSIX has them")
def test_interrupts_do_not_lose_a_running_worker() -> None:
    def interrupt(number: int, frame: FrameType | None) -> None:
        raise SignalError

    go = threading.Event()
    ran_to_the_end = threading.Event()

    def work() -> None:
        assert go.wait(WAIT_S)
        ran_to_the_end.set()

    worker = Worker(work, "interrupted")
    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        worker.start()
        for turn in range(INTERRUPTS):
            with pytest.raises(SignalError):
                signal.setitimer(signal.ITIMER_REAL, 1e-4 * (1 + turn % 7))
                worker.wait()
    finally:
        signal.signal(signal.SIGALRM, before)
    assert not worker.over
    go.set()
    worker.wait()
    assert ran_to_the_end.is_set()


def test_a_worker_that_never_started_is_not_waited_for() -> None:
    Worker(lambda: None, "unborn").outlast()


def _wait(event: threading.Event) -> None:
    assert event.wait(WAIT_S)


def wait(stop: threading.Event) -> None:
    assert stop.wait(WAIT_S)


def test_everybody_stops_when_told() -> None:
    threads, before = ThreadGroup(), set(threading.enumerate())
    for number in range(3):
        threads.start(str(number), wait)
    assert threads.busy
    threads.join()
    assert not threads.busy
    assert set(threading.enumerate()) == before


def test_the_first_failure_stops_all_and_is_raised_with_its_own_traceback() -> None:
    def fail(stop: threading.Event) -> None:
        raise ValueError("broken")

    threads = ThreadGroup()
    threads.start("waiting", wait)
    threads.start("failing", fail)
    with pytest.raises(ValueError, match="broken") as raised:
        threads.stop.wait(WAIT_S)
        threads.join()
    assert raised.traceback[-1].name == "fail"


def test_nobody_waits_for_helpers() -> None:
    threads, done = ThreadGroup(), threading.Event()
    threads.start("helper", wait, helper=True)
    threads.start("worker", lambda stop: done.set())
    assert done.wait(WAIT_S)
    while threads.busy:
        threads.stop.wait(0.01)
    threads.join()


def test_the_calling_thread_watches_while_others_work() -> None:
    go, seen = threading.Event(), list[threading.Thread]()

    def watch() -> None:
        seen.append(threading.current_thread())
        if len(seen) == 3:
            go.set()

    ThreadGroup().run({"waiting": lambda stop: _wait(go)}, watch)
    assert set(seen) == {threading.current_thread()}


def test_a_watch_that_fails_stops_all_and_is_raised() -> None:
    before = set(threading.enumerate())

    def watch() -> None:
        raise SignalError

    with pytest.raises(SignalError):
        ThreadGroup().run({"one": wait, "two": wait}, watch)
    assert set(threading.enumerate()) == before


def test_a_thread_that_blocks_is_left_behind_when_patience_is_over() -> None:
    go, closed = threading.Event(), threading.Event()

    def block(stop: threading.Event) -> None:
        _wait(go)
        closed.set()

    threads = ThreadGroup()
    threads.start("device", block, patience_s=0.01)
    threads.join()
    assert not closed.is_set()
    go.set()
    assert closed.wait(WAIT_S)


@contextmanager
def ending_signals() -> Iterator[None]:
    """SIGINT raises KeyboardInterrupt and SIGTERM SystemExit in the block, as in the program."""

    def end(number: int, frame: FrameType | None) -> None:
        raise SystemExit(TERMINATED)

    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def waits_of(monkeypatch: pytest.MonkeyPatch) -> SimpleQueue[None]:
    """Queue with an item for each call of `Worker.wait` by the main thread, from within it."""
    waits: SimpleQueue[None] = SimpleQueue()
    usual = Worker.wait

    def wait(worker: Worker, watch: Callable[[], None] = lambda: None) -> None:
        waits.put(None)
        usual(worker, watch)

    monkeypatch.setattr(Worker, "wait", wait)
    return waits


@pytest.mark.skipif(os.name != "posix", reason="signals as POSIX has them")
def test_a_termination_after_an_interrupt_waits_for_all_threads(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    waits, first_over, second_over = waits_of(monkeypatch), threading.Event(), threading.Event()

    def first(stop: threading.Event) -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            waits.get(timeout=WAIT_S)
            os.kill(os.getpid(), number)
        waits.get(timeout=WAIT_S)  # it still waits after both
        first_over.set()

    def second(stop: threading.Event) -> None:
        _wait(first_over)
        waits.get(timeout=WAIT_S)
        second_over.set()

    with ending_signals(), pytest.raises(SystemExit) as raised:
        ThreadGroup().run({"first": first, "second": second})
    ended = first_over.is_set() and second_over.is_set()
    for _ in range(3):  # for threads that were left behind
        waits.put(None)
    assert ended
    assert raised.value.code == TERMINATED


@pytest.mark.skipif(os.name != "posix", reason="signals as POSIX has them")
def test_a_termination_while_a_failed_group_ends_is_not_lost(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    waits = waits_of(monkeypatch)

    def fail(stop: threading.Event) -> None:
        raise ValueError("broken")

    def terminate(stop: threading.Event) -> None:
        wait(stop)
        waits.get(timeout=WAIT_S)
        os.kill(os.getpid(), signal.SIGTERM)
        waits.get(timeout=WAIT_S)

    threads = ThreadGroup()
    with ending_signals(), pytest.raises(SystemExit):
        threads.run({"terminating": terminate, "failing": fail})


def test_a_call_that_may_block_gives_its_result_or_its_error() -> None:
    def fail() -> int:
        raise ValueError("broken")

    kept = list[int]()
    assert call_interruptibly(lambda: 7, kept.append, lambda: None) == 7
    with pytest.raises(ValueError, match="broken"):
        call_interruptibly(fail, kept.append, lambda: None)
    assert kept == []


def test_an_interrupted_call_is_left_behind_and_its_result_discarded() -> None:
    go, discarded, kept = threading.Event(), threading.Event(), list[int]()

    def work() -> int:
        _wait(go)
        return 7

    def discard(item: int) -> None:
        kept.append(item)
        discarded.set()

    def interrupt() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        call_interruptibly(work, discard, interrupt)
    assert kept == []
    go.set()
    assert discarded.wait(WAIT_S)
    assert kept == [7]
