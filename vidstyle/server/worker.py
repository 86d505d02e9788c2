"""Worker: a thread that takes jobs of one lane, and converts them in a process of its own."""

import logging
import threading
import time
from collections.abc import Callable
from typing import Any

from vidstyle.errors import reason
from vidstyle.media.file_identity import content_digest
from vidstyle.server import limits
from vidstyle.server.changes import Changes
from vidstyle.server.job import Job
from vidstyle.server.jobs import JobStore
from vidstyle.server.leases import AGAIN
from vidstyle.server.problems import problem_of
from vidstyle.server.process import ConversionProcess, ProcessDied

log = logging.getLogger(__name__)

NICENESS = 10  # of conversions: the machine, the page and live viewers go first
WAIT_S = 1.0  # between looks at the queue without a change of it
RETRY_S = 10.0  # after an error of the queue itself, if nothing changes
RENEW_EVERY_S = 5.0  # of the lease, while there is no progress
JOBS_OF_A_PROCESS = 200  # then a fresh one takes over


class Worker:
    """Works off one lane of the queue until it is closed."""

    def __init__(
        self,
        lane: str,
        jobs: JobStore,
        changes: Changes,
        request_of: Callable[[Job], dict[str, Any]],
    ) -> None:
        """Start the thread.

        Args:
            lane: of the queue.
            jobs: the queue.
            changes: of the queue.
            request_of: makes the request of a job for the conversion process; raises a `Problem`
                if its input is gone.
        """
        self._lane, self._jobs, self._changes = lane, jobs, changes
        self._request_of = request_of
        self.process = ConversionProcess(NICENESS)
        self._stopping = False
        self._lock = threading.Lock()  # of the current job, held while its process is killed
        self._current: Job | None = None
        self._thread = threading.Thread(target=self._run, name=f"worker-{lane}")
        self._thread.start()

    def close(self) -> None:
        """End the thread and its process; a job at work goes on at the next start."""
        self._stopping = True
        self.process.stop()
        self._changes.notify()
        self._thread.join()

    def interrupt(self, job: Job) -> None:
        """End the process if it works on a job by the same lease, after it was cancelled."""
        with self._lock:
            if self._current is not None and self._current.lease == job.lease:
                self.process.kill()

    def _run(self) -> None:
        """Work until the end, also after an error of the queue itself, as of a full disk."""
        while not self._stopping:
            try:
                self._work_off()
            except Exception as error:
                log.error(
                    "The queue cannot be read or written (%s); it is tried again.",
                    reason(error),
                    exc_info=not isinstance(error, OSError),
                )
                self._changes.wait(self._changes.number, RETRY_S)
        self.process.close()

    def _work_off(self) -> None:
        """Take jobs until the end."""
        done, idle_since_s = 0, time.monotonic()
        while not self._stopping:
            seen = self._changes.number
            job = self._jobs.leases.claim(self._lane)
            if job is not None:
                self._work(job)
                done, idle_since_s = done + 1, time.monotonic()
                if done % JOBS_OF_A_PROCESS == 0:
                    self.process.close()
                continue
            if time.monotonic() - idle_since_s > limits.IDLE_PROCESS_S:
                self.process.close()
            self._changes.wait(seen, WAIT_S)

    def _work(self, job: Job) -> None:
        self._take_up(job)
        try:
            self._jobs.leases.finish(job, self._converted(job))
        except ProcessDied as death:
            if not self._stopping and self._jobs.leases.renew(job):  # else it was cancelled
                log.warning("The conversion of job %s died (%s).", job.id, death)
                self._jobs.leases.give_back(job, f"The conversion died, and {AGAIN}.")
        except Exception as error:
            problem = problem_of(error)
            if problem.status == 500:
                log.exception("Job %s failed.", job.id)
            self._jobs.leases.fail(job, problem)
        finally:
            self._take_up(None)
            self._jobs.leases.clean_up(job)

    def _take_up(self, job: Job | None) -> None:
        with self._lock:
            self._current = job

    def _converted(self, job: Job) -> dict[str, Any]:
        """Convert, and return the facts about the result with its digest."""
        path = self._jobs.result_path(job)
        path.parent.mkdir(parents=True, exist_ok=True)
        renewed_s = time.monotonic()

        def progress(state: dict[str, Any]) -> None:
            nonlocal renewed_s
            renewed_s = time.monotonic()
            self._keep(job, state)

        def tick() -> None:
            nonlocal renewed_s
            if time.monotonic() - renewed_s > RENEW_EVERY_S:
                renewed_s = time.monotonic()
                self._keep(job)

        request = self._request_of(job) | {"output": str(path)}
        limit_s = limits.JOB_SECONDS + limits.PROBE_SECONDS
        facts = self.process.ask(request, limit_s, progress, tick)
        return facts | {"type": job.spec["type"], "sha256": content_digest(path)}

    def _keep(self, job: Job, progress: dict[str, Any] | None = None) -> None:
        if not self._jobs.leases.renew(job, progress):  # cancelled before the process had it
            self.process.kill()
