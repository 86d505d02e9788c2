"""Thread group: worker threads that stop together; the first exception ends all of them."""

import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from queue import Empty, SimpleQueue

WAIT_STEP_S = 0.05  # a wait without an end would let no signal through

Work = Callable[[threading.Event], None]


class Worker(threading.Thread):
    """Daemon thread that reports its own end.

    `Thread.join` and `is_alive` cannot be asked while it runs: up to Python 3.12, an exception
    that a signal handler raises inside of them, such as KeyboardInterrupt, marks the running
    thread as ended. One Ctrl-C in seventy then closed files that were still being read.
    """

    def __init__(self, work: Callable[[], None], name: str) -> None:
        super().__init__(name=name, daemon=True)
        self._work = work
        self._ended: SimpleQueue[None] = SimpleQueue()  # unlike Event, not harmed by exceptions
        self.over = False

    def run(self) -> None:
        try:
            self._work()
        finally:
            self.over = True
            self._ended.put(None)

    def wait(self, watch: Callable[[], None] = lambda: None) -> None:
        """Return when the thread has ended; lets exceptions of signal handlers through.

        Args:
            watch: called every `WAIT_STEP_S` in the waiting thread; its exceptions pass too.
        """
        while not self.over:
            watch()
            with suppress(Empty):
                self._ended.get(timeout=WAIT_STEP_S)
        self.join()

    def outlast(self) -> None:
        """Return when the thread has ended, or was never started; Ctrl-C is too late here."""
        while self.ident is not None and not self.over:
            with suppress(KeyboardInterrupt):
                self.wait()


class ThreadGroup:
    """Runs functions on threads of their own; the first exception stops the group.

    Belongs to the thread that made it. `stop` may be set from any thread.
    """

    def __init__(self, on_failure: Callable[[], None] = lambda: None) -> None:
        """Make an empty group.

        Args:
            on_failure: called once, in the thread that failed, after `stop` is set; wakes up
                threads that wait for something other than `stop`.
        """
        self.stop = threading.Event()
        self._on_failure = on_failure
        self._workers: list[Worker] = []
        self._awaited: list[Worker] = []  # all but the helpers
        self._failure: BaseException | None = None
        self._lock = threading.Lock()

    def start(self, name: str, work: Work, helper: bool = False) -> None:
        """Run `work` on a new thread.

        Args:
            name: of the thread.
            work: gets `stop`, and must return soon after it is set.
            helper: `run` and `busy` do not wait for it to end by itself.
        """
        worker = Worker(partial(self._guarded, work), name)
        self._workers.append(worker)
        if not helper:
            self._awaited.append(worker)
        worker.start()

    @property
    def busy(self) -> bool:
        """Whether a thread that is no helper still runs and `stop` is not set."""
        return not self.stop.is_set() and not all(w.over for w in self._awaited)

    def run(self, works: Mapping[str, Work], watch: Callable[[], None] = lambda: None) -> None:
        """Start a thread for each work, by name, and wait until all of them have ended.

        Args:
            works: by the names of their threads.
            watch: called every `WAIT_STEP_S` in the calling thread; what it raises ends the
                group like an interruption.

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
        """Set `stop` and wait for every thread, helpers too.

        Raises:
            BaseException: of the first thread that failed, with its own traceback.
        """
        self.stop.set()
        for worker in self._workers:
            worker.outlast()  # a recording must be finished, and files are about to be closed
        if self._failure is not None:
            raise self._failure

    def _guarded(self, work: Work) -> None:
        try:
            work(self.stop)
        except BaseException as error:
            self._fail(error)

    def _fail(self, error: BaseException) -> None:
        with self._lock:
            if self._failure is not None:
                return
            self._failure = error
        self.stop.set()
        self._on_failure()
