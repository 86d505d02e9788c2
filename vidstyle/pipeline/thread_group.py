"""Thread group: worker threads with a shared stop event; the first exception stops them all."""

import math
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from functools import partial
from queue import Empty, SimpleQueue
from typing import TypeVar

WAIT_STEP_S = 0.05  # an unbounded wait would delay signal handlers, such as Ctrl-C

Item = TypeVar("Item")
Work = Callable[[threading.Event], None]  # body of a thread; gets the stop event of its group


class Worker(threading.Thread):
    """Daemon thread that signals its own end through a queue.

    `Thread.join` and `is_alive` are not used while it runs: up to Python 3.12, an exception that a
    signal handler raises inside them, such as KeyboardInterrupt, marks the running thread as
    ended. One Ctrl-C in seventy then closed files that were still being read.
    """

    def __init__(self, work: Callable[[], None], name: str) -> None:
        """Make a thread, not started, that runs `work` once."""
        super().__init__(name=name, daemon=True)
        self._work = work
        self._ended: SimpleQueue[None] = SimpleQueue()  # unlike Event, safe against interruption
        self.over = False

    def run(self) -> None:
        """Run the work; called by `threading` on the new thread."""
        try:
            self._work()
        finally:
            self.over = True
            self._ended.put(None)

    def wait(self, watch: Callable[[], None] = lambda: None) -> None:
        """Block until the thread has ended; exceptions of signal handlers propagate.

        Args:
            watch: called every `WAIT_STEP_S` seconds in the waiting thread; its exceptions
                propagate too.
        """
        while not self.over:
            watch()
            with suppress(Empty):
                self._ended.get(timeout=WAIT_STEP_S)
        self.join()

    def outlast(self, patience_s: float = math.inf) -> None:
        """Block until the thread has ended, ignoring Ctrl-C; at once if it was never started.

        Args:
            patience_s: seconds after which to return although the thread has not ended.

        Raises:
            SystemExit: a signal such as SIGTERM came; after the same wait as without it.
        """
        deadline_s = time.monotonic() + patience_s

        def watch() -> None:
            if time.monotonic() >= deadline_s:
                raise TimeoutError

        ending: SystemExit | None = None
        while self.ident is not None and not self.over:
            try:
                with suppress(KeyboardInterrupt):
                    self.wait(watch)
            except SystemExit as error:
                ending = error
            except TimeoutError:
                break
        if ending is not None:
            raise ending


def call_interruptibly(
    work: Callable[[], Item], discard: Callable[[Item], None], watch: Callable[[], None]
) -> Item:
    """Return the result of a call that may block in a library, from a thread of its own.

    An exception that interrupts the calling thread, such as KeyboardInterrupt, is raised at once;
    the call is left behind and ends by itself.

    Args:
        work: call that blocks.
        discard: releases the result of a call that was left behind, on that call's thread.
        watch: called every `WAIT_STEP_S` in the calling thread; its exceptions interrupt it too.

    Raises:
        BaseException: of `work` or `watch`, or one that interrupts the calling thread.
    """
    result: Future[Item] = Future()

    def run() -> None:
        try:
            item = work()
        except BaseException as error:
            with suppress(InvalidStateError):
                result.set_exception(error)
            return
        try:
            result.set_result(item)
        except InvalidStateError:
            discard(item)

    worker = Worker(run, "call")
    try:
        worker.start()
        worker.wait(watch)
    except BaseException:
        if not result.cancel() and result.exception() is None:
            discard(result.result())
        raise
    return result.result()


class ThreadGroup:
    """Worker threads with a shared stop event; the first exception stops the group.

    Methods are called by the thread that made the group. `stop` may be set from any thread.
    """

    def __init__(self, on_failure: Callable[[], None] = lambda: None) -> None:
        """Make an empty group.

        Args:
            on_failure: called once, in the thread that failed, after `stop` is set; for waking
                threads that block on something other than `stop`.
        """
        self.stop = threading.Event()
        self._on_failure = on_failure
        self._workers: dict[Worker, float] = {}  # with the patience of `join`, in seconds
        self._awaited: list[Worker] = []  # all workers except helpers
        self._failure: BaseException | None = None
        self._lock = threading.Lock()

    def start(
        self, name: str, work: Work, helper: bool = False, patience_s: float = math.inf
    ) -> None:
        """Start a new thread.

        Args:
            name: name of the thread.
            work: called once with `stop`; must return soon after `stop` is set.
            helper: True if `run` and `busy` need not wait until this thread ends by itself.
            patience_s: how long `join` waits for this thread, in seconds. A thread that blocks in a
                device or network is left behind then; it must release all that it owns itself.
        """
        worker = Worker(partial(self._guarded, work), name)
        self._workers[worker] = patience_s
        if not helper:
            self._awaited.append(worker)
        worker.start()

    @property
    def busy(self) -> bool:
        """Whether `stop` is not set and a thread other than a helper is still running."""
        return not self.stop.is_set() and not all(w.over for w in self._awaited)

    def run(self, works: Mapping[str, Work], watch: Callable[[], None] = lambda: None) -> None:
        """Start one thread per work, and block until all of them have ended.

        Args:
            works: thread bodies by thread name.
            watch: called every `WAIT_STEP_S` seconds in the calling thread; its exceptions stop
                the group and are raised.

        Raises:
            BaseException: as for `join`; also an exception that interrupts the calling thread,
                such as KeyboardInterrupt, once every thread has ended.
        """
        try:
            for name, work in works.items():
                self.start(name, work)
            for worker in self._awaited:
                worker.wait(watch)
        except BaseException as interruption:
            self._fail(interruption)
        self.join()

    def join(self) -> None:
        """Set `stop` and block until every thread has ended or its patience is over.

        Raises:
            BaseException: the first exception of a thread, with its own traceback; rather than
                that, SystemExit of a signal such as SIGTERM, which is not sent twice.
        """
        self.stop.set()
        for worker, patience_s in self._workers.items():
            try:  # recordings must be finished before their files are closed
                worker.outlast(patience_s)
            except SystemExit as error:
                self._fail(error)
        if self._failure is not None:
            raise self._failure

    def _guarded(self, work: Work) -> None:
        try:
            work(self.stop)
        except BaseException as error:
            self._fail(error)

    def _fail(self, error: BaseException) -> None:
        with self._lock:
            is_first = self._failure is None
            if is_first or isinstance(error, SystemExit):
                self._failure = error
        if is_first:
            self.stop.set()
            self._on_failure()
