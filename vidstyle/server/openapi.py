"""OpenAPI document: the REST API for programs, kept true by a test against the real server."""

from collections.abc import Mapping, Sequence
from typing import Any

from vidstyle import __version__
from vidstyle.server.job import STATES
from vidstyle.server.parameters import PICTURE_OPTIONS, described_options
from vidstyle.server.problems import PROBLEM_TYPE
from vidstyle.server.submission import PHOTO_TYPES, VIDEO_TYPES

Schema = dict[str, Any]

STRING: Schema = {"type": "string"}
NUMBER: Schema = {"type": "number"}
INTEGER: Schema = {"type": "integer"}
BOOLEAN: Schema = {"type": "boolean"}
BINARY = "application/octet-stream"
EVENTS = "text/event-stream"
PHOTO_FORMATS, FORMATS = list(PHOTO_TYPES), [*VIDEO_TYPES, *PHOTO_TYPES]
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
            "schemas": _schemas(),
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _paths() -> dict[str, Any]:
    return {
        "/health": {"get": _operation("Say that the server works", _json("Health"))},
        "/server": {"get": _operation("Version, limits and options", _json("Server"))},
        "/metrics": {"get": _operation("Numbers for Prometheus", {200: {"text/plain": STRING}})},
        "/session": {
            "get": _operation("Whether a token is asked for", _json("Session")),
            "post": _operation(
                "Give the token, for a cookie",
                {204: {}},
                [400, 401, 413, 422],
                body=_body("Token"),
            ),
            "delete": _operation("Remove the cookie", {204: {}}),
        },
        **_style_paths(),
        **_picture_paths(),
        **_upload_paths(),
        **_job_paths(),
    }


def _style_paths() -> dict[str, Any]:
    name = _query("name", STRING, "Label of the painting.")
    picture: dict[int, dict[str, Schema]] = {200: {"image/jpeg": {}}}
    return {
        "/styles": {
            "get": _operation("All styles", {200: {"application/json": _list("styles", "Style")}}),
            "post": _operation(
                "Make a style of a painting",
                _json("Style", 200, 201),
                [400, 408, 413, 415, 422, 429, 503, 507],
                [name],
                {BINARY: {}},
            ),
        },
        "/styles/{id}": {
            "parameters": [_id()],
            "get": _operation("One style", _json("Style"), [404]),
            "delete": _operation("Delete a style of one's own", {204: {}}, [403, 404, 409]),
        },
        "/styles/{id}/thumbnail": {
            "parameters": [_id()],
            "get": _operation("A sample photo in the style", picture, [404]),
        },
        "/styles/{id}/painting": {
            "parameters": [_id()],
            "get": _operation("The painting of the style", picture, [404]),
        },
    }


