"""The dispatcher does each task once, whatever happens to workers."""

import itertools
from collections import deque
from collections.abc import Callable, Collection
from typing import Any

import pytest

from vidstyle.cluster.dispatch import (
    MAX_FAILURES,
    MAX_KILLS,
    DamagedResultError,
    Dispatcher,
    RefusedWorkerError,
)
from vidstyle.errors import ClusterError, SourceError


class Clock:
    """Time that passes by a second at each look."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        self.now_s += 1.0
        return self.now_s


class ToyWorkers:
    """`Workers` that do tasks at each roll call, unless they are told to hang or die."""

    def __init__(self, *names: str) -> None:
        self.there = list(names)
        self.refused = dict[str, BaseException]()
        self.hanging, self.dying = set[str](), set[str]()  # names of workers, of tasks
        self.results = dict[str, deque[Any]]()
        self.done = list[tuple[str, str]]()
        self.abandoned = list[str]()
        self._at_work = list[tuple[str, str, Callable[[], None], Callable[[Any], None]]]()
        self._born = 0

    def names(self) -> Collection[str]:
        work, self._at_work = self._at_work, []
        for worker, task, computed, received in work:
            if worker in self.hanging:
                self._at_work.append((worker, task, computed, received))
            elif task in self.dying:
                self._born += 1
                self.there[self.there.index(worker)] = f"new{self._born}"
            else:
                self.done.append((worker, task))
                computed()
                results = self.results.get(task)
                received(results.popleft() if results else f"{task} is done")
        return list(self.there)

    def admit(self, worker: str, answer: Callable[[BaseException | None], None]) -> None:
        answer(self.refused.get(worker))

    def submit(
        self,
        worker: str,
        task: Any,
        computed: Callable[[], None],
        received: Callable[[Any], None],
    ) -> Callable[[], None]:
        self._at_work.append((worker, task, computed, received))
        return lambda: self.abandoned.append(task)


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vidstyle.cluster.dispatch.TICK_S", 0.0)


def dispatched(workers: ToyWorkers, count: int) -> dict[str, Any]:
    results = dict[str, Any]()
    tasks = {f"task {n}": f"task {n}" for n in range(count)}

    def received(name: str, result: Any) -> None:
        assert name not in results
        if result == "damaged":
            raise DamagedResultError(name)
        results[name] = result

    Dispatcher(workers, clock=Clock()).run(tasks, received)
    assert results.keys() == tasks.keys()
    return results


def test_each_task_is_done_once_by_some_worker() -> None:
    workers = ToyWorkers("a", "b")
    assert dispatched(workers, 7)["task 3"] == "task 3 is done"
    assert sorted(task for _, task in workers.done) == [f"task {n}" for n in range(7)]
    assert {worker for worker, _ in workers.done} == {"a", "b"}


def test_the_task_of_a_lost_worker_is_done_again() -> None:
    workers = ToyWorkers("a", "b")
    workers.dying = {"task 1"}

    def revive(count: int) -> None:
        if count == 2 and "new1" in workers.there:
            workers.dying.clear()

    results = dict[str, Any]()
    tasks = {f"task {n}": f"task {n}" for n in range(4)}
    Dispatcher(workers, changed=revive, clock=Clock()).run(tasks, results.__setitem__)
    assert results.keys() == tasks.keys()
    assert len(workers.done) == 4


def test_a_task_that_ends_its_workers_ends_the_run_with_one_line() -> None:
    workers = ToyWorkers("a", "b")
    workers.dying = {"task 1"}
    with pytest.raises(ClusterError, match=f"task 1 ended {MAX_KILLS} workers") as caught:
        dispatched(workers, 4)
    assert "\n" not in str(caught.value)


def test_an_idle_worker_gets_a_copy_of_a_task_that_is_slow() -> None:
    workers = ToyWorkers("slow", "b")
    workers.hanging = {"slow"}
    assert len(dispatched(workers, 5)) == 5
    assert {worker for worker, _ in workers.done} == {"b"}
    assert workers.abandoned


def test_a_damaged_result_is_made_again() -> None:
    workers = ToyWorkers("a")
    workers.results["task 0"] = deque(["damaged"])
    assert dispatched(workers, 2)["task 0"] == "task 0 is done"


def test_a_task_that_fails_again_and_again_raises_its_error() -> None:
    workers = ToyWorkers("a", "b")
    workers.results["task 2"] = deque([SourceError("It is damaged.")] * MAX_FAILURES)
    with pytest.raises(SourceError, match=r"It is damaged\."):
        dispatched(workers, 3)


def test_an_error_that_is_not_ours_becomes_one_line() -> None:
    workers = ToyWorkers("a")
    workers.results["task 0"] = deque([ZeroDivisionError("by zero\nand more")] * MAX_FAILURES)
    with pytest.raises(ClusterError, match=r"A worker failed: ZeroDivisionError: by zero$"):
        dispatched(workers, 1)


def test_an_error_at_the_coordinator_ends_the_run_at_once() -> None:
    def full_disk(name: str, result: Any) -> None:
        raise OSError(28, "No space left on device")

    workers = ToyWorkers("a")
    with pytest.raises(ClusterError, match="No space left"):
        Dispatcher(workers, clock=Clock()).run({"x": "x", "y": "y"}, full_disk)
    assert workers.done == [("a", "x")]


def test_refused_workers_get_no_tasks() -> None:
    workers = ToyWorkers("old", "b")
    workers.refused["old"] = RefusedWorkerError("Worker old is refused: 0.1.")
    dispatched(workers, 3)
    assert {worker for worker, _ in workers.done} == {"b"}


def test_a_run_without_a_worker_that_fits_ends() -> None:
    workers = ToyWorkers("old")
    workers.refused["old"] = RefusedWorkerError("Worker old is refused: 0.1.")
    with pytest.raises(ClusterError, match=r"No worker fits: Worker old is refused: 0\.1\."):
        dispatched(workers, 3)


def test_a_run_without_workers_says_so_once_and_waits(caplog: pytest.LogCaptureFixture) -> None:
    workers, results, looks = ToyWorkers(), dict[str, Any](), itertools.count()

    def watch() -> None:
        if next(looks) == 30:
            workers.there.append("late")

    Dispatcher(workers, watch, clock=Clock()).run({"a": "a"}, results.__setitem__)
    assert results == {"a": "a is done"}
    assert caplog.messages == [
        "No worker is connected. Start some: vidstyle worker, docs/clusters.md."
    ]


def test_a_worker_that_was_lost_while_it_was_examined_is_examined_again() -> None:
    workers = ToyWorkers("a")
    workers.refused["a"] = TimeoutError("no answer")
    admit = workers.admit

    def admitted(worker: str, answer: Callable[[BaseException | None], None]) -> None:
        admit(worker, answer)
        workers.refused.clear()

    workers.admit = admitted  # type: ignore[method-assign]
    assert len(dispatched(workers, 2)) == 2
