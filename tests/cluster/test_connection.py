"""Nothing leaves this machine unencrypted, and workers are examined before they work."""

import asyncio
import signal
import threading
from pathlib import Path
from typing import Any

import pytest

from vidstyle.cluster import preload
from vidstyle.cluster.connection import (
    CORES_VARIABLE,
    DaskWorkers,
    Question,
    connected,
    secured,
    worker_cores,
)
from vidstyle.cluster.dispatch import RefusedWorkerError
from vidstyle.cluster.keys import FOLDER_VARIABLE, make_keys
from vidstyle.cluster.shared_files import SharedFiles
from vidstyle.errors import ClusterError

pytest.importorskip("distributed")
pytest.importorskip("cryptography")


@pytest.fixture(autouse=True)
def no_keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Empty folder of keys."""
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path / "keys"))
    return tmp_path / "keys"


def test_other_machines_are_reached_with_keys_only(no_keys: Path) -> None:
    with pytest.raises(ClusterError, match="There are no keys"):
        secured("192.0.2.7:8786")
    make_keys(no_keys)
    address, security = secured("192.0.2.7:8786")
    assert address == "tls://192.0.2.7:8786"
    assert security.require_encryption
    with pytest.raises(ClusterError, match="would send everything unencrypted"):
        secured("tcp://192.0.2.7:8786")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]"])
def test_this_machine_needs_no_keys(host: str) -> None:
    assert secured(f"{host}:8786") == (f"tcp://{host}:8786", None)
    assert secured(f"tcp://{host}:8786") == (f"tcp://{host}:8786", None)


def test_a_missing_scheduler_file_is_named(tmp_path: Path) -> None:
    with (
        pytest.raises(ClusterError, match=r"There is no scheduler file .*none\.json"),
        connected(str(tmp_path / "none.json")),
    ):
        raise AssertionError


def test_cores_of_a_worker_come_from_its_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CORES_VARIABLE, "3")
    assert worker_cores() == 3
    monkeypatch.setenv(CORES_VARIABLE, "many")
    assert worker_cores() >= 1


class ToyFuture:
    """Future of Dask that is done."""

    def __init__(self, value: Any) -> None:
        self._value = value

    def result(self, timeout: float) -> Any:
        if isinstance(self._value, BaseException):
            raise self._value
        return self._value

    def release(self) -> None:
        """Do nothing."""

    def add_done_callback(self, done: Any) -> None:
        done(self)


class ToyClient:
    """Client of Dask that calls functions in this process."""

    def __init__(self) -> None:
        self.called = list[str]()

    def submit(self, function: Any, *arguments: Any, workers: list[str], **more: Any) -> ToyFuture:
        assert (len(workers), more["allow_other_workers"], more["retries"]) == (1, False, 0)
        self.called.append(function.__name__)
        given = [each._value if isinstance(each, ToyFuture) else each for each in arguments]
        try:
            return ToyFuture(function(*given))
        except Exception as error:
            return ToyFuture(error)

    def scatter(self, data: list[Any], **more: Any) -> list[ToyFuture]:
        return [ToyFuture(each) for each in data]


def fits(*given: Any) -> str | None:
    return None


def is_old(*given: Any) -> str | None:
    return "it has vidstyle 0.1, not 0.2."


def lacks_a_module(*given: Any) -> str | None:
    raise ModuleNotFoundError("No module named 'vidstyle.cluster'")


def admission(workers: DaskWorkers) -> BaseException | None:
    """Answer on a new worker."""
    answers, answered = list[BaseException | None](), threading.Event()

    def answer(error: BaseException | None) -> None:
        answers.append(error)
        answered.set()

    with workers:
        workers.admit("tls://10.0.0.2:1234", answer)
        assert answered.wait(60)
    return answers[0]


def test_a_worker_of_another_version_is_refused_by_name() -> None:
    for question, expected in ((is_old, "it has vidstyle 0.1"), (lacks_a_module, "another one")):
        client = ToyClient()
        error = admission(
            DaskWorkers(client, Question(question, ()), Question(fits, ()), SharedFiles([]))
        )
        assert isinstance(error, RefusedWorkerError)
        assert error.message.startswith("Worker tls://10.0.0.2:1234 is refused: ")
        assert expected in error.message
        assert client.called == [question.__name__]


def test_a_worker_without_the_file_gets_its_content(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copies, film = tmp_path / "copies", tmp_path / "film.mp4"
    film.write_bytes(b"a film")
    monkeypatch.setattr("vidstyle.cluster.shared_files.copies_folder", lambda: copies)
    shared = SharedFiles([film])
    film.touch()
    shared_file = shared.with_content(str(film))
    monkeypatch.setattr("vidstyle.cluster.shared_files.file_identity", lambda path: "another")
    workers = DaskWorkers(ToyClient(), Question(fits, ()), Question(fits, ()), shared)
    assert admission(workers) is None
    assert (copies / shared_file.content_name).read_bytes() == b"a film"


def test_tasks_get_the_shared_files_and_their_results_are_fetched(tmp_path: Path) -> None:
    results, fetched = list[Any](), threading.Event()

    def received(result: Any) -> None:
        results.append(result)
        fetched.set()

    with DaskWorkers(
        ToyClient(), Question(fits, ()), Question(fits, ()), SharedFiles([])
    ) as workers:
        workers.submit("a", (len_of, "abc"), lambda: results.append("free"), received)
        assert fetched.wait(60)
    assert results == ["free", (3, {})]


def test_a_result_that_is_lost_on_its_way_is_an_error_of_the_task() -> None:
    client, results, fetched = ToyClient(), list[Any](), threading.Event()
    client.submit = lambda *given, **more: ToyFuture(asyncio.CancelledError())  # type: ignore[method-assign]

    def received(result: Any) -> None:
        results.append(result)
        fetched.set()

    with DaskWorkers(client, Question(fits, ()), Question(fits, ()), SharedFiles([])) as workers:
        workers.submit("a", (len_of, "abc"), lambda: None, received)
        assert fetched.wait(60)
    assert isinstance(results[0], ConnectionError)


def test_worker_processes_leave_interrupts_to_their_parent() -> None:
    before = signal.getsignal(signal.SIGINT)
    try:
        preload.dask_setup(None)
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)


def len_of(text: str, files: Any) -> tuple[int, Any]:
    return len(text), files