def _picture_paths() -> dict[str, Any]:
    format = _query("format", {"type": "string", "enum": PHOTO_FORMATS, "default": "jpg"})
    return {
        "/stylize": {
            "post": _operation(
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
    height = _query("height", INTEGER | {"minimum": 16, "maximum": 1080, "default": 360})
    time = _query("time", NUMBER | {"minimum": 0}, "Seconds into a video.")
    return {
        "/uploads": {
            "get": _operation(
                "All uploads", {200: {"application/json": _list("uploads", "Upload")}}
            ),
            "post": _operation(
                "Begin an upload",
                _json("Upload", 201),
                [400, 413, 422, 429, 507],
                body=_body("NewUpload"),
            ),
        },
        "/uploads/{id}": {
            "parameters": [_id()],
            "get": _operation("One upload", _json("Upload"), [404]),
            "delete": _operation("Delete an upload", {204: {}}, [404, 409]),
        },
        "/uploads/{id}/content": {
            "parameters": [_id()],
            "put": _operation("The whole content", _json("Upload"), receive, body={BINARY: {}}),
            "patch": _operation(
                "More of the content", _json("Upload"), receive, [UPLOAD_OFFSET], {BINARY: {}}
            ),
        },
        "/uploads/{id}/still": {
            "parameters": [_id()],
            "get": _operation(
                "A still, as it is or painted",
                {200: {"image/jpeg": {}}, 304: {}},
                [404, 409, 413, 415, 422, 503],
                [height, time, *_looks()],
            ),
        },
    }


def _job_paths() -> dict[str, Any]:
    limit = _query("limit", INTEGER | {"minimum": 1, "maximum": 1000, "default": 50})
    before = _query("before", NUMBER, "Only jobs created earlier, in seconds since 1970.")
    last = _query("last_event_id", {"type": "string", "pattern": "^[0-9]{1,18}$"})
    download = _query("download", INTEGER | {"enum": [0, 1]}, "1 to save the file.")
    types: dict[str, Schema] = {kind: {} for kind in (PHOTO_TYPES | VIDEO_TYPES).values()}
    events = {200: {EVENTS: STRING}}
    return {
        "/jobs": {
            "get": _operation("The newest jobs", _json("Jobs"), [422], [limit, before]),
            "post": _operation(
                "Convert an upload or a result",
                _json("Job", 200, 201),
                [400, 404, 409, 413, 422, 429, 507],
                body=_body("Order"),
            ),
        },
        "/jobs/{id}": {
            "parameters": [_id()],
            "get": _operation("One job", _json("Job"), [404]),
            "delete": _operation("Delete a job and its result", {204: {}}, [404, 409]),
        },
        "/jobs/{id}/cancel": {
            "parameters": [_id()],
            "post": _operation("Cancel a job", _json("Job"), [404, 409]),
        },
        "/jobs/{id}/retry": {
            "parameters": [_id()],
            "post": _operation("Start a failed job again", _json("Job"), [404, 409]),
        },
        "/jobs/{id}/result": {
            "parameters": [_id()],
            "get": _operation(
                "The file of the result",
                {200: types, 206: types, 304: {}},
                [404, 409, 416, 422],
                [download],
            ),
        },
        "/jobs/{id}/events": {
            "parameters": [_id()],
            "get": _operation("Changes of one job", events, [400, 404], [last]),
        },
        "/events": {"get": _operation("Changes of all jobs", events, [400], [last])},
    }


def _schemas() -> dict[str, Schema]:
    text, number, whole = ({"type": [kind, "null"]} for kind in ("string", "number", "integer"))
    problem = _object(
        type=STRING,
        title=STRING,
        status=INTEGER,
        detail=STRING,
        settings={"type": "array", "items": STRING},
        cures={"type": "array", "items": {"type": "object"}},
    )
    media = _object(
        ["kind", "width", "height"],
        kind={"enum": ["photo", "video"]},
        width=INTEGER,
        height=INTEGER,
        seconds=number,
        frames=whole,
        fps=NUMBER,
        audio=BOOLEAN,
    )
    return {
        "Problem": problem,
        "Health": _object(status=STRING, version=STRING),
        "Server": _object(
            version=STRING,
            cores=INTEGER,
            limits={"type": "object", "additionalProperties": NUMBER},
            formats={"type": "object", "additionalProperties": {"type": "array", "items": STRING}},
            options={"type": "array", "items": {"type": "object"}},
            device_page=text,
        ),
        "Session": _object(token_required=BOOLEAN, authorized=BOOLEAN),
        "Token": _object(token=STRING),
        "Style": _object(
            id=STRING,
            title=STRING,
            artist=text,
            year=text,
            size_class=STRING,
            own=BOOLEAN,
            default=BOOLEAN,
            thumbnail=STRING,
            painting=STRING,
        ),
        "NewUpload": _object(["bytes"], name=STRING, bytes=INTEGER | {"minimum": 1}),
        "Upload": _object(
            id=STRING,
            name=STRING,
            bytes=INTEGER,
            received=INTEGER,
            state={"enum": ["receiving", "complete"]},
            created=NUMBER,
            media=_or_null(media),
        ),
        "Options": _object([], **_options()),
        "Order": _object(
            [],
            upload=STRING,
            job=STRING,
            options=_or_null(_reference("Options")),
            format={"enum": [*FORMATS, None]},
            preview={"type": ["boolean", "null"]},
        )
        | {"oneOf": [{"required": ["upload"]}, {"required": ["job"]}]},
        "Progress": {"type": "object"},
        "Result": _object(
            ["name", "type", "bytes", "url"],
            name=STRING,
            type=STRING,
            bytes=INTEGER,
            width=INTEGER,
            height=INTEGER,
            frames=INTEGER,
            seconds=NUMBER,
            cached=BOOLEAN,
            warnings={"type": "array", "items": STRING},
            damage={"type": "array", "items": STRING},
            url=STRING,
        ),
        "Job": _object(
            id=STRING,
            revision=INTEGER,
            state={"enum": list(STATES)},
            input=_object(upload=text, job=text, name=STRING, kind=STRING),
            options=_reference("Options"),
            format={"enum": FORMATS},
            preview=BOOLEAN,
            command=STRING,
            created=NUMBER,
            started=number,
            finished=number,
            position=whole,
            attempts=INTEGER,
            note=text,
            progress=_or_null(_reference("Progress")),
            error=_or_null(_reference("Problem")),
            result=_or_null(_reference("Result")),
        ),
        "Jobs": _object(jobs={"type": "array", "items": _reference("Job")}, revision=INTEGER),
    }


def _operation(
    summary: str,
    answers: Mapping[int, Mapping[str, Schema]],
    problems: Sequence[int] = (),
    parameters: Sequence[Schema] = (),
    body: Mapping[str, Schema] | None = None,
) -> dict[str, Any]:
    """Description of one method of a path.

    Args:
        summary: a few words.
        answers: schemas by media type, by status.
        problems: statuses of problems, besides those of access.
        parameters: of query and header.
        body: schemas by media type.
    """
    responses = {str(status): _response(content) for status, content in answers.items()}
    for status in sorted({401, 403, *problems}):
        responses[str(status)] = _response({PROBLEM_TYPE: _reference("Problem")})
    operation: dict[str, Any] = {"summary": summary, "responses": responses}
    if parameters:
        operation["parameters"] = list(parameters)
    if body is not None:
        operation["requestBody"] = {
            "required": True,
            "content": {kind: {"schema": schema} for kind, schema in body.items()},
        }
    return operation


def _response(content: Mapping[str, Schema]) -> dict[str, Any]:
    if not content:
        return {"description": "Done."}
    return {
        "description": "An answer.",
        "content": {kind: {"schema": schema} for kind, schema in content.items()},
    }


def _json(name: str, *statuses: int) -> dict[int, dict[str, Schema]]:
    return {status: {"application/json": _reference(name)} for status in statuses or (200,)}


def _body(name: str) -> dict[str, Schema]:
    return {"application/json": _reference(name)}


def _reference(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def _object(required: Sequence[str] | None = None, /, **members: Schema) -> Schema:
    """Object with known members; all are there unless only some are required."""
    return {
        "type": "object",
        "properties": members,
        "required": list(members if required is None else required),
        "additionalProperties": False,
    }


def _list(name: str, item: str) -> Schema:
    return _object([name], **{name: {"type": "array", "items": _reference(item)}})


def _or_null(schema: Schema) -> Schema:
    return {"anyOf": [schema, {"type": "null"}]}


def _id() -> Schema:
    return {"name": "id", "in": "path", "required": True, "schema": STRING}


def _query(name: str, schema: Schema, description: str = "") -> Schema:
    return {"name": name, "in": "query", "schema": schema, "description": description}


def _options() -> dict[str, Schema]:
    return {fact["name"]: _option(fact) for fact in described_options()}


def _looks() -> list[Schema]:
    """Parameters of the options of a picture."""
    return [
        _query(fact["name"], _plain_option(fact), fact["help"])
        for fact in described_options()
        if fact["name"] in PICTURE_OPTIONS
    ]


def _option(fact: Mapping[str, Any]) -> Schema:
    schema = _plain_option(fact) | {"description": fact["help"]}
    return schema | {"type": [fact["type"], "null"]} if fact["nullable"] else schema


def _plain_option(fact: Mapping[str, Any]) -> Schema:
    schema: Schema = {"type": fact["type"]}
    return schema | {"enum": fact["choices"]} if "choices" in fact else schema
