"""A worker takes jobs until it is closed, and leaves the rest for the next start."""

import errno
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.server.running import TOY
from tests.server.test_jobs import claimed, new
from vidstyle.errors import StyleError
from vidstyle.server.changes import Changes
from vidstyle.server.database import Database
from vidstyle.server.job import FILMS, Job
from vidstyle.server.jobs import JobStore
from vidstyle.server.process import ConversionProcess
from vidstyle.server.worker import Worker


@pytest.fixture
def changes() -> Changes:
    return Changes()


@pytest.fixture
def store(tmp_path: Path, changes: Changes) -> Iterator[JobStore]:
    database = Database(tmp_path / "a.sqlite")
    yield JobStore(tmp_path / "jobs", database, changes)
    database.close()


def until(changes: Changes, holds: Callable[[], bool]) -> None:
    """Wait until something holds, looking after each change."""
    seen = changes.number
    while not holds():
        changes.wait(seen, 60)
        seen = changes.number


def test_a_job_at_work_waits_again_after_the_end(
    store: JobStore, changes: Changes, tmp_path: Path
) -> None:
    (tmp_path / "content").write_bytes(b"video slow")
    worker = Worker(FILMS, store, changes, request_for(tmp_path / "content"))
    worker.process = ConversionProcess(program=TOY)
    store.submit(new("a"))
    until(changes, lambda: store.job("a").progress is not None)
    worker.close()
    assert store.job("a").state == "running"  # as after a kill; the next start takes it back
    store.leases.take_back(all_running=True)
    assert store.job("a").state == "queued"


def test_an_interrupt_ends_the_work_of_its_own_lease_alone(
    store: JobStore, changes: Changes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vidstyle.server.worker.RENEW_EVERY_S", 1e9)  # which would kill it, too
    kills = list[bool]()

    class Watched(ConversionProcess):
        def kill(self) -> None:
            kills.append(worker._lock.locked())  # until then, no other job is taken up
            super().kill()

    (tmp_path / "content").write_bytes(b"video slow")
    earlier = claimed(store)
    store.cancel("a")
    worker = Worker(FILMS, store, changes, request_for(tmp_path / "content"))
    worker.process = Watched(program=TOY)
    store.retry("a")
    until(changes, lambda: store.job("a").progress is not None)
    worker.interrupt(earlier)
    assert not kills
    worker.interrupt(store.cancel("a"))
    worker.close()
    assert kills[0]
    assert store.job("a").state == "cancelled"


def test_a_worker_that_is_closed_starts_no_process(
    store: JobStore, changes: Changes, tmp_path: Path
) -> None:
    (tmp_path / "content").write_bytes(b"video")
    asked, closing = threading.Event(), threading.Event()

    def request_of(job: Job) -> dict[str, Any]:
        asked.set()
        assert closing.wait(60)
        return request_for(tmp_path / "content")(job)

    worker = Worker(FILMS, store, changes, request_of)
    worker.process = ConversionProcess(program=TOY)
    closer = threading.Thread(target=worker.close, daemon=True)
    store.submit(new("a"))
    try:
        assert asked.wait(60)
        seen = changes.number
        closer.start()
        changes.wait(seen, 60)  # for the process to have been told
    finally:
        closing.set()
        closer.join(60)
    assert store.job("a").state == "running"  # the next start takes it back


def test_a_style_that_is_gone_fails_the_job_and_not_the_worker(
    store: JobStore, changes: Changes, tmp_path: Path
) -> None:
    asked = threading.Event()

    def request_of(job: Job) -> dict[str, Any]:
        asked.set()
        raise StyleError("No style of that name.")

    worker = Worker(FILMS, store, changes, request_of)
    for id in ("a", "b"):
        store.submit(new(id))
    until(changes, lambda: store.counts()["failed"] == 2)
    worker.close()
    error = store.job("a").error
    assert asked.is_set()
    assert error is not None and error["detail"] == "No style of that name."
    assert not store.folder("a").exists()


def request_for(path: Path) -> Callable[[Job], dict[str, Any]]:
    return lambda job: {"operation": "convert", "input": str(path)}


@pytest.mark.logs_errors
def test_a_queue_that_cannot_be_written_does_not_end_the_worker(
    store: JobStore, changes: Changes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    claim, failed = store.leases.claim, threading.Event()

    def full_once(lane: str) -> Job | None:
        if not failed.is_set():
            failed.set()
            raise OSError(errno.ENOSPC, "No space left on device")
        return claim(lane)

    monkeypatch.setattr(store.leases, "claim", full_once)
    monkeypatch.setattr("vidstyle.server.worker.RETRY_S", 0.1)
    (tmp_path / "content").write_bytes(b"video")
    worker = Worker(FILMS, store, changes, request_for(tmp_path / "content"))
    worker.process = ConversionProcess(program=TOY)
    assert failed.wait(60)
    store.submit(new("a"))
    until(changes, lambda: store.job("a").state in ("done", "failed"))
    worker.close()
    assert store.job("a").attempts == 1
