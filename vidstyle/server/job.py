"""Job: a conversion as it is described to the queue, and as clients see it."""

from dataclasses import dataclass
from typing import Any, Final

QUEUED, RUNNING, DONE = "queued", "running", "done"
FAILED, CANCELLED = "failed", "cancelled"
STATES: Final = (QUEUED, RUNNING, DONE, FAILED, CANCELLED)
FILMS, QUICK = "films", "quick"  # lanes: photos and previews do not wait for films


@dataclass(frozen=True, slots=True)
class NewJob:
    """Description of a job to put into the queue."""

    id: str
    client: str
    lane: str
    cost_s: float  # estimated duration
    upload: str | None  # id of the input
    job: str | None  # id of the job whose result is the input, instead
    spec: dict[str, Any]  # "input", "options", "format", "preview", "command", "result_name"


@dataclass(frozen=True, slots=True)
class Job:
    """A job at one moment."""

    id: str
    revision: int
    state: str
    lane: str
    upload: str | None
    job: str | None
    spec: dict[str, Any]
    created: float  # times in seconds since 1970
    started: float | None
    finished: float | None
    attempts: int
    lease: int  # number of the last claim, which no other has; 0 before the first
    progress: dict[str, Any] | None
    note: str | None
    error: dict[str, Any] | None  # problem document
    result: dict[str, Any] | None
    position: int | None = None  # in the queue, from 0

    def document(self) -> dict[str, Any]:
        """The job as clients see it."""
        spec = self.spec
        return {
            "id": self.id,
            "revision": self.revision,
            "state": self.state,
            "input": {"upload": self.upload, "job": self.job, **spec["input"]},
            "options": spec["options"],
            "format": spec["format"],
            "preview": spec["preview"],
            "command": spec["command"],
            "created": self.created,
            "started": self.started,
            "finished": self.finished,
            "position": self.position,
            "attempts": self.attempts,
            "note": self.note,
            "progress": self.progress,
            "error": self.error,
            "result": None if self.result is None else self._result(self.result),
        }

    def _result(self, result: dict[str, Any]) -> dict[str, Any]:
        told = {name: value for name, value in result.items() if name != "sha256"}
        name = self.spec["result_name"]
        return {"name": name, **told, "url": f"/api/v1/jobs/{self.id}/result"}
