"""Task dispatcher: hands tasks to workers, again after a loss, and twice where one is slow.

One task at a time for each worker. The next one is handed out before the result is fetched, so that
a worker computes while its last result travels.
"""

import logging
import queue
import statistics
import time
from collections import Counter, deque
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from vidstyle.errors import ClusterError, VidstyleError, reason

log = logging.getLogger(__name__)

MAX_KILLS = 3  # of workers by one task
MAX_FAILURES = 3  # of one task, each with an exception
SLOW = 2.0  # of the median time of a task, after which an idle worker gets a copy of it
MIN_SLOW_S = 5.0
TICK_S = 0.1  # between calls of the watch
ROLL_CALL_S = 0.5  # between looks at the list of workers
NO_WORKER_S = 10.0  # without any, until that is said


class RefusedWorkerError(VidstyleError):
    """A worker is no match for this run; the message names it."""


class DamagedResultError(VidstyleError):
    """A result that arrived otherwise than it was sent."""


class Workers(Protocol):
    """Workers of a cluster; its methods are called by one thread, and return at once."""

    def names(self) -> Collection[str]:
        """Names of the workers that are connected now; one that was restarted has another name."""

    def admit(self, worker: str, answer: Callable[[BaseException | None], None]) -> None:
        """Examine a new worker and send it the files it needs.

        Args:
            worker: its name.
            answer: called from any thread, with the error if it is refused.
        """

    def submit(
        self,
        worker: str,
        task: Any,
        computed: Callable[[], None],
        received: Callable[[Any], None],
    ) -> Callable[[], None]:
        """Start a task, and return a function that abandons it.

        Args:
            worker: admitted.
            task: of `run`.
            computed: called from any thread when the worker is free again.
            received: called from any thread after that, with the result or an exception.
        """


@dataclass(eq=False)
class _Attempt:
    """Task at work on a worker, or on its way from there."""

    name: str
    worker: str
    begun_s: float
    abandon: Callable[[], None] = lambda: None
    is_computed: bool = False


