"""The OpenAPI document describes the server that gives it out."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from starlette.routing import Route

from tests.server.client import Client
from tests.server.running import ServerThread, use_toys
from vidstyle.server.app import create_app
from vidstyle.server.openapi import document
from vidstyle.server.parameters import JOB_OPTIONS


def operations() -> set[tuple[str, str]]:
    return {
        (path, method)
        for path, methods in document()["paths"].items()
        for method in methods
        if method != "parameters"
    }


def references(part: Any) -> Iterator[str]:
    """Yield the names of the schemas that a part of the document refers to."""
    if isinstance(part, dict):
        for name, value in part.items():
            if name == "$ref":
                yield value.rpartition("/")[2]
            else:
                yield from references(value)
    elif isinstance(part, list):
        for value in part:
            yield from references(value)


def test_it_is_given_out(client: Client) -> None:
    assert client.get("openapi.json").json == document()


def test_every_route_is_in_it_and_no_other(server: ServerThread) -> None:
    routes = {
        (route.path.removeprefix("/api/v1"), method.lower())
        for route in create_app(server.service).routes
        if isinstance(route, Route) and route.path.startswith("/api/v1/")
        for method in set(route.methods or ()) - {"HEAD"}
    }
    assert routes - {("/openapi.json", "get")} == operations()


def test_every_reference_leads_somewhere() -> None:
    schemas = document()["components"]["schemas"]
    assert set(references(document())) <= set(schemas)
    assert set(schemas["Options"]["properties"]) == set(JOB_OPTIONS)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_the_server_does_what_it_says(server: ServerThread) -> None:
    schemathesis = pytest.importorskip("schemathesis")
    use_toys(server.service)
    address = f"http://127.0.0.1:{server.client.port}"
    api = schemathesis.openapi.from_url(f"{address}/api/v1/openapi.json")
    events = re.compile("/events$")  # streams without an end

    for operation in api.get_all_operations():
        described = operation.ok()
        if events.search(described.path):
            continue
        check_operation(described)


def check_operation(operation: Any) -> None:
    from hypothesis import HealthCheck, Phase, given, settings
    from schemathesis.specs.openapi.checks import positive_data_acceptance

    @settings(
        max_examples=20,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy())
    def check(case: Any) -> None:
        # A schema cannot tell which bytes are a picture, nor which styles there are.
        case.call_and_validate(timeout=60, excluded_checks=[positive_data_acceptance])

    check()
