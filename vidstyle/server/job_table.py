"""Table of jobs: its rows as jobs, their revisions, and the order of those that wait.

The functions belong into a transaction of the database, whose connection they take.
"""

import json
import secrets
import sqlite3
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from vidstyle.server.changes import Changes
from vidstyle.server.database import Database
from vidstyle.server.job import QUEUED, RUNNING, Job
from vidstyle.server.turns import Waiting, in_turn

KEPT_DELETIONS = 1000  # that event streams can still be told


class JobQueue:
    """Base class of the two sides of the queue: clients' and workers'."""

    def __init__(
        self,
        folder: Path,
        database: Database,
        changes: Changes,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Keep the parts that both sides share.

        Args:
            folder: of the results, one folder each.
            database: holds the rest.
            changes: notified after each change.
            clock: time of day in seconds since 1970.
        """
        self._folder, self._database, self._changes = folder, database, changes
        self._clock = clock

    def _set_aside(self, id: str) -> Path:
        """Rename a job's folder for its deletion; return the new path.

        The lock of the database is held from the transaction that ends the job to this renaming:
        the same job may begin anew right after it, in a folder of the old name.
        """
        aside = self._folder / f".{secrets.token_hex(8)}"
        with suppress(OSError):  # there is none, or a file in it is open on Windows
            (self._folder / id).rename(aside)
        return aside


def next_revision(rows: sqlite3.Connection) -> int:
    """The next revision."""
    found = rows.execute("UPDATE counter SET revision = revision + 1 RETURNING revision")
    return int(found.fetchone()[0])


def delete_job(rows: sqlite3.Connection, id: str) -> None:
    """Delete a job's row, and keep its id for event streams."""
    rows.execute("DELETE FROM jobs WHERE id = ?", (id,))
    rows.execute("INSERT INTO deleted_jobs VALUES (?, ?)", (id, next_revision(rows)))
    rows.execute(
        "DELETE FROM deleted_jobs WHERE revision NOT IN"
        " (SELECT revision FROM deleted_jobs ORDER BY revision DESC LIMIT ?)",
        (KEPT_DELETIONS,),
    )


def is_forgotten(rows: sqlite3.Connection, revision: int) -> bool:
    """Whether deletions after a revision are not known any more, or it is of another database."""
    (newest,) = rows.execute("SELECT revision FROM counter").fetchone()
    (oldest,) = rows.execute("SELECT min(revision) FROM deleted_jobs").fetchone()
    (number,) = rows.execute("SELECT count(*) FROM deleted_jobs").fetchone()
    forgotten = number >= KEPT_DELETIONS and revision < oldest
    return revision > newest or (forgotten and revision > 0)


def is_needed(rows: sqlite3.Connection, id: str) -> bool:
    """Whether a job that waits or is at work takes a job's result as its input."""
    query = f"SELECT 1 FROM jobs WHERE job = ? AND state IN ('{QUEUED}', '{RUNNING}')"
    return rows.execute(query, (id,)).fetchone() is not None


def waiting_order(rows: sqlite3.Connection, lane: str) -> list[str]:
    """Ids of the waiting jobs of a lane, in order."""
    found = rows.execute(
        "SELECT id, client, queued, cost_s FROM jobs WHERE state = ? AND lane = ?", (QUEUED, lane)
    ).fetchall()
    starts = rows.execute(
        "SELECT client, max(started) FROM jobs WHERE lane = ? AND started IS NOT NULL"
        " GROUP BY client",
        (lane,),
    ).fetchall()
    return in_turn([Waiting(*row) for row in found], {row[0]: row[1] for row in starts})


def find_job(rows: sqlite3.Connection, id: str) -> Job | None:
    """Job of an id; None if there is none."""
    row = rows.execute("SELECT * FROM jobs WHERE id = ?", (id,)).fetchone()
    return None if row is None else jobs_of(rows, [row])[0]


def jobs_of(rows: sqlite3.Connection, found: Sequence[sqlite3.Row]) -> list[Job]:
    """Jobs of rows, with the places of those that wait in the queue of their lane."""
    lanes = {row["lane"] for row in found if row["state"] == QUEUED}
    places = {id: place for lane in lanes for place, id in enumerate(waiting_order(rows, lane))}
    return [_job(row, places) for row in found]


def _job(row: sqlite3.Row, places: dict[str, int]) -> Job:
    def plain(column: str) -> Any:
        return None if row[column] is None else json.loads(row[column])

    return Job(
        id=row["id"],
        revision=row["revision"],
        state=row["state"],
        lane=row["lane"],
        upload=row["upload"],
        job=row["job"],
        spec=plain("spec"),
        created=row["created"],
        started=row["started"],
        finished=row["finished"],
        attempts=row["attempts"],
        lease=row["lease"],
        progress=plain("progress"),
        note=row["note"],
        error=plain("error"),
        result=plain("result"),
        position=places.get(row["id"]),
    )