class Dispatcher:
    """Dispatcher of independent tasks; belongs to one thread."""

    def __init__(
        self,
        workers: Workers,
        watch: Callable[[], None] = lambda: None,
        changed: Callable[[int], None] = lambda count: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Make a dispatcher.

        Args:
            workers: of the cluster; they may come and go during the run.
            watch: called regularly; its exceptions end the run.
            changed: called with the number of admitted workers when it changes.
            clock: monotonic time in seconds.
        """
        self._workers, self._watch, self._changed, self._clock = workers, watch, changed, clock
        self._events = queue.SimpleQueue[Callable[[], None]]()
        self._ready: dict[str, _Attempt | None] = {}  # admitted workers, with the task at work
        self._examined = set[str]()
        self._refused = dict[str, str]()
        self._seen_s = -ROLL_CALL_S
        self._begun_s = clock()
        self._had_workers = False  # or was told that there are none
        self._kills, self._failures = Counter[str](), Counter[str]()
        self._attempts = list[_Attempt]()
        self._waiting = deque[str]()
        self._left = set[str]()
        self._times_s = list[float]()
        self._failed: BaseException | None = None

    def run(self, tasks: Mapping[str, Any], received: Callable[[str, Any], None]) -> None:
        """Run all tasks.

        Args:
            tasks: by name, in the order to begin them.
            received: called in the calling thread with each result, once for each task. It raises
                `DamagedResultError` to have the task done again.

        Raises:
            ClusterError: a task killed `MAX_KILLS` workers, or all workers were refused.
            BaseException: of a task that failed `MAX_FAILURES` times, `received` or `watch`.
        """
        self._waiting, self._left = deque(tasks), set(tasks)
        try:
            while self._left:
                self._watch()
                self._call_roll()
                self._hand_out(tasks, received)
                self._handle_events()
        finally:
            for attempt in self._attempts:
                attempt.abandon()

    def _handle_events(self) -> None:
        """Handle what has happened, waiting for something for `TICK_S`."""
        try:
            self._events.get(timeout=TICK_S)()
            while True:
                self._events.get_nowait()()
        except queue.Empty:
            pass
        if self._failed is not None:
            raise self._failed

    def _call_roll(self) -> None:
        """Take up new workers, and tasks of lost ones."""
        if self._clock() - self._seen_s < ROLL_CALL_S:
            return
        self._seen_s, names = self._clock(), set(self._workers.names())
        if not names and not self._had_workers and self._seen_s - self._begun_s > NO_WORKER_S:
            log.warning("No worker is connected. Start some: vidstyle worker, docs/clusters.md.")
        self._had_workers |= bool(names) or self._seen_s - self._begun_s > NO_WORKER_S
        for lost in self._ready.keys() - names:
            attempt = self._ready.pop(lost)
            self._changed(len(self._ready))
            if attempt is not None and attempt.name in self._left:
                self._note_kill(attempt.name)
        for attempt in [each for each in self._attempts if each.worker not in names]:
            self._give_up(attempt)
        for new in names - self._examined:
            self._examined.add(new)
            self._workers.admit(new, self._answer_of(new))
        if names and names <= self._refused.keys():
            raise ClusterError(f"No worker fits: {next(iter(self._refused.values()))}")

    def _note_kill(self, name: str) -> None:
        self._kills[name] += 1
        if self._kills[name] >= MAX_KILLS:
            raise ClusterError(
                f"{name} ended {MAX_KILLS} workers, one after another. Their logs may say why; "
                "memory may have run out."
            )

    def _answer_of(self, worker: str) -> Callable[[BaseException | None], None]:
        def admitted(error: BaseException | None) -> None:
            if error is None:
                self._ready[worker] = None
                self._changed(len(self._ready))
            elif isinstance(error, RefusedWorkerError):
                self._refused[worker] = error.message
            else:  # it was lost, or the connection was: it is examined again if it is there
                self._examined.discard(worker)

        return lambda error: self._events.put(lambda: admitted(error))

    def _hand_out(self, tasks: Mapping[str, Any], received: Callable[[str, Any], None]) -> None:
        for worker, attempt in list(self._ready.items()):
            if attempt is None:
                name = self._next()
                if name is None:
                    return
                self._begin(name, worker, tasks[name], received)

    def _next(self) -> str | None:
        """Name of the next task, or of one that is slow; None where all are at work."""
        if self._waiting:
            return self._waiting.popleft()
        usual_s = statistics.median(self._times_s) if self._times_s else MIN_SLOW_S
        slow_s = self._clock() - max(MIN_SLOW_S, SLOW * usual_s)
        copies = Counter(attempt.name for attempt in self._attempts)
        for attempt in self._attempts:  # the oldest first
            if attempt.begun_s < slow_s and copies[attempt.name] == 1:
                return attempt.name
        return None

    def _begin(
        self, name: str, worker: str, task: Any, received: Callable[[str, Any], None]
    ) -> None:
        attempt = _Attempt(name, worker, self._clock())
        self._attempts.append(attempt)
        self._ready[worker] = attempt
        attempt.abandon = self._workers.submit(
            worker,
            task,
            lambda: self._events.put(lambda: self._computed(attempt)),
            lambda result: self._events.put(lambda: self._received(attempt, result, received)),
        )

    def _computed(self, attempt: _Attempt) -> None:
        """Note that the worker is free."""
        if not attempt.is_computed and self._ready.get(attempt.worker) is attempt:
            self._ready[attempt.worker] = None
            self._times_s.append(self._clock() - attempt.begun_s)
        attempt.is_computed = True

    def _received(
        self, attempt: _Attempt, result: Any, received: Callable[[str, Any], None]
    ) -> None:
        self._computed(attempt)
        if attempt not in self._attempts:
            return
        try:
            if isinstance(result, BaseException):
                raise result
            if attempt.name in self._left:
                received(attempt.name, result)
        except Exception as error:
            self._note_failure(attempt, error, isinstance(result, BaseException))
            return
        self._left.discard(attempt.name)
        for copy in [each for each in self._attempts if each.name == attempt.name]:
            self._drop(copy)

    def _note_failure(self, attempt: _Attempt, error: Exception, of_worker: bool) -> None:
        """Do a failed task again, or end the run with its error."""
        self._failures[attempt.name] += 1
        is_passing = of_worker or isinstance(error, DamagedResultError)
        if not is_passing or self._failures[attempt.name] >= MAX_FAILURES:
            self._failed = error if isinstance(error, VidstyleError) else _as_one_line(error)
        self._give_up(attempt)

    def _give_up(self, attempt: _Attempt) -> None:
        """Drop an attempt, and do its task again unless a copy is at work."""
        self._drop(attempt)
        name = attempt.name
        if name in self._left and all(each.name != name for each in self._attempts):
            self._waiting.appendleft(name)

    def _drop(self, attempt: _Attempt) -> None:
        self._attempts.remove(attempt)
        if self._ready.get(attempt.worker) is attempt:
            self._ready[attempt.worker] = None
        attempt.abandon()


def _as_one_line(error: Exception) -> ClusterError:
    return ClusterError(f"A worker failed: {type(error).__name__}: {reason(error)}")
