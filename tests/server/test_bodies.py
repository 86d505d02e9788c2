"""Bodies take memory and time within limits."""

import socket

import pytest

from tests.server.client import Client
from vidstyle.server import limits
from vidstyle.server.bodies import BodyMemory
from vidstyle.server.problems import Problem


def test_pictures_that_come_have_room_or_are_refused() -> None:
    memory = BodyMemory(10)
    with memory.room() as first, memory.room() as second:
        first.grow(6)
        second.grow(4)
        with pytest.raises(Problem) as caught:
            first.grow(1)
    assert (caught.value.status, caught.value.retry_after_s) == (503, 1)
    with memory.room() as room:
        room.grow(10)


def test_a_body_that_was_only_announced_takes_no_room(client: Client, photo: bytes) -> None:
    head = b"POST /api/v1/stylize HTTP/1.1\r\nHost: localhost\r\nContent-Length: 67108864\r\n"
    opened = []
    for _ in range(limits.HELD_BYTES // limits.PICTURE_BYTES + 1):
        connection = socket.create_connection(("127.0.0.1", client.port), timeout=60)
        connection.sendall(head + b"Expect: 100-continue\r\n\r\n")
        assert connection.recv(100).startswith(b"HTTP/1.1 100 ")
        opened.append(connection)
    answer = client.post("stylize?style=udnie-17k", photo)
    for connection in opened:
        connection.close()
    assert answer.status == 200


def test_a_body_that_drips_is_given_up(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    head = b"POST /api/v1/stylize HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n"
    with socket.create_connection(("127.0.0.1", client.port), timeout=60) as slow:
        slow.sendall(head + b"Expect: 100-continue\r\n\r\n")
        assert slow.recv(100).startswith(b"HTTP/1.1 100 ")  # it waits with the usual patience
        monkeypatch.setattr(limits, "BODY_PATIENCE_S", -1.0)
        slow.sendall(b"a")
        assert slow.recv(100).startswith(b"HTTP/1.1 408 ")
