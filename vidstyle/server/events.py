"""Server-sent events: the jobs that changed, from a revision on, for many streams at once."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from vidstyle.server import limits
from vidstyle.server.changes import Changes
from vidstyle.server.job import QUEUED, RUNNING
from vidstyle.server.jobs import JobStore
from vidstyle.server.problems import Problem

PING_EVERY_S = 15.0
STREAM_TYPE = "text/event-stream"


@dataclass(frozen=True, slots=True)
class Event:
    """Change of a job, as text for streams."""

    revision: int
    job: str  # id
    is_last: bool  # of the job
    text: str


class EventFeed:
    """Event streams of one server, which share their looks at the queue.

    Belongs to the event loop.
    """

    def __init__(self, jobs: JobStore, changes: Changes) -> None:
        """Create the feed.

        Args:
            jobs: the store.
            changes: of the store.
        """
        self._jobs, self._changes = jobs, changes
        self._streams = 0
        self._looks: dict[int, asyncio.Task[list[Event] | None]] = {}  # by the revision before
        self._looked_at = -1  # number of changes

    @contextmanager
    def room(self) -> Iterator[None]:
        """Hold room for a stream during the block.

        Raises:
            Problem: there is none (503).
        """
        if self._streams >= limits.EVENT_STREAMS:
            raise Problem(503, "Too many pages follow the queue. Try again soon.", retry_after_s=10)
        self._streams += 1
        try:
            yield
        finally:
            self._streams -= 1

    async def follow(self, revision: int, id: str | None = None) -> AsyncIterator[str]:
        """Yield events until the server ends, or the job's last state was told.

        Args:
            revision: the client knows the jobs up to it; 0 for none.
            id: of one job; None for all.
        """
        yield ": vidstyle\n\n"
        while not self._changes.is_closed:
            seen = self._changes.number
            events = await self._since(revision)
            if events is None:  # of another server, or from long ago
                yield _text("reset", {}, 0)
                revision = 0
                continue
            for event in events:
                revision = max(revision, event.revision)
                if id in (None, event.job):
                    yield event.text
                if id == event.job and event.is_last:
                    return
            await self._changes.wait_async(seen, PING_EVERY_S)
            if self._changes.number == seen:
                yield ": ping\n\n"

    async def _since(self, revision: int) -> list[Event] | None:
        """Events after a revision, in order; looks once between two changes."""
        if self._looked_at != self._changes.number:
            self._looks, self._looked_at = {}, self._changes.number
        if revision not in self._looks:
            look = asyncio.to_thread(_events, self._jobs, revision)
            self._looks[revision] = asyncio.create_task(look)
        return await asyncio.shield(self._looks[revision])


def _events(jobs: JobStore, revision: int) -> list[Event] | None:
    """Events after a revision, in order; None if that is not known any more."""
    found = jobs.changed_since(revision)
    if found is None:
        return None
    changed, deleted = found
    events = [
        Event(
            job.revision,
            job.id,
            job.state not in (QUEUED, RUNNING),
            _text("job", job.document(), job.revision),
        )
        for job in changed
    ]
    events += [
        Event(number, id, True, _text("deleted", {"id": id}, number)) for number, id in deleted
    ]
    return sorted(events, key=lambda event: event.revision)


def _text(kind: str, data: dict[str, Any], number: int) -> str:
    return f"id: {number}\nevent: {kind}\ndata: {json.dumps(data)}\n\n"
