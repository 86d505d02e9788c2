"""OpenAPI document: the REST API for programs, kept true by a test against the real server."""

from typing import Any

from vidstyle import __version__
from vidstyle.server.openapi_parts import (
    INTEGER,
    NUMBER,
    STRING,
    Schema,
    json_answers,
    json_body,
    json_list,
    operation,
    path_id,
    query,
)
from vidstyle.server.openapi_schemas import PHOTO_FORMATS, plain_option, schemas
from vidstyle.server.parameters import PICTURE_OPTIONS, described_options
from vidstyle.server.submission import PHOTO_TYPES, VIDEO_TYPES

BINARY = "application/octet-stream"
EVENTS = "text/event-stream"
UPLOAD_OFFSET: Schema = {
    "name": "Upload-Offset",
    "in": "header",
    "required": True,
    "description": "The byte to go on from.",
    "schema": {"type": "string", "pattern": "^[0-9]{1,18}$"},
}


def document() -> dict[str, Any]:
    """The OpenAPI document of the server."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "vidstyle",
            "version": __version__,
            "description": "Paints photos and videos in the style of a painting.",
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": "/api/v1"}],
        "security": [{}, {"token": []}],
        "paths": _paths(),
        "components": {
            "schemas": schemas(),
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _paths() -> dict[str, Any]:
    return {
        "/health": {"get": operation("Say that the server works", json_answers("Health"))},
        "/server": {"get": operation("Version, limits and options", json_answers("Server"))},
        "/metrics": {"get": operation("Numbers for Prometheus", {200: {"text/plain": STRING}})},
        "/session": {
            "get": operation("Whether a token is asked for", json_answers("Session")),
            "post": operation(
                "Give the token, for a cookie",
                {204: {}},
                [400, 401, 408, 413, 422],
                body=json_body("Token"),
            ),
            "delete": operation("Remove the cookie", {204: {}}),
        },
        **_style_paths(),
        **_picture_paths(),
        **_upload_paths(),
        **_job_paths(),
    }


def _style_paths() -> dict[str, Any]:
    name = query("name", STRING, "Label of the painting.")
    picture: dict[int, dict[str, Schema]] = {200: {"image/jpeg": {}}}
    return {
        "/styles": {
            "get": operation(
                "All styles", {200: {"application/json": json_list("styles", "Style")}}
            ),
            "post": operation(
                "Make a style of a painting",
                json_answers("Style", 200, 201),
                [400, 408, 413, 415, 422, 429, 503, 507],
                [name],
                {BINARY: {}},
            ),
        },
        "/styles/{id}": {
            "parameters": [path_id()],
            "get": operation("One style", json_answers("Style"), [404]),
            "delete": operation("Delete a style of one's own", {204: {}}, [403, 404, 409]),
        },
        "/styles/{id}/thumbnail": {
            "parameters": [path_id()],
            "get": operation("A sample photo in the style", picture, [404]),
        },
        "/styles/{id}/painting": {
            "parameters": [path_id()],
            "get": operation("The painting of the style", picture, [404]),
        },
    }


def _picture_paths() -> dict[str, Any]:
    format = query("format", {"type": "string", "enum": PHOTO_FORMATS, "default": "jpg"})
    return {
        "/stylize": {
            "post": operation(
                "Paint one picture",
                {200: {kind: {} for kind in PHOTO_TYPES.values()}},
                [400, 408, 413, 415, 422, 503],
                [*_looks(), format],
                {BINARY: {}},
            )
        }
    }


def _upload_paths() -> dict[str, Any]:
    receive = [400, 404, 408, 409, 413, 415, 422, 507]
    height = query("height", INTEGER | {"minimum": 16, "maximum": 1080, "default": 360})
    time = query("time", NUMBER | {"minimum": 0}, "Seconds into a video.")
    return {
        "/uploads": {
            "get": operation(
                "All uploads", {200: {"application/json": json_list("uploads", "Upload")}}
            ),
            "post": operation(
                "Begin an upload",
                json_answers("Upload", 201),
                [400, 408, 413, 422, 429, 507],
                body=json_body("NewUpload"),
            ),
        },
        "/uploads/{id}": {
            "parameters": [path_id()],
            "get": operation("One upload", json_answers("Upload"), [404]),
            "delete": operation("Delete an upload", {204: {}}, [404, 409]),
        },
        "/uploads/{id}/content": {
            "parameters": [path_id()],
            "put": operation(
                "The whole content", json_answers("Upload"), receive, body={BINARY: {}}
            ),
            "patch": operation(
                "More of the content",
                json_answers("Upload"),
                receive,
                [UPLOAD_OFFSET],
                {BINARY: {}},
            ),
        },
        "/uploads/{id}/still": {
            "parameters": [path_id()],
            "get": operation(
                "A still, as it is or painted",
                {200: {"image/jpeg": {}}, 304: {}},
                [404, 409, 413, 415, 422, 503],
                [height, time, *_looks()],
            ),
        },
    }


def _job_paths() -> dict[str, Any]:
    limit = query("limit", INTEGER | {"minimum": 1, "maximum": 1000, "default": 50})
    before = query("before", NUMBER, "Only jobs created earlier, in seconds since 1970.")
    last = query("last_event_id", {"type": "string", "pattern": "^[0-9]{1,18}$"})
    download = query("download", INTEGER | {"enum": [0, 1]}, "1 to save the file.")
    types: dict[str, Schema] = {kind: {} for kind in (PHOTO_TYPES | VIDEO_TYPES).values()}
    events = {200: {EVENTS: STRING}}
    return {
        "/jobs": {
            "get": operation("The newest jobs", json_answers("Jobs"), [422], [limit, before]),
            "post": operation(
                "Convert an upload or a result",
                json_answers("Job", 200, 201),
                [400, 404, 408, 409, 413, 422, 429, 507],
                body=json_body("Order"),
            ),
        },
        "/jobs/{id}": {
            "parameters": [path_id()],
            "get": operation("One job", json_answers("Job"), [404]),
            "delete": operation("Delete a job and its result", {204: {}}, [404, 409]),
        },
        "/jobs/{id}/cancel": {
            "parameters": [path_id()],
            "post": operation("Cancel a job", json_answers("Job"), [404, 409]),
        },
        "/jobs/{id}/retry": {
            "parameters": [path_id()],
            "post": operation("Start a failed job again", json_answers("Job"), [404, 409]),
        },
        "/jobs/{id}/result": {
            "parameters": [path_id()],
            "get": operation(
                "The file of the result",
                {200: types, 206: types, 304: {}},
                [404, 409, 416, 422],
                [download],
            ),
        },
        "/jobs/{id}/events": {
            "parameters": [path_id()],
            "get": operation("Changes of one job", events, [400, 404, 503], [last]),
        },
        "/events": {"get": operation("Changes of all jobs", events, [400, 503], [last])},
    }


def _looks() -> list[Schema]:
    """Parameters of the options of a picture."""
    return [
        query(fact["name"], plain_option(fact), fact["help"])
        for fact in described_options()
        if fact["name"] in PICTURE_OPTIONS
    ]
