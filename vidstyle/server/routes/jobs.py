"""Routes of the jobs: create, list, cancel, retry, delete, results and events."""

import asyncio
import math
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from vidstyle.server.events import STREAM_TYPE, EventFeed
from vidstyle.server.job import DONE, Job
from vidstyle.server.parameters import client_of, query_values, read_object
from vidstyle.server.problems import Problem
from vidstyle.server.ranges import file_answer
from vidstyle.server.safety import API
from vidstyle.server.service import service_of

ORDER = {
    "upload": str | None,
    "job": str | None,
    "options": dict | None,
    "format": str | None,
    "preview": bool | None,
}
STREAM_HEADERS = {"cache-control": "no-store", "x-accel-buffering": "no"}
JOBS_OF_A_LIST, MOST_OF_A_LIST = 50, 1000


async def create(request: Request) -> Response:
    """Put a job into the queue, or return the same one."""
    service, client = service_of(request), client_of(request)
    order = await read_object(request, ORDER)
    job, created = await asyncio.to_thread(service.submit, order, client)
    document = job.document()
    if job.state == DONE:
        document["result"]["cached"] = True
    return _answer(document, 201 if created else 200)


async def jobs(request: Request) -> Response:
    """The newest jobs first."""
    given = query_values(request.query_params, {"limit": int, "before": float})
    limit, before_s = given.get("limit", JOBS_OF_A_LIST), given.get("before")
    if not 1 <= limit <= MOST_OF_A_LIST:
        raise Problem(422, f"limit must be from 1 to {MOST_OF_A_LIST}.", ["limit"])
    if before_s is not None and not math.isfinite(before_s):
        raise Problem(422, "before must be a time in seconds.", ["before"])
    found, revision = await asyncio.to_thread(service_of(request).jobs.jobs, limit, before_s)
    return JSONResponse({"jobs": [job.document() for job in found], "revision": revision})


async def job(request: Request) -> Response:
    """One job."""
    return _answer((await _job(request)).document())


async def cancel(request: Request) -> Response:
    """End a job that waits or is at work."""
    found = await asyncio.to_thread(service_of(request).cancel, request.path_params["id"])
    return _answer(found.document())


async def retry(request: Request) -> Response:
    """Put a job that failed or was cancelled into the queue again."""
    found = await asyncio.to_thread(service_of(request).jobs.retry, request.path_params["id"])
    return _answer(found.document())


async def remove(request: Request) -> Response:
    """Delete a job and its result."""
    await asyncio.to_thread(service_of(request).remove_job, request.path_params["id"])
    return Response(status_code=204)


async def result(request: Request) -> Response:
    """The file of a job's result."""
    service, found = service_of(request), await _job(request)
    if found.state != DONE or found.result is None:
        raise Problem(409, f"The job is {found.state}, and has no result.")
    download = query_values(request.query_params, {"download": int}).get("download", 0)
    await asyncio.to_thread(service.jobs.touch, found.id)
    return file_answer(
        request,
        service.jobs.result_path(found),
        media_type=found.result["type"],
        digest=found.result["sha256"],
        name=found.spec["result_name"],
        save=bool(download),
    )


async def events(request: Request) -> Response:
    """Changes of all jobs, as they happen."""
    return _stream(request, None)


async def events_of_job(request: Request) -> Response:
    """Changes of one job, up to its last state."""
    return _stream(request, (await _job(request)).id)


def _stream(request: Request, id: str | None) -> Response:
    service = service_of(request)
    text = request.headers.get("last-event-id") or request.query_params.get("last_event_id", "0")
    if not (text.isascii() and text.isdecimal() and len(text) < 19):
        raise Problem(400, f'"{text[:80]}" is no id of an event.')
    if request.method == "HEAD":
        return Response(headers=STREAM_HEADERS, media_type=STREAM_TYPE)
    return EventResponse(service.events, int(text), id)


class EventResponse(StreamingResponse):
    """Answer that goes on as long as jobs change."""

    def __init__(self, feed: EventFeed, revision: int, id: str | None) -> None:
        stream = feed.follow(revision, id)
        super().__init__(stream, headers=STREAM_HEADERS, media_type=STREAM_TYPE)
        self._feed = feed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the events; raises a `Problem` if there are too many streams (503)."""
        with self._feed.room():
            await super().__call__(scope, receive, send)


async def _job(request: Request) -> Job:
    return await asyncio.to_thread(service_of(request).jobs.job, request.path_params["id"])


def _answer(document: dict[str, Any], status: int = 200) -> Response:
    headers = {"cache-control": "no-store", "location": f"{API}jobs/{document['id']}"}
    return JSONResponse(document, status, headers)


ROUTES = [
    Route(f"{API}jobs", jobs),
    Route(f"{API}jobs", create, methods=["POST"]),
    Route(f"{API}jobs/{{id}}", job),
    Route(f"{API}jobs/{{id}}", remove, methods=["DELETE"]),
    Route(f"{API}jobs/{{id}}/cancel", cancel, methods=["POST"]),
    Route(f"{API}jobs/{{id}}/retry", retry, methods=["POST"]),
    Route(f"{API}jobs/{{id}}/result", result),
    Route(f"{API}jobs/{{id}}/events", events_of_job),
    Route(f"{API}events", events),
]
