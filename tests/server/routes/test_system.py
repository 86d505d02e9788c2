"""Health, limits and the page are there at once."""

from tests.server.client import Client
from vidstyle import __version__


def test_the_server_is_well(client: Client) -> None:
    assert client.get("health").json == {"status": "ok", "version": __version__}


def test_forms_can_be_built_from_the_options(client: Client) -> None:
    server = client.get("server").json
    options = {option["name"]: option for option in server["options"]}
    assert options["strength"]["type"] == "number"
    assert options["quality"]["choices"] == ["fast", "full"]
    assert options["scale"]["nullable"] and not options["strength"]["nullable"]
    assert server["limits"]["upload_bytes"] == 2 * 10**9


def test_without_a_token_everyone_is_authorized(client: Client) -> None:
    assert client.get("session").json == {"token_required": False, "authorized": True}
    assert client.post("session", {"token": "any"}).status == 204
    assert client.ask("DELETE", "session").status == 204


def test_the_page_is_served(client: Client) -> None:
    page = client.get("/")
    assert page.status == 200
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    for path in ("/nothing", "/../launch.py", "/%2e%2e/launch.py", "/..%2flaunch.py", "/routes"):
        assert client.get(path).status == 404


def test_wrong_methods_and_addresses_are_problems(client: Client) -> None:
    assert client.get("nothing").detail == "There is nothing at this address."
    answer = client.ask("PUT", "health", b"")
    assert answer.status == 405
    assert answer.detail == "This address does not have that method."
