"""Job queue in SQLite: conversions waiting, at work and finished, across ends of the process.

The id of a job is the key of its result, so equal jobs are one. Clients use `JobStore`, workers its
`leases`.
"""

import json
import shutil
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

from vidstyle.server import limits
from vidstyle.server.changes import Changes
from vidstyle.server.database import Database
from vidstyle.server.job import CANCELLED, DONE, FAILED, QUEUED, RUNNING, STATES, Job, NewJob
from vidstyle.server.job_table import (
    JobQueue,
    delete_job,
    find_job,
    is_forgotten,
    is_needed,
    jobs_of,
    next_revision,
)
from vidstyle.server.leases import JobLeases
from vidstyle.server.problems import Problem


class JobStore(JobQueue):
    """Queue, running jobs and results of one server; callable from any thread."""

    def __init__(
        self,
        folder: Path,
        database: Database,
        changes: Changes,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Open the store; jobs that were at work when the last server ended wait again.

        The folder of the results is made if it is missing. Arguments as for `JobQueue`.
        """
        super().__init__(folder, database, changes, clock)
        folder.mkdir(parents=True, exist_ok=True)
        with database.transaction() as rows:
            known = {row["id"] for row in rows.execute("SELECT id FROM jobs")}
        for entry in folder.iterdir():
            if entry.name not in known:
                shutil.rmtree(entry, ignore_errors=True)
        self.leases = JobLeases(folder, database, changes, clock)
        self.leases.take_back(all_running=True)

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
        if found is not None and self._is_lost(found):
            self.remove(found.id)
            found = None
        if found is None:
            created = self._insert(new)
            return self.job(new.id), created
        if found.state in (FAILED, CANCELLED):
            return self.retry(found.id), True
        self.touch(found.id)
        return found, False

    def _is_lost(self, job: Job) -> bool:
        return job.state == DONE and not self.result_path(job).is_file()

    def _insert(self, new: NewJob) -> bool:
        """Insert a job that waits; False if another request was faster."""
        now_s = self._clock()
        with self._database.transaction() as rows:
            (number,) = rows.execute(
                "SELECT count(*) FROM jobs WHERE state = ?", (QUEUED,)
            ).fetchone()
            if number >= limits.QUEUED_JOBS:
                raise Problem(429, f"{number} jobs wait. Try again later.", retry_after_s=60)
            values = {
                "id": new.id,
                "revision": next_revision(rows),
                "state": QUEUED,
                "client": new.client,
                "lane": new.lane,
                "cost_s": new.cost_s,
                "upload": new.upload,
                "job": new.job,
                "spec": json.dumps(new.spec),
                "created": now_s,
                "queued": now_s,
                "used": now_s,
            }
            columns, marks = ", ".join(values), ", ".join(f":{name}" for name in values)
            created = rows.execute(
                f"INSERT OR IGNORE INTO jobs ({columns}) VALUES ({marks})", values
            ).rowcount
        self._changes.notify()
        return bool(created)

    def find(self, id: str) -> Job | None:
        """Job of an id; None if there is none."""
        with self._database.transaction() as rows:
            return find_job(rows, id)

    def job(self, id: str) -> Job:
        """Job of an id.

        Raises:
            Problem: there is none (404).
        """
        with self._database.transaction() as rows:
            return _job(rows, id)

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
            return jobs_of(rows, found), revision

    def changed_since(self, revision: int) -> tuple[list[Job], list[tuple[int, str]]] | None:
        """Jobs changed and deleted after a revision, in order; None if that is not known any more.

        Returns:
            Jobs; revisions and ids of deleted ones.
        """
        with self._database.transaction() as rows:
            if is_forgotten(rows, revision):
                return None
            changed = rows.execute(
                "SELECT * FROM jobs WHERE revision > ? ORDER BY revision", (revision,)
            ).fetchall()
            deleted = rows.execute(
                "SELECT revision, id FROM deleted_jobs WHERE revision > ? ORDER BY revision",
                (revision,),
            ).fetchall()
            return jobs_of(rows, changed), [(row[0], row[1]) for row in deleted]

    def counts(self) -> dict[str, int]:
        """Number of jobs by state."""
        with self._database.transaction() as rows:
            found = rows.execute("SELECT state, count(*) FROM jobs GROUP BY state").fetchall()
        return dict.fromkeys(STATES, 0) | {row[0]: row[1] for row in found}

    def cancel(self, id: str) -> Job:
        """Cancel a job that waits or is at work.

        Raises:
            Problem: there is none (404), or it is over (409).
        """
        with self._database.transaction() as rows:
            changed = rows.execute(
                "UPDATE jobs SET state = ?, finished = ?, progress = NULL, revision = ?"
                " WHERE id = ? AND state IN (?, ?)",
                (CANCELLED, self._clock(), next_revision(rows), id, QUEUED, RUNNING),
            ).rowcount
            job = _job(rows, id)
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
                (QUEUED, now_s, now_s, next_revision(rows), id, FAILED, CANCELLED),
            ).rowcount
            job = _job(rows, id)  # before a worker takes it
            if not changed:
                raise Problem(
                    409, f"The job is {job.state}. Only failed and cancelled ones go again."
                )
        self._changes.notify()
        return job

    def remove(self, id: str) -> Job:
        """Delete a job and its result; one at work is cancelled.

        Returns:
            The job as it was.

        Raises:
            Problem: there is none (404), or another job needs its result (409).
        """
        with self._database.lock:
            with self._database.transaction() as rows:
                job = _job(rows, id)
                if is_needed(rows, id):
                    detail = "Another job takes the result as its input. Cancel that first."
                    raise Problem(409, detail)
                delete_job(rows, id)
            aside = self._set_aside(id)
        shutil.rmtree(aside, ignore_errors=True)
        self._changes.notify()
        return job

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
        with self._database.lock:
            with self._database.transaction() as rows:
                gone = self._unused(rows, keep_s, most_bytes)
                for id in gone:
                    delete_job(rows, id)
            asides = [self._set_aside(id) for id in gone]
        for aside in asides:
            shutil.rmtree(aside, ignore_errors=True)
        if gone:
            self._changes.notify()

    def _unused(self, rows: sqlite3.Connection, keep_s: float, most_bytes: int) -> list[str]:
        """Ids of the jobs to delete; arguments of `expire`."""
        over = rows.execute(
            "SELECT id, used, result FROM jobs WHERE state IN (?, ?, ?) ORDER BY used DESC",
            (DONE, FAILED, CANCELLED),
        ).fetchall()
        gone, total = list[str](), 0
        for row in over:
            size = json.loads(row["result"])["bytes"] if row["result"] else 0
            old = row["used"] < self._clock() - keep_s
            if (old or total + size > most_bytes) and not is_needed(rows, row["id"]):
                gone.append(row["id"])
            else:
                total += size
        return gone

    def uses_style(self, id: str) -> bool:
        """Whether a job that waits or is at work is of a style."""
        with self._database.transaction() as rows:
            found = rows.execute(
                "SELECT 1 FROM jobs WHERE state IN (?, ?) AND instr(spec, ?)", (QUEUED, RUNNING, id)
            ).fetchone()
        return found is not None


def _job(rows: sqlite3.Connection, id: str) -> Job:
    job = find_job(rows, id)
    if job is None:
        raise Problem(404, "There is no such job. It may have been deleted.")
    return job
