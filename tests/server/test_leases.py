"""A job is one worker's as long as that renews its lease, and waits again after that."""

from pathlib import Path

from tests.server.conftest import Clock
from tests.server.test_jobs import RESULT, claimed, new
from vidstyle.server import limits
from vidstyle.server.changes import Changes
from vidstyle.server.database import Database
from vidstyle.server.job import FILMS, QUICK, Job
from vidstyle.server.jobs import JobStore
from vidstyle.server.leases import LEASE_S


def test_a_job_goes_to_one_worker_of_its_lane(store: JobStore) -> None:
    store.submit(new("film"))
    store.submit(new("photo", QUICK))
    quick = store.leases.claim(QUICK)
    assert quick is not None and quick.id == "photo" and quick.attempts == 1
    assert store.leases.claim(QUICK) is None
    film = store.leases.claim(FILMS)
    assert film is not None and film.id == "film"


def test_a_killed_server_takes_its_jobs_up_again(
    store: JobStore, database: Database, tmp_path: Path
) -> None:
    job = claimed(store)
    store.submit(new("b"))
    stray = tmp_path / "jobs" / "stray"
    stray.mkdir()
    restarted = JobStore(tmp_path / "jobs", database, Changes())
    found = restarted.job("a")
    assert (found.state, found.attempts) == ("queued", 1)
    assert found.note is not None and "began again" in found.note
    assert restarted.job("b").state == "queued"
    assert not stray.exists()
    assert not restarted.leases.finish(job, RESULT)  # of a worker that was thought dead
    again = restarted.leases.claim(FILMS)
    assert again is not None and (again.id, again.attempts) == ("a", 2)


def test_a_job_that_died_too_often_has_failed(store: JobStore) -> None:
    for attempt in range(limits.ATTEMPTS):
        job = claimed(store)
        assert job.attempts == attempt + 1
        store.leases.give_back(job, "again")
    failed = store.job("a")
    assert failed.state == "failed"
    assert failed.error is not None and "died 3 times" in failed.error["detail"]
    assert store.retry("a").attempts == 0


def test_a_job_that_gets_on_may_die_more_often(store: JobStore) -> None:
    parts = store.folder("a") / "result.mp4.work" / "parts"
    parts.mkdir(parents=True)
    for number in range(2):
        (parts / f"{number}.part").touch()
    for _ in range(limits.ATTEMPTS + 2):
        assert store.find("a") is None or store.job("a").state == "queued"
        store.leases.give_back(claimed(store), "again")
    assert store.job("a").state == "failed"


def test_a_job_that_is_taken_anew_is_not_the_old_workers(store: JobStore) -> None:
    old = claimed(store)
    store.cancel("a")
    store.retry("a")
    retried = store.leases.claim(FILMS)
    assert retried is not None and retried.attempts == old.attempts
    assert_taken_away(store, old)
    store.remove("a")
    again = claimed(store)
    for job in (old, retried):
        assert_taken_away(store, job)
    assert store.leases.finish(again, RESULT)


def assert_taken_away(store: JobStore, job: Job) -> None:
    assert not store.leases.renew(job, {"frames": 3})
    assert not store.leases.finish(job, RESULT)
    store.leases.give_back(job, "again")
    found = store.job("a")
    assert (found.state, found.progress) == ("running", None)


def test_a_lease_that_ran_out_is_taken_back(store: JobStore, clock: Clock) -> None:
    job = claimed(store)
    clock.now_s += LEASE_S - 1
    assert store.leases.renew(job, {"frames": 3})
    clock.now_s += LEASE_S - 1
    store.leases.take_back()
    assert store.job("a").progress == {"frames": 3}
    clock.now_s += 2
    store.leases.take_back()
    assert store.job("a").state == "queued"
    assert not store.leases.renew(job)
