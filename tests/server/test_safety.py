"""Other sites, rebound names and requests without the token stay outside."""

from collections.abc import Iterator

import pytest
from starlette.datastructures import Headers
from starlette.types import Scope

from tests.server.client import Answer, Client
from tests.server.running import running
from vidstyle.server.problems import Problem
from vidstyle.server.safety import HEADERS, Access

TOKEN = "correct-horse"


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    with running(tmp_path_factory.mktemp("guarded"), token=TOKEN) as server:
        yield server.client


@pytest.mark.parametrize(
    "host", ["localhost", "localhost:8765", "127.0.0.1:1", "[::1]:8765", "192.168.1.5", "studio"]
)
def test_own_names_and_addresses_are_served(host: str) -> None:
    assert refusal("GET", host=host) is None


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("evil.example", 403),
        ("localhost.evil.example", 403),
        ("127.0.0.1.evil.example:8765", 403),
        ("", 400),
        ("a@localhost", 400),
        ("localhost:port", 400),
        ("localhost/x", 400),
        ("[::1", 400),
    ],
)
def test_other_names_are_refused(host: str, status: int) -> None:
    assert refusal("GET", host=host) == status


def test_with_a_token_a_proxy_may_use_any_name() -> None:
    headers = Headers({"host": "paint.example", "authorization": f"Bearer {TOKEN}"})
    Access([], TOKEN).check(scope_of("GET", headers))


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"origin": "http://localhost"},
        {"origin": "https://paint.example", "x-forwarded-host": "paint.example"},
        {"origin": "https://paint.example", "sec-fetch-site": "same-origin"},
        {"sec-fetch-site": "none"},
    ],
)
@pytest.mark.parametrize("kind", ["POST", "websocket"])
def test_own_pages_and_programs_may_change_things(kind: str, headers: dict[str, str]) -> None:
    assert refusal(kind, host="localhost", **headers) is None


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"origin": "http://localhost:1234"},
        {"origin": "http://localhost", "sec-fetch-site": "cross-site"},
        {"origin": "http://[", "sec-fetch-site": "same-site"},
        {"origin": "http://["},
    ],
)
@pytest.mark.parametrize("kind", ["POST", "DELETE", "websocket"])
def test_pages_of_other_sites_may_not(kind: str, headers: dict[str, str]) -> None:
    assert refusal(kind, host="localhost", **headers) == 403


def test_a_link_from_another_site_is_followed() -> None:
    cross = {"sec-fetch-site": "cross-site", "origin": "https://login.example"}
    assert refusal("GET", host="localhost", **cross) is None


def test_every_answer_has_the_headers(client: Client) -> None:
    for answer in (client.get("/"), client.get("health"), client.get("nothing"), evil(client)):
        assert HEADERS.items() <= answer.headers.items()


def test_the_token_opens_the_api(guarded: Client) -> None:
    refused = guarded.get("styles")
    assert (refused.status, refused.headers["www-authenticate"]) == (401, "Bearer")
    assert guarded.get("styles", Authorization="Bearer wrong").status == 401
    assert guarded.get("styles", Authorization=f"bearer {TOKEN}").status == 200
    assert guarded.get("health").status == guarded.get("/").status == 200


def test_a_browser_keeps_the_token_in_a_cookie(guarded: Client) -> None:
    assert guarded.get("session").json == {"token_required": True, "authorized": False}
    assert guarded.post("session", {"token": "wrong"}).status == 401
    answer = guarded.post("session", {"token": TOKEN})
    cookie = answer.headers["set-cookie"]
    assert answer.status == 204
    assert "HttpOnly" in cookie and "SameSite=strict" in cookie
    pair = cookie.partition(";")[0]
    assert guarded.get("styles", Cookie=pair).status == 200
    assert guarded.get("session", Cookie=pair).json["authorized"]


def test_an_address_with_the_token_opens_the_page_without_it(guarded: Client) -> None:
    answer = guarded.get(f"/?token={TOKEN}")
    assert (answer.status, answer.headers["location"]) == (303, "/")
    assert TOKEN in answer.headers["set-cookie"]
    assert "set-cookie" not in guarded.get("/?token=wrong").headers


def refusal(kind: str, **headers: str) -> int | None:
    """Status by which a server without a token refuses a request; None if it does not."""
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    try:
        Access(["Studio"], None).check(scope_of(kind, Headers(names)))
    except Problem as problem:
        return problem.status
    return None


def scope_of(kind: str, headers: Headers) -> Scope:
    scope: Scope = {"type": "http", "method": kind, "path": "/api/v1/styles"}
    scope["headers"] = headers.raw
    if kind == "websocket":
        scope["type"] = kind
    return scope


def evil(client: Client) -> Answer:
    return client.get("/", Host="evil.example")
