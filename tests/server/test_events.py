"""Event streams tell the present state first, then each change, and end with the server."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.server.test_jobs import new
from vidstyle.server import events as module
from vidstyle.server import limits
from vidstyle.server.changes import Changes
from vidstyle.server.database import Database
from vidstyle.server.events import EventFeed
from vidstyle.server.jobs import JobStore
from vidstyle.server.problems import Problem


@pytest.fixture
def changes() -> Changes:
    return Changes()


@pytest.fixture
def store(tmp_path: Path, changes: Changes) -> Iterator[JobStore]:
    database = Database(tmp_path / "a.sqlite")
    yield JobStore(tmp_path / "jobs", database, changes)
    database.close()


async def kind(stream: AsyncIterator[str]) -> str:
    """Id and kind of the next event."""
    event = await anext(stream)
    return " ".join(line.partition(": ")[2] for line in event.splitlines()[:2])


def test_changes_come_as_they_happen(store: JobStore, changes: Changes) -> None:
    async def follow() -> None:
        store.submit(new("a"))
        stream = EventFeed(store, changes).follow(0)
        assert (await anext(stream)).startswith(":")
        assert await kind(stream) == "1 job"
        waiting = asyncio.create_task(kind(stream))
        await asyncio.to_thread(store.remove, "a")
        assert await waiting == "2 deleted"
        changes.close()
        with pytest.raises(StopAsyncIteration):
            await anext(stream)

    asyncio.run(follow())


def test_the_stream_of_a_job_ends_with_it(store: JobStore, changes: Changes) -> None:
    async def follow() -> list[str]:
        store.submit(new("a"))
        store.submit(new("b"))
        store.cancel("a")
        return [event async for event in EventFeed(store, changes).follow(0, "a")]

    _, last = asyncio.run(follow())
    assert '"state": "cancelled"' in last


def test_a_quiet_stream_is_kept_alive(
    store: JobStore, changes: Changes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PING_EVERY_S", 0.0)

    async def follow() -> str:
        stream = EventFeed(store, changes).follow(0)
        await anext(stream)
        return await anext(stream)

    assert asyncio.run(follow()) == ": ping\n\n"


def test_streams_look_at_the_queue_together(
    store: JobStore, changes: Changes, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks, look = list[int](), store.changed_since

    def counted(revision: int) -> Any:
        looks.append(revision)
        return look(revision)

    monkeypatch.setattr(store, "changed_since", counted)

    async def follow() -> list[str]:
        store.submit(new("a"))
        feed = EventFeed(store, changes)
        streams = [feed.follow(0) for _ in range(5)]
        for stream in streams:
            await anext(stream)
        first = await asyncio.gather(*(kind(stream) for stream in streams))
        waiting = [asyncio.create_task(kind(stream)) for stream in streams]
        await asyncio.to_thread(store.cancel, "a")
        return [*first, *await asyncio.gather(*waiting)]

    assert asyncio.run(follow()) == ["1 job"] * 5 + ["2 job"] * 5
    assert looks == [0, 1]


def test_more_streams_than_there_may_be_are_refused(
    store: JobStore, changes: Changes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "EVENT_STREAMS", 1)
    feed = EventFeed(store, changes)
    with feed.room(), pytest.raises(Problem) as caught, feed.room():
        pass
    assert caught.value.status == 503
    with feed.room():
        pass
