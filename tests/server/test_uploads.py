"""Uploads are received once, in order, within their limits, and deleted when they are old."""

import shutil
from pathlib import Path

import pytest

from tests.server.conftest import Clock
from vidstyle.server import limits
from vidstyle.server.changes import Changes
from vidstyle.server.database import Database
from vidstyle.server.job import FILMS, NewJob
from vidstyle.server.jobs import JobStore
from vidstyle.server.problems import Problem
from vidstyle.server.uploads import UploadStore

MEDIA = {"kind": "photo", "width": 4, "height": 3}


@pytest.fixture
def store(tmp_path: Path, database: Database, clock: Clock) -> UploadStore:
    return UploadStore(tmp_path / "uploads", database, 1000, clock)


def status(problem: pytest.ExceptionInfo[Problem]) -> int:
    return problem.value.status


def receive(store: UploadStore, id: str, offset: int | None, part: bytes) -> int:
    """Receive a part; returns the bytes that are missing after it."""
    with store.receiving(id, offset) as receiver:
        receiver.write(part)
    return receiver.left


def test_content_is_received_part_by_part(store: UploadStore) -> None:
    id = store.create("a.MP4", 10).id
    assert receive(store, id, 0, b"01234") == 5
    with pytest.raises(Problem) as caught:
        receive(store, id, 4, b"x")
    assert status(caught) == 409 and "has 5 bytes" in caught.value.detail
    assert receive(store, id, 5, b"56789") == 0
    upload = store.complete(id, MEDIA)
    assert upload.path.read_bytes() == b"0123456789"
    assert upload.path.suffix == ".mp4"
    assert upload.document()["state"] == "complete"
    with pytest.raises(Problem) as caught:
        receive(store, id, None, b"again")
    assert status(caught) == 409


def test_it_can_start_over(store: UploadStore) -> None:
    id = store.create("a", 4).id
    receive(store, id, 0, b"abc")
    assert receive(store, id, None, b"wxyz") == 0
    assert store.upload(id).path.read_bytes() == b"wxyz"


def test_more_than_announced_is_refused(store: UploadStore) -> None:
    id = store.create("a", 4).id
    with pytest.raises(Problem) as caught:
        receive(store, id, 0, b"abcde")
    assert status(caught) == 413
    assert store.upload(id).received == 0


def test_one_request_sends_at_a_time(store: UploadStore) -> None:
    id = store.create("a", 4).id
    with store.receiving(id, 0), pytest.raises(Problem) as caught, store.receiving(id, 0):
        pass
    assert status(caught) == 409
    assert receive(store, id, 0, b"ab") == 2


@pytest.mark.parametrize(("size", "expected"), [(0, 422), (-5, 422), (1001, 413)])
def test_sizes_have_limits(store: UploadStore, size: int, expected: int) -> None:
    with pytest.raises(Problem) as caught:
        store.create("a", size)
    assert status(caught) == expected


def test_a_full_disk_is_said_before_and_within(
    store: UploadStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    id = store.create("a", 4).id
    usage = shutil.disk_usage("/")._replace(free=limits.FREE_BYTES + 1)
    monkeypatch.setattr("shutil.disk_usage", lambda path: usage)
    for action in (lambda: store.create("b", 2), lambda: receive(store, id, 0, b"ab")):
        with pytest.raises(Problem) as caught:
            action()
        assert status(caught) == 507


def test_too_many_open_uploads_are_refused(
    store: UploadStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "OPEN_UPLOADS", 1)
    store.complete(filled(store), MEDIA)
    store.create("b", 1)
    with pytest.raises(Problem) as caught:
        store.create("c", 1)
    assert status(caught) == 429


def test_names_never_become_paths(store: UploadStore, tmp_path: Path) -> None:
    for name in ("../../x.mp4", "a.mp4/../..", "con.exe", ".htaccess"):
        upload = store.create(name, 1)
        assert upload.path.parent.parent == tmp_path / "uploads"
        assert upload.path.name in ("content", "content.mp4")


def test_old_uploads_go_unless_a_job_needs_them(
    store: UploadStore, database: Database, clock: Clock, tmp_path: Path
) -> None:
    needed, old = filled(store), filled(store)
    jobs = JobStore(tmp_path / "jobs", database, Changes(), clock)
    jobs.submit(NewJob("j", "me", FILMS, 1, needed, None, {}))
    with pytest.raises(Problem) as caught:
        store.remove(needed)
    assert status(caught) == 409
    clock.now_s += 100
    fresh = filled(store)
    store.expire(50)
    assert {upload.id for upload in store.uploads()} == {needed, fresh}
    assert not (tmp_path / "uploads" / old).exists()


def test_after_a_restart_all_is_there_and_strays_are_gone(
    store: UploadStore, database: Database, tmp_path: Path
) -> None:
    id = store.create("a", 10).id
    receive(store, id, 0, b"0123")
    (tmp_path / "uploads" / "stray").mkdir()
    again = UploadStore(tmp_path / "uploads", database, 1000)
    assert again.upload(id).received == 4
    assert receive(again, id, 4, b"456789") == 0
    assert not (tmp_path / "uploads" / "stray").exists()


def filled(store: UploadStore) -> str:
    id = store.create("a", 1).id
    receive(store, id, 0, b"x")
    return id
