"""Threads whose end can be waited for while signals come in."""

import threading
from collections.abc import Callable
from contextlib import suppress
from queue import Empty, SimpleQueue

WAIT_STEP_S = 0.1  # a wait without an end would let no signal through


class Worker(threading.Thread):
    """A daemon thread that says itself when its work is over.

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

    def wait(self) -> None:
        """Return when the thread has ended; lets exceptions of signal handlers through."""
        while not self.over:
            with suppress(Empty):
                self._ended.get(timeout=WAIT_STEP_S)
        self.join()

    def outlast(self) -> None:
        """Return when the thread has ended, or was never started; Ctrl-C is too late here."""
        while self.ident is not None and not self.over:
            with suppress(KeyboardInterrupt):
                self.wait()
