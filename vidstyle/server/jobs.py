"""Job queue in SQLite: conversions waiting, at work and finished, across ends of the process.

A job is taken with a lease, which its worker renews; a job whose lease ran out, or whose server
was killed, waits again. The id of a job is the key of its result, so equal jobs are one.
"""

import json
import shutil
import sqlite3
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from vidstyle.server import limits
from vidstyle.server.changes import Changes
from vidstyle.server.database import Database
from vidstyle.server.job import CANCELLED, DONE, FAILED, QUEUED, RUNNING, STATES, Job, NewJob
from vidstyle.server.problems import Problem
from vidstyle.server.turns import Waiting, in_turn

LEASE_S = 30.0
ANNOUNCED_PLACES = 20  # of the queue; jobs further behind are told no changes of their place
AGAIN = "began again, a long film after its last finished part"  # end of a note
KEPT_DELETIONS = 1000  # that event streams can still be told


class JobStore:
    """Queue, running jobs and results of one server; callable from any thread."""

    def __init__(
        self,
        folder: Path,
        database: Database,
        changes: Changes,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Open the store; jobs that were at work when the last server ended wait again.

        Args:
            folder: of the results, one folder each; made if it is missing.
            database: holds the rest.
            changes: notified after each change.
            clock: time of day in seconds since 1970.
        """
        folder.mkdir(parents=True, exist_ok=True)
        self._folder, self._database, self._changes = folder, database, changes
        self._clock = clock
        with database.transaction() as rows:
            known = {row["id"] for row in rows.execute("SELECT id FROM jobs")}
        for entry in folder.iterdir():
            if entry.name not in known:
                shutil.rmtree(entry, ignore_errors=True)
        self.take_back(all_running=True)

    def folder(self, id: str) -> Path:
        """Folder of a job's result."""
        return self._folder / id

    def result_path(self, job: Job) -> Path:
        """File of a job's result, which is there when the job is done."""
        return self.folder(job.id) / f"result.{job.spec['format']}"

    def submit(self, new: NewJob) -> tuple[Job, bool]:
        """Put a job into the queue, unless there is one of the same id that is not over.

        Returns:
            The job, and whether it was put into the queue: one that is queued, at work or done is
            returned as it is, one that failed or was cancelled waits again.

        Raises:
            Problem: the queue is full (429).
        """
        found = self.find(new.id)
        if found is not None and found.state == DONE and not self.result_path(found).is_file():
            self.remove(found.id)
            found = None
        if found is not None and found.state in (FAILED, CANCELLED):
            return self.retry(found.id), True
        if found is not None:
            self.touch(found.id)
            return found, False
        now_s = self._clock()
        with self._database.transaction() as rows:
            (number,) = rows.execute(
                "SELECT count(*) FROM jobs WHERE state = ?", (QUEUED,)
            ).fetchone()
            if number >= limits.QUEUED_JOBS:
                raise Problem(429, f"{number} jobs wait. Try again later.", retry_after_s=60)
            created = rows.execute(
                "INSERT OR IGNORE INTO jobs (id, revision, state, client, lane, cost_s, upload,"
                " job, spec, created, queued, used)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    *(new.id, _next(rows), QUEUED, new.client, new.lane, new.cost_s),
                    *(new.upload, new.job, json.dumps(new.spec), now_s, now_s, now_s),
                ),
            ).rowcount
        self._changes.notify()
        return self.job(new.id), bool(created)

    def find(self, id: str) -> Job | None:
        """Job of an id; None if there is none."""
        with self._database.transaction() as rows:
            row = rows.execute("SELECT * FROM jobs WHERE id = ?", (id,)).fetchone()
            return None if row is None else _jobs(rows, [row])[0]

    def job(self, id: str) -> Job:
        """Job of an id.

        Raises:
            Problem: there is none (404).
        """
        job = self.find(id)
        if job is None:
            raise Problem(404, "There is no such job. It may have been deleted.")
        return job

    def jobs(self, most: int, before_s: float | None = None) -> tuple[list[Job], int]:
        """The newest jobs first, and the revision of this list.

        Args:
            most: number of jobs.
            before_s: only those created earlier, seconds since 1970.
        """
        with self._database.transaction() as rows:
            found = rows.execute(
                "SELECT * FROM jobs WHERE ?1 IS NULL OR created < ?1"
                " ORDER BY created DESC LIMIT ?2",
                (before_s, most),
            ).fetchall()
            (revision,) = rows.execute("SELECT revision FROM counter").fetchone()
            return _jobs(rows, found), revision

    def changed_since(self, revision: int) -> tuple[list[Job], list[tuple[int, str]]] | None:
        """Jobs changed and deleted after a revision, in order; None if that is not known any more.

        Returns:
            Jobs; revisions and ids of deleted ones.
        """
        with self._database.transaction() as rows:
            (newest,) = rows.execute("SELECT revision FROM counter").fetchone()
            (oldest,) = rows.execute("SELECT min(revision) FROM deleted_jobs").fetchone()
            (number,) = rows.execute("SELECT count(*) FROM deleted_jobs").fetchone()
            forgotten = number >= KEPT_DELETIONS and revision < oldest
            if revision > newest or (forgotten and revision > 0):
                return None
            changed = rows.execute(
                "SELECT * FROM jobs WHERE revision > ? ORDER BY revision", (revision,)
            ).fetchall()
            deleted = rows.execute(
                "SELECT revision, id FROM deleted_jobs WHERE revision > ? ORDER BY revision",
                (revision,),
            ).fetchall()
            return _jobs(rows, changed), [(row[0], row[1]) for row in deleted]

    def counts(self) -> dict[str, int]:
        """Number of jobs by state."""
        with self._database.transaction() as rows:
            found = rows.execute("SELECT state, count(*) FROM jobs GROUP BY state").fetchall()
        return dict.fromkeys(STATES, 0) | {row[0]: row[1] for row in found}

    def claim(self, lane: str) -> Job | None:
        """Take the next job of a lane, with a lease; None if none waits."""
        now_s = self._clock()
        with self._database.transaction() as rows:
            order = _order(rows, lane)
            if not order:
                return None
            rows.execute(
                "UPDATE jobs SET state = ?, started = ?, lease_until = ?, revision = ?,"
                " attempts = attempts + 1, progress = NULL, error = NULL WHERE id = ?",
                (RUNNING, now_s, now_s + LEASE_S, _next(rows), order[0]),
            )
            for id in order[1 : ANNOUNCED_PLACES + 1]:
                rows.execute("UPDATE jobs SET revision = ? WHERE id = ?", (_next(rows), id))
        self._changes.notify()
        return self.find(order[0])

    def renew(self, job: Job, progress: dict[str, Any] | None = None) -> bool:
        """Renew the lease of a job at work, with its progress; False if it was taken away."""
        lease = self._clock() + LEASE_S
        with self._database.transaction() as rows:
            if progress is None:
                changed = rows.execute(
                    f"UPDATE jobs SET lease_until = ? {OURS}", (lease, job.id, job.attempts)
                )
            else:
                changed = rows.execute(
                    f"UPDATE jobs SET lease_until = ?, progress = ?, revision = ? {OURS}",
                    (lease, json.dumps(progress), _next(rows), job.id, job.attempts),
                )
        if progress is not None:
            self._changes.notify()
        return changed.rowcount == 1

    def finish(self, job: Job, result: dict[str, Any]) -> bool:
        """Note the result of a job at work; False if it was taken away."""
        return self._end(job, DONE, "result", result)

    def fail(self, job: Job, problem: Problem) -> bool:
        """Note the error of a job at work; False if it was taken away."""
        return self._end(job, FAILED, "error", problem.document())

    def give_back(self, job: Job, note: str) -> None:
        """Put a job at work back into the queue after its process died; too often, it has failed.

        Args:
            job: as claimed.
            note: for the user.
        """
        if job.attempts >= self._most_attempts(job):
            detail = f"The conversion died {job.attempts} times. The file may be damaged."
            self.fail(job, Problem(415, detail))
            return
        with self._database.transaction() as rows:
            rows.execute(
                f"UPDATE jobs SET state = ?, note = ?, progress = NULL, revision = ? {OURS}",
                (QUEUED, note, _next(rows), job.id, job.attempts),
            )
        self._changes.notify()

    def _most_attempts(self, job: Job) -> int:
        """Attempts of a job until it has failed; a long film has more as it gets on."""
        parts = len(list(self.folder(job.id).glob("*.work/parts/[!.]*.part")))
        return limits.ATTEMPTS + min(parts, limits.ATTEMPTS_OF_PARTS)

    def take_back(self, *, all_running: bool = False) -> None:
        """Put jobs back into the queue whose lease ran out.

        Args:
            all_running: True at the start, when no worker is left: also before it ran out.
        """
        until = float("inf") if all_running else self._clock()
        with self._database.transaction() as rows:
            found = rows.execute(
                "SELECT * FROM jobs WHERE state = ? AND lease_until < ?", (RUNNING, until)
            ).fetchall()
            jobs = _jobs(rows, found)
        for job in jobs:
            self.give_back(job, f"The server was restarted; the conversion {AGAIN}.")

    def cancel(self, id: str) -> Job:
        """Cancel a job that waits or is at work.

        Raises:
            Problem: there is none (404), or it is over (409).
        """
        with self._database.transaction() as rows:
            changed = rows.execute(
                "UPDATE jobs SET state = ?, finished = ?, progress = NULL, revision = ?"
                " WHERE id = ? AND state IN (?, ?)",
                (CANCELLED, self._clock(), _next(rows), id, QUEUED, RUNNING),
            ).rowcount
        job = self.job(id)
        if not changed:
            raise Problem(409, f"The job is over: {job.state}.")
        self._changes.notify()
        return job

    def retry(self, id: str) -> Job:
        """Put a job that failed or was cancelled into the queue again.

        Raises:
            Problem: there is none (404), or it is in another state (409).
        """
        now_s = self._clock()
        with self._database.transaction() as rows:
            changed = rows.execute(
                "UPDATE jobs SET state = ?, queued = ?, used = ?, revision = ?, attempts = 0,"
                " started = NULL, finished = NULL, error = NULL, note = NULL"
                " WHERE id = ? AND state IN (?, ?)",
                (QUEUED, now_s, now_s, _next(rows), id, FAILED, CANCELLED),
            ).rowcount
        job = self.job(id)
        if not changed:
            raise Problem(409, f"The job is {job.state}. Only failed and cancelled ones go again.")
        self._changes.notify()
        return job

    def remove(self, id: str) -> None:
        """Delete a job and its result; one at work is cancelled.

        Raises:
            Problem: there is none (404), or another job needs its result (409).
        """
        self.job(id)
        with self._database.transaction() as rows:
            if _is_needed(rows, id):
                raise Problem(409, "Another job takes the result as its input. Cancel that first.")
            _delete(rows, id)
        shutil.rmtree(self.folder(id), ignore_errors=True)
        self._changes.notify()

    def touch(self, id: str) -> None:
        """Note that a result was used, which keeps it longer."""
        with self._database.transaction() as rows:
            rows.execute("UPDATE jobs SET used = ? WHERE id = ?", (self._clock(), id))

    def expire(self, keep_s: float, most_bytes: int) -> None:
        """Delete jobs that are over: unused for some time, and of the others the least used.

        Args:
            keep_s: time that a job is kept after its last use.
            most_bytes: of all results together.
        """
        with self._database.transaction() as rows:
            over = rows.execute(
                "SELECT id, used, result FROM jobs WHERE state IN (?, ?, ?) ORDER BY used DESC",
                (DONE, FAILED, CANCELLED),
            ).fetchall()
            gone, total = list[str](), 0
            for row in over:
                size = json.loads(row["result"])["bytes"] if row["result"] else 0
                old = row["used"] < self._clock() - keep_s
                if (old or total + size > most_bytes) and not _is_needed(rows, row["id"]):
                    gone.append(row["id"])
                else:
                    total += size
            for id in gone:
                _delete(rows, id)
        for id in gone:
            shutil.rmtree(self.folder(id), ignore_errors=True)
        if gone:
            self._changes.notify()

    def uses_style(self, id: str) -> bool:
        """Whether a job that waits or is at work is of a style."""
        with self._database.transaction() as rows:
            found = rows.execute(
                "SELECT 1 FROM jobs WHERE state IN (?, ?) AND instr(spec, ?)", (QUEUED, RUNNING, id)
            ).fetchone()
        return found is not None

    def _end(self, job: Job, state: str, column: str, value: dict[str, Any]) -> bool:
        now_s = self._clock()
        with self._database.transaction() as rows:
            changed = rows.execute(
                f"UPDATE jobs SET state = ?, {column} = ?, finished = ?, used = ?, revision = ?"
                f" {OURS}",
                (state, json.dumps(value), now_s, now_s, _next(rows), job.id, job.attempts),
            ).rowcount
        self._changes.notify()
        return changed == 1


