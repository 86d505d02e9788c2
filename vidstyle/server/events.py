"""Server-sent events: the jobs that changed, from a revision on."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

from vidstyle.server.changes import Changes
from vidstyle.server.job import QUEUED, RUNNING
from vidstyle.server.jobs import JobStore

PING_EVERY_S = 15.0
STREAM_TYPE = "text/event-stream"


async def job_events(
    jobs: JobStore, changes: Changes, revision: int, id: str | None = None
) -> AsyncIterator[str]:
    """Yield events until the server ends, or the job's last state was told.

    Args:
        jobs: the store.
        changes: of the store.
        revision: the client knows the jobs up to it; 0 for none.
        id: of one job; None for all.
    """
    yield ": vidstyle\n\n"
    while not changes.is_closed:
        seen = changes.number
        found = await asyncio.to_thread(jobs.changed_since, revision)
        if found is None:  # of another server, or from long ago
            yield _event("reset", {}, 0)
            revision = 0
            continue
        told = list(_told(*found, id))
        for number, kind, data in told:
            yield _event(kind, data, number)
        revision = max([revision, *(number for number, _, _ in told)])
        if id is not None and any(_is_last(kind, data) for _, kind, data in told):
            return
        await changes.wait_async(seen, PING_EVERY_S)
        if changes.number == seen:
            yield ": ping\n\n"


def _told(
    changed: list[Any], deleted: list[tuple[int, str]], only: str | None
) -> Iterator[tuple[int, str, dict[str, Any]]]:
    """Yield revision, kind and data of events, in order."""
    events = [(job.revision, "job", job.document()) for job in changed]
    events += [(revision, "deleted", {"id": id}) for revision, id in deleted]
    for event in sorted(events, key=lambda event: event[0]):
        if only is None or event[2]["id"] == only:
            yield event


def _is_last(kind: str, data: dict[str, Any]) -> bool:
    return kind == "deleted" or data["state"] not in (QUEUED, RUNNING)


def _event(kind: str, data: dict[str, Any], number: int) -> str:
    return f"id: {number}\nevent: {kind}\ndata: {json.dumps(data)}\n\n"
