"""Problem documents (RFC 9457): errors as JSON, in the words of the command line."""

import errno
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from vidstyle.errors import (
    Cure,
    MissingExtraError,
    OptionError,
    SourceError,
    VidstyleError,
    machine_limit,
)

log = logging.getLogger(__name__)

PROBLEM_TYPE = "application/problem+json"
FULL_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
WORDS = {
    404: "There is nothing at this address.",
    405: "This address does not have that method.",
}


@dataclass(eq=False)
class Problem(Exception):  # noqa: N818 - the word of RFC 9457
    """Answer from 400 up: status, and one or two sentences for the user."""

    status: int
    detail: str
    settings: Sequence[str] = ()  # names of the options at fault
    cures: Sequence[Cure] = ()  # settings to try again with; None stands for "choose a value"
    retry_after_s: int | None = None

    def document(self) -> dict[str, Any]:
        """The problem as plain data."""
        return {
            "type": "about:blank",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": self.detail,
            "settings": list(self.settings),
            "cures": [_plain(cure) for cure in self.cures],
        }

    def response(self) -> Response:
        """The problem as an answer."""
        headers = {"cache-control": "no-store"}
        if self.retry_after_s is not None:
            headers["retry-after"] = str(self.retry_after_s)
        if self.status == 401:
            headers["www-authenticate"] = "Bearer"
        return JSONResponse(self.document(), self.status, headers, PROBLEM_TYPE)


def problem_of(error: BaseException, names: Mapping[str, str] | None = None) -> Problem:
    """Translate an error of the library into a problem.

    Args:
        error: any exception.
        names: labels to put in place of paths in the message, by path.
    """
    if isinstance(error, Problem):
        return error
    if isinstance(error, VidstyleError):
        settings = error.settings if isinstance(error, OptionError) else ()
        return Problem(_status(error), _renamed(error.message, names), settings, error.cures)
    if isinstance(error, OSError) and error.errno in FULL_DISK:
        return Problem(507, "The disk of the server is full. Delete results or uploads.")
    limit = machine_limit(error)
    if limit is not None:
        return Problem(503, _renamed(limit, names), retry_after_s=10)
    kind, text = type(error).__name__, str(error).strip() or "no message"
    return Problem(500, f"Unexpected {kind}: {_renamed(text, names)}. This is a bug.")


def from_document(document: Mapping[str, Any]) -> Problem:
    """Problem of a document, as stored with a job or sent by a conversion process."""
    return Problem(document["status"], document["detail"], document["settings"], document["cures"])


async def answer_problem(request: Request, error: Exception) -> Response:
    """Answer a request with the problem of an error."""
    if isinstance(error, HTTPException):
        detail = WORDS.get(error.status_code, error.detail)
        response = Problem(error.status_code, detail).response()
        response.headers.update(error.headers or {})
        return response
    return problem_of(error).response()


def _status(error: VidstyleError) -> int:
    if isinstance(error.__cause__, OSError) and error.__cause__.errno in FULL_DISK:
        return 507
    if isinstance(error, MissingExtraError):
        return 422
    return 415 if isinstance(error, SourceError) else 422


def _plain(cure: Cure) -> dict[str, Any]:
    return {name: None if value is ... else value for name, value in cure.items()}


def _renamed(text: str, names: Mapping[str, str] | None) -> str:
    for path, name in (names or {}).items():
        text = text.replace(path, name)
    return text