# A job at work that no other worker has taken meanwhile; parameters: id, attempts.
OURS = f"WHERE id = ? AND attempts = ? AND state = '{RUNNING}'"


def _next(rows: sqlite3.Connection) -> int:
    """The next revision."""
    found = rows.execute("UPDATE counter SET revision = revision + 1 RETURNING revision")
    return int(found.fetchone()[0])


def _delete(rows: sqlite3.Connection, id: str) -> None:
    rows.execute("DELETE FROM jobs WHERE id = ?", (id,))
    rows.execute("INSERT INTO deleted_jobs VALUES (?, ?)", (id, _next(rows)))
    rows.execute(
        "DELETE FROM deleted_jobs WHERE revision NOT IN"
        " (SELECT revision FROM deleted_jobs ORDER BY revision DESC LIMIT ?)",
        (KEPT_DELETIONS,),
    )


def _is_needed(rows: sqlite3.Connection, id: str) -> bool:
    """Whether a job that waits or is at work takes a job's result as its input."""
    query = f"SELECT 1 FROM jobs WHERE job = ? AND state IN ('{QUEUED}', '{RUNNING}')"
    return rows.execute(query, (id,)).fetchone() is not None


def _order(rows: sqlite3.Connection, lane: str) -> list[str]:
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


def _jobs(rows: sqlite3.Connection, found: Sequence[sqlite3.Row]) -> list[Job]:
    """Jobs of rows, with the places of those that wait in the queue of their lane."""
    lanes = {row["lane"] for row in found if row["state"] == QUEUED}
    places = {id: place for lane in lanes for place, id in enumerate(_order(rows, lane))}
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
        progress=plain("progress"),
        note=row["note"],
        error=plain("error"),
        result=plain("result"),
        position=places.get(row["id"]),
    )
