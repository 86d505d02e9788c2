"""The queue keeps its jobs across the end of the server, and gives each to one worker."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.server.conftest import Clock
from vidstyle.server import limits
from vidstyle.server.job import FILMS, Job, NewJob
from vidstyle.server.jobs import JobStore
from vidstyle.server.problems import Problem

SPEC: dict[str, Any] = {
    "input": {"name": "a.mp4", "kind": "video"},
    "options": {"style": "udnie"},
    "format": "mp4",
    "preview": False,
    "type": "video/mp4",
    "command": "vidstyle a.mp4",
    "result_name": "a.udnie.mp4",
}
RESULT = {"bytes": 100, "sha256": "0", "type": "video/mp4"}


def new(id: str, lane: str = FILMS, client: str = "me", job: str | None = None) -> NewJob:
    return NewJob(id, client, lane, 1.0, None if job else "u", job, SPEC)


def claimed(store: JobStore, id: str = "a") -> Job:
    store.submit(new(id))
    job = store.leases.claim(FILMS)
    assert job is not None and job.id == id
    return job


def finished(store: JobStore, id: str) -> Job:
    """A job with a result file."""
    job = claimed(store, id)
    store.folder(id).mkdir()
    store.result_path(job).write_bytes(bytes(100))
    assert store.leases.finish(job, RESULT)
    return store.job(id)


def test_equal_jobs_are_one(store: JobStore) -> None:
    first, created = store.submit(new("a"))
    again, created_again = store.submit(new("a", client="other"))
    assert (created, created_again) == (True, False)
    assert first == again
    assert store.counts()["queued"] == 1


def test_a_result_is_given_again_without_work(store: JobStore) -> None:
    done = finished(store, "a")
    assert store.submit(new("a")) == (done, False)
    store.result_path(done).unlink()
    job, created = store.submit(new("a"))
    assert created and job.state == "queued"


def test_places_in_the_queue_are_told(store: JobStore) -> None:
    for id in "abc":
        store.submit(new(id))
    assert [store.job(id).position for id in "abc"] == [0, 1, 2]
    revision = store.jobs(1)[1]
    store.leases.claim(FILMS)
    found = store.changed_since(revision)
    assert found is not None
    assert [(job.id, job.position) for job in found[0]] == [("a", None), ("b", 0), ("c", 1)]


def test_cancel_retry_and_delete_fit_the_state(store: JobStore) -> None:
    job = claimed(store)
    raise_conflict(store.retry, "a")
    assert store.cancel("a").state == "cancelled"
    assert not store.leases.renew(job) and not store.leases.finish(job, RESULT)
    raise_conflict(store.cancel, "a")
    assert store.retry("a").state == "queued"
    store.remove("a")
    with pytest.raises(Problem) as caught:
        store.cancel("a")
    assert caught.value.status == 404


def test_an_input_of_another_job_stays(store: JobStore) -> None:
    finished(store, "a")
    store.submit(new("b", job="a"))
    raise_conflict(store.remove, "a")
    store.cancel("b")
    store.remove("a")


def test_old_and_least_used_results_go_first(store: JobStore, clock: Clock) -> None:
    for id in "abcd":
        finished(store, id)
        clock.now_s += 10
    store.touch("a")
    store.expire(keep_s=25, most_bytes=200)  # b was used 30 s ago; c is the least used
    assert [job.id for job in store.jobs(9)[0]] == ["d", "a"]
    assert not store.folder("b").exists() and not store.folder("c").exists()
    assert store.folder("a").exists()


def removed(store: JobStore) -> None:
    store.remove("a")


def expired(store: JobStore) -> None:
    store.cancel("a")
    store.expire(keep_s=-1, most_bytes=0)


def cancelled(store: JobStore) -> None:
    store.leases.clean_up(store.cancel("a"))


@pytest.mark.parametrize("end", [removed, expired, cancelled])
def test_a_job_that_begins_anew_keeps_its_files_while_old_ones_are_deleted(
    store: JobStore, monkeypatch: pytest.MonkeyPatch, end: Callable[[JobStore], None]
) -> None:
    file, rmtree = store.result_path(claimed(store)), shutil.rmtree
    file.parent.mkdir()
    file.write_bytes(b"old")

    def begin_anew_and_delete(folder: Path, *, ignore_errors: bool) -> None:
        claimed(store)
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(b"new")
        rmtree(folder, ignore_errors=ignore_errors)

    monkeypatch.setattr(shutil, "rmtree", begin_anew_and_delete)
    end(store)
    assert file.read_bytes() == b"new"
    assert [folder.name for folder in file.parents[1].iterdir()] == ["a"]


def test_changes_are_told_from_a_revision_on(store: JobStore) -> None:
    store.submit(new("a"))
    store.submit(new("b"))
    revision = store.jobs(9)[1]
    assert store.changed_since(revision) == ([], [])
    store.remove("a")
    store.cancel("b")
    found = store.changed_since(revision)
    assert found is not None
    assert [job.id for job in found[0]] == ["b"]
    assert [id for _, id in found[1]] == ["a"]
    assert store.changed_since(revision + 100) is None  # of another database


def test_a_full_queue_refuses(store: JobStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "QUEUED_JOBS", 1)
    store.submit(new("a"))
    with pytest.raises(Problem) as caught:
        store.submit(new("b"))
    assert caught.value.status == 429


def raise_conflict(action: Any, id: str) -> None:
    with pytest.raises(Problem) as caught:
        action(id)
    assert caught.value.status == 409
