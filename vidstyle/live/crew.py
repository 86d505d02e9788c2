"""Threads that end together."""

import threading
from collections.abc import Callable
from functools import partial

from vidstyle.threads import Worker


class Crew:
    """Runs functions on threads of their own; the first that fails stops all."""

    def __init__(self) -> None:
        self.stop = threading.Event()
        self._workers: list[Worker] = []
        self._awaited: list[Worker] = []  # those of them that are no helpers
        self._failure: BaseException | None = None
        self._lock = threading.Lock()

    def start(
        self, name: str, work: Callable[[threading.Event], None], helper: bool = False
    ) -> None:
        """Run `work` on a thread; it must return soon after its event is set.

        Nobody waits for a helper to end by itself.
        """
        worker = Worker(partial(self._guarded, work), name)
        self._workers.append(worker)
        if not helper:
            self._awaited.append(worker)
        worker.start()

    @property
    def busy(self) -> bool:
        """Whether somebody is still at work and nobody has said stop."""
        return not self.stop.is_set() and not all(w.over for w in self._awaited)

    def join(self) -> None:
        """Stop everybody and wait for them.

        Raises:
            BaseException: what the first failing thread raised.
        """
        self.stop.set()
        for worker in self._workers:
            worker.outlast()  # a recording must be finished
        if self._failure is not None:
            raise self._failure

    def _guarded(self, work: Callable[[threading.Event], None]) -> None:
        try:
            work(self.stop)
        except BaseException as error:
            with self._lock:
                if self._failure is None:
                    self._failure = error
            self.stop.set()
