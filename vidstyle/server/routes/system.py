"""Routes of the server itself: health, limits and options, metrics, session."""

import asyncio
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from vidstyle import __version__
from vidstyle.hardware import usable_cores
from vidstyle.server import limits
from vidstyle.server.metrics import TEXT_TYPE
from vidstyle.server.openapi import document
from vidstyle.server.parameters import described_options, read_object
from vidstyle.server.problems import Problem
from vidstyle.server.safety import API, COOKIE, set_cookie
from vidstyle.server.service import DEVICE_PAGE, service_of
from vidstyle.server.submission import PHOTO_TYPES, VIDEO_TYPES


async def health(request: Request) -> Response:
    """Say that the server works."""
    return JSONResponse({"status": "ok", "version": __version__})


async def server(request: Request) -> Response:
    """Version, limits, formats and options, for building forms."""
    service = service_of(request)
    options = service.options
    return JSONResponse(
        {
            "version": __version__,
            "cores": usable_cores(),
            "limits": {
                "upload_bytes": options.max_upload_bytes,
                "picture_bytes": limits.PICTURE_BYTES,
                "photo_pixels": limits.PICTURE_PIXELS,
                "video_pixels": limits.VIDEO_PIXELS,
                "video_seconds": limits.VIDEO_SECONDS,
                "streams": limits.STREAMS,
                "live_pixels": limits.LIVE_PIXELS,
                "live_viewers": limits.LIVE_VIEWERS,
                "keep_s": options.keep_s,
            },
            "formats": {"photo": list(PHOTO_TYPES), "video": list(VIDEO_TYPES)},
            "options": described_options(),
            "device_page": None if service.site is None else DEVICE_PAGE,
        }
    )


async def openapi(request: Request) -> Response:
    """The API for programs."""
    return JSONResponse(document())


async def metrics(request: Request) -> Response:
    """Numbers for Prometheus."""
    service = service_of(request)
    jobs = await asyncio.to_thread(service.jobs.counts)
    return Response(service.metrics.text(jobs), media_type=TEXT_TYPE)


async def session(request: Request) -> Response:
    """Say whether a token is asked for, and whether the request has it."""
    access = service_of(request).access
    return JSONResponse(
        {
            "token_required": access.token is not None,
            "authorized": access.is_authorized(request.headers),
        }
    )


async def open_session(request: Request) -> Response:
    """Give a browser the cookie for the right token."""
    access = service_of(request).access
    given: Any = (await read_object(request, {"token": str})).get("token", "")
    if access.token is not None and not access.is_token(given):
        raise Problem(401, "The token is wrong. It is the one that the server was started with.")
    response = Response(status_code=204)
    if access.token is not None:
        set_cookie(response, access.token, secure=request.url.scheme == "https")
    return response


async def close_session(request: Request) -> Response:
    """Remove the cookie."""
    response = Response(status_code=204)
    response.delete_cookie(COOKIE, httponly=True, samesite="strict")
    return response


def with_token(request: Request) -> Response | None:
    """Answer to the page's address with a token: the cookie, and the address without it."""
    access, word = service_of(request).access, request.query_params.get("token")
    if word is None:
        return None
    response = RedirectResponse("/", 303)
    if access.token is not None and access.is_token(word):
        set_cookie(response, access.token, secure=request.url.scheme == "https")
    return response


ROUTES = [
    Route(f"{API}health", health),
    Route(f"{API}server", server),
    Route(f"{API}openapi.json", openapi),
    Route(f"{API}metrics", metrics),
    Route(f"{API}session", session),
    Route(f"{API}session", open_session, methods=["POST"]),
    Route(f"{API}session", close_session, methods=["DELETE"]),
]
