"""Parts of an OpenAPI document: operations, answers, parameters and JSON schemas."""

from collections.abc import Mapping, Sequence
from typing import Any

from vidstyle.server.problems import PROBLEM_TYPE

Schema = dict[str, Any]

STRING: Schema = {"type": "string"}
NUMBER: Schema = {"type": "number"}
INTEGER: Schema = {"type": "integer"}
BOOLEAN: Schema = {"type": "boolean"}


def operation(
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
        responses[str(status)] = _response({PROBLEM_TYPE: reference("Problem")})
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


def json_answers(name: str, *statuses: int) -> dict[int, dict[str, Schema]]:
    """Answers of one named schema, by status."""
    return {status: {"application/json": reference(name)} for status in statuses or (200,)}


def json_body(name: str) -> dict[str, Schema]:
    """Body of one named schema."""
    return {"application/json": reference(name)}


def reference(name: str) -> Schema:
    """Reference to a named schema."""
    return {"$ref": f"#/components/schemas/{name}"}


def json_object(required: Sequence[str] | None = None, /, **members: Schema) -> Schema:
    """Object with known members; all are there unless only some are required."""
    return {
        "type": "object",
        "properties": members,
        "required": list(members if required is None else required),
        "additionalProperties": False,
    }


def json_list(name: str, item: str) -> Schema:
    """Object with one member, a list of a named schema."""
    return json_object([name], **{name: {"type": "array", "items": reference(item)}})


def or_null(schema: Schema) -> Schema:
    """Schema that takes null, too."""
    return {"anyOf": [schema, {"type": "null"}]}


def path_id() -> Schema:
    """Parameter for the id in a path."""
    return {"name": "id", "in": "path", "required": True, "schema": STRING}


def query(name: str, schema: Schema, description: str = "") -> Schema:
    """Parameter of a query."""
    return {"name": name, "in": "query", "schema": schema, "description": description}
