"""Deleted jobs are told to event streams for some time, and are forgotten after that."""

import pytest

from tests.server.test_jobs import new
from vidstyle.server import job_table as module
from vidstyle.server.jobs import JobStore


def test_deletions_of_long_ago_are_forgotten(
    store: JobStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "KEPT_DELETIONS", 2)
    store.submit(new("z"))
    revision = store.jobs(1)[1]
    for id in "abc":
        store.submit(new(id))
        store.remove(id)
    assert store.changed_since(revision) is None
    found = store.changed_since(0)
    assert found is not None and [job.id for job in found[0]] == ["z"]
