"""Threads that end together."""

import threading
from collections.abc import Callable
from contextlib import suppress

JOIN_STEP_S = 0.1  # a join without an end would let no signal through


class Crew:
    """Runs functions on threads of their own; the first that fails stops all."""

    def __init__(self) -> None:
        self.stop = threading.Event()
        self._threads: list[threading.Thread] = []
        self._workers: list[threading.Thread] = []  # those of them that are no helpers
        self._failure: BaseException | None = None
        self._lock = threading.Lock()

    def start(
        self, name: str, work: Callable[[threading.Event], None], helper: bool = False
    ) -> None:
        """Run `work` on a thread; it must return soon after its event is set.

        Nobody waits for a helper to end by itself.
        """
        thread = threading.Thread(target=self._guarded, args=(work,), name=name, daemon=True)
        self._threads.append(thread)
        if not helper:
            self._workers.append(thread)
        thread.start()

    @property
    def busy(self) -> bool:
        """Whether somebody is still at work and nobody has said stop."""
        return not self.stop.is_set() and any(thread.is_alive() for thread in self._workers)

    def join(self) -> None:
        """Stop everybody and wait for them.

        Raises:
            BaseException: what the first failing thread raised.
        """
        self.stop.set()
        for thread in self._threads:
            while thread.is_alive():
                with suppress(KeyboardInterrupt):  # it is ending; a recording must be finished
                    thread.join(JOIN_STEP_S)
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
