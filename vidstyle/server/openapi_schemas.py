"""Schemas of the API's documents, as parts of the OpenAPI document."""

from collections.abc import Mapping
from typing import Any

from vidstyle.server.job import STATES
from vidstyle.server.openapi_parts import (
    BOOLEAN,
    INTEGER,
    NUMBER,
    STRING,
    Schema,
    json_object,
    or_null,
    reference,
)
from vidstyle.server.parameters import described_options
from vidstyle.server.submission import PHOTO_TYPES, VIDEO_TYPES

PHOTO_FORMATS, FORMATS = list(PHOTO_TYPES), [*VIDEO_TYPES, *PHOTO_TYPES]


def schemas() -> dict[str, Schema]:
    """Schemas by name."""
    text, number, whole = ({"type": [kind, "null"]} for kind in ("string", "number", "integer"))
    problem = json_object(
        type=STRING,
        title=STRING,
        status=INTEGER,
        detail=STRING,
        settings={"type": "array", "items": STRING},
        cures={"type": "array", "items": {"type": "object"}},
    )
    media = json_object(
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
        "Health": json_object(status=STRING, version=STRING),
        "Server": json_object(
            version=STRING,
            cores=INTEGER,
            limits={"type": "object", "additionalProperties": NUMBER},
            formats={"type": "object", "additionalProperties": {"type": "array", "items": STRING}},
            options={"type": "array", "items": {"type": "object"}},
            device_page=text,
        ),
        "Session": json_object(token_required=BOOLEAN, authorized=BOOLEAN),
        "Token": json_object(token=STRING),
        "Style": json_object(
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
        "NewUpload": json_object(["bytes"], name=STRING, bytes=INTEGER | {"minimum": 1}),
        "Upload": json_object(
            id=STRING,
            name=STRING,
            bytes=INTEGER,
            received=INTEGER,
            state={"enum": ["receiving", "complete"]},
            created=NUMBER,
            media=or_null(media),
        ),
        "Options": json_object([], **_options()),
        "Order": json_object(
            [],
            upload=STRING,
            job=STRING,
            options=or_null(reference("Options")),
            format={"enum": [*FORMATS, None]},
            preview={"type": ["boolean", "null"]},
        )
        | {"oneOf": [{"required": ["upload"]}, {"required": ["job"]}]},
        "Progress": {"type": "object"},
        "Result": json_object(
            ["name", "type", "bytes", "url"],
            name=STRING,
            type=STRING,
            bytes=INTEGER,
            width=INTEGER,
            height=INTEGER,
            frames=INTEGER,
            duration_s=number,
            seconds=NUMBER,
            cached=BOOLEAN,
            warnings={"type": "array", "items": STRING},
            damage={"type": "array", "items": STRING},
            url=STRING,
        ),
        "Job": json_object(
            id=STRING,
            revision=INTEGER,
            state={"enum": list(STATES)},
            input=json_object(upload=text, job=text, name=STRING, kind=STRING),
            options=reference("Options"),
            format={"enum": FORMATS},
            preview=BOOLEAN,
            command=STRING,
            created=NUMBER,
            started=number,
            finished=number,
            position=whole,
            attempts=INTEGER,
            note=text,
            progress=or_null(reference("Progress")),
            error=or_null(reference("Problem")),
            result=or_null(reference("Result")),
        ),
        "Jobs": json_object(jobs={"type": "array", "items": reference("Job")}, revision=INTEGER),
    }


def _options() -> dict[str, Schema]:
    return {fact["name"]: _option(fact) for fact in described_options()}


def _option(fact: Mapping[str, Any]) -> Schema:
    schema = plain_option(fact) | {"description": fact["help"]}
    return schema | {"type": [fact["type"], "null"]} if fact["nullable"] else schema


def plain_option(fact: Mapping[str, Any]) -> Schema:
    """Schema of an option, for values other than null."""
    schema: Schema = {"type": fact["type"]}
    return schema | {"enum": fact["choices"]} if "choices" in fact else schema
