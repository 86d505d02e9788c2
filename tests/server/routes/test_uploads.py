"""Content is received over the network: whole, in parts, broken off, endless, slow."""

import http.client
import socket
import threading
from collections.abc import AsyncIterator, Iterator

import pytest
from starlette.requests import Request

from tests.server.client import Answer, Client
from tests.server.conftest import encoded
from tests.server.running import ServerThread, running, use_toys
from vidstyle.server import limits
from vidstyle.server.bodies import body_parts


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerThread]:
    with running(tmp_path_factory.mktemp("data"), max_upload="1MB") as server:
        use_toys(server.service)
        yield server


def begin(client: Client, size: int, name: str = "a.mp4") -> str:
    """Path of a new upload's content."""
    answer = client.post("uploads", {"name": name, "bytes": size})
    assert answer.status == 201
    return f"{answer.headers['location'].removeprefix('/api/v1/')}/content"


def patch(client: Client, path: str, offset: object, part: bytes) -> Answer:
    return client.ask("PATCH", path, part, {"Upload-Offset": str(offset)})


def test_a_whole_content_is_looked_at_at_once(client: Client) -> None:
    path = begin(client, 8, "..\\..\\holiday.mp4")
    upload = client.ask("PUT", path, b"video 12").json
    assert (upload["state"], upload["name"]) == ("complete", "holiday.mp4")
    assert upload["media"]["kind"] == "video"
    assert client.get(f"uploads/{upload['id']}").json == upload
    assert upload in client.get("uploads").json["uploads"]
    assert client.ask("DELETE", f"uploads/{upload['id']}").status == 204
    assert client.get(f"uploads/{upload['id']}").status == 404


def test_content_goes_on_where_it_ended(client: Client) -> None:
    path = begin(client, 8)
    assert patch(client, path, 0, b"vide").headers["upload-offset"] == "4"
    wrong = patch(client, path, 3, b"o 12")
    assert wrong.status == 409 and "has 4 bytes" in wrong.detail
    assert client.ask("HEAD", path.removesuffix("/content")).headers["upload-offset"] == "4"
    assert patch(client, path, 4, b"o 12").json["state"] == "complete"
    assert patch(client, path, 8, b"").status == 409


def test_what_came_before_a_broken_connection_stays(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = threading.Event()

    async def told_parts(request: Request, most: int) -> AsyncIterator[bytes]:
        async for part in body_parts(request, most):
            yield part
            taken.set()

    monkeypatch.setattr("vidstyle.server.routes.uploads.body_parts", told_parts)
    path = begin(client, 100)
    with socket.create_connection(("127.0.0.1", client.port), timeout=60) as connection:
        head = f"PUT /api/v1/{path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n"
        connection.sendall(head.encode() + b"video")
        assert taken.wait(60)  # what the server has not taken is lost
    for _ in range(1000):  # until the server has noticed
        answer = patch(client, path, 5, bytes(95))
        if answer.status != 409:
            break
    assert answer.json["state"] == "complete"


@pytest.mark.parametrize("offset", ["", "x", "-1", "1e3", "9" * 30, "²"])
def test_an_offset_is_a_number(client: Client, offset: str) -> None:
    path = begin(client, 8)
    header = {"Upload-Offset": offset.encode("latin-1").decode("latin-1")}
    assert client.ask("PATCH", path, b"x", header).status == 400


def test_endless_bodies_are_cut_off(client: Client) -> None:
    assert client.post("uploads", {"name": "a", "bytes": 1_000_001}).status == 413
    path = begin(client, 8)
    announced = client.ask("PUT", path, bytes(9))
    assert announced.status == 413
    connection = http.client.HTTPConnection("127.0.0.1", client.port, timeout=60)
    chunks = (bytes(4) for _ in range(3))
    connection.request("PUT", f"/api/v1/{path}", chunks, encode_chunked=True)
    assert connection.getresponse().status == 413
    connection.close()


def test_a_body_that_stops_is_given_up(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "BODY_PATIENCE_S", 0.01)
    path = begin(client, 8)
    monkeypatch.setattr(limits, "BODY_PATIENCE_S", 0.01)
    with socket.create_connection(("127.0.0.1", client.port), timeout=60) as connection:
        head = f"PUT /api/v1/{path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 8\r\n\r\n"
        connection.sendall(head.encode() + b"vid")
        assert connection.recv(1000).startswith(b"HTTP/1.1 408 ")


@pytest.mark.parametrize("content", [b"no video", b"crash!!!"])
def test_hostile_content_is_refused_and_gone(client: Client, content: bytes) -> None:
    path = begin(client, 8)
    answer = client.ask("PUT", path, content)
    assert answer.status == 415
    assert answer.detail
    assert client.get(path.removesuffix("/content")).status == 404


def test_wrong_orders_are_named(client: Client) -> None:
    for order, status in (
        ({"name": "a"}, 422),
        ({"bytes": 0}, 422),
        ({"bytes": "8"}, 422),
        ({"bytes": True}, 422),
        ({"byte": 8}, 422),
    ):
        assert client.post("uploads", order).status == status


def test_stills_are_given_plain_and_painted(client: Client) -> None:
    photo = encoded(40, 30)
    path = begin(client, len(photo), "me.jpg")
    assert client.get(path.replace("content", "still")).status == 409
    assert client.ask("PUT", path, photo).status == 200
    still = path.replace("content", "still")
    plain = client.get(f"{still}?height=30")
    assert plain.content == photo
    painted = client.get(f"{still}?style=great-wave-17k")
    assert painted.status == 200 and painted.content != photo
    assert client.get(f"{still}?height=30", If_None_Match=plain.headers["etag"]).status == 304
    for query in ("height=9", "height=x", "time=-1", "time=nan", "style=no", "codec=h264"):
        assert client.get(f"{still}?{query}").status == 422
