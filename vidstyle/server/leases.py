"""Leases of jobs: a worker takes a job for some time, renews the lease, and ends the job.

A job whose lease ran out, or whose server was killed, waits again.
"""

import json
import shutil
from typing import Any

from vidstyle.server import limits
from vidstyle.server.job import CANCELLED, DONE, FAILED, QUEUED, RUNNING, Job
from vidstyle.server.job_table import JobQueue, find_job, jobs_of, next_revision, waiting_order
from vidstyle.server.problems import Problem

LEASE_S = 30.0
ANNOUNCED_PLACES = 20  # of the queue; jobs further behind are told no changes of their place
AGAIN = "began again, a long film after its last finished part"  # end of a note
# A job at work that no other worker has taken meanwhile; parameters: id, lease.
OURS = f"WHERE id = ? AND lease = ? AND state = '{RUNNING}'"


class JobLeases(JobQueue):
    """Workers' side of the job queue; callable from any thread."""

    def claim(self, lane: str) -> Job | None:
        """Take the next job of a lane, with a lease; None if none waits."""
        now_s = self._clock()
        with self._database.transaction() as rows:
            order = waiting_order(rows, lane)
            if not order:
                return None
            revision = next_revision(rows)
            rows.execute(
                "UPDATE jobs SET state = ?, started = ?, lease_until = ?, revision = ?, lease = ?,"
                " attempts = attempts + 1, progress = NULL, error = NULL WHERE id = ?",
                (RUNNING, now_s, now_s + LEASE_S, revision, revision, order[0]),
            )
            for id in order[1 : ANNOUNCED_PLACES + 1]:
                rows.execute("UPDATE jobs SET revision = ? WHERE id = ?", (next_revision(rows), id))
            job = find_job(rows, order[0])
        self._changes.notify()
        return job

    def renew(self, job: Job, progress: dict[str, Any] | None = None) -> bool:
        """Renew the lease of a job at work, with its progress; False if it was taken away."""
        lease = self._clock() + LEASE_S
        with self._database.transaction() as rows:
            if progress is None:
                changed = rows.execute(
                    f"UPDATE jobs SET lease_until = ? {OURS}", (lease, job.id, job.lease)
                )
            else:
                changed = rows.execute(
                    f"UPDATE jobs SET lease_until = ?, progress = ?, revision = ? {OURS}",
                    (lease, json.dumps(progress), next_revision(rows), job.id, job.lease),
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
                (QUEUED, note, next_revision(rows), job.id, job.lease),
            )
        self._changes.notify()

    def clean_up(self, job: Job) -> None:
        """Delete the files of a job that is not done, but for work that can go on."""
        with self._database.lock:
            with self._database.transaction() as rows:
                found = find_job(rows, job.id)
            if found is not None and found.state not in (FAILED, CANCELLED):
                return
            aside = self._set_aside(job.id)
        shutil.rmtree(aside, ignore_errors=True)

    def _most_attempts(self, job: Job) -> int:
        """Attempts of a job until it has failed; a long film has more as it gets on."""
        parts = len(list((self._folder / job.id).glob("*.work/parts/[!.]*.part")))
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
            jobs = jobs_of(rows, found)
        for job in jobs:
            self.give_back(job, f"The server was restarted; the conversion {AGAIN}.")

    def _end(self, job: Job, state: str, column: str, value: dict[str, Any]) -> bool:
        now_s = self._clock()
        with self._database.transaction() as rows:
            changed = rows.execute(
                f"UPDATE jobs SET state = ?, {column} = ?, finished = ?, used = ?, revision = ?"
                f" {OURS}",
                (state, json.dumps(value), now_s, now_s, next_revision(rows), job.id, job.lease),
            ).rowcount
        self._changes.notify()
        return changed == 1
