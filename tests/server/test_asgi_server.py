"""Connections without a request do not stay, and many of them stop no one."""

import socket
from contextlib import ExitStack

import pytest
from websockets.sync.client import connect

from tests.server.client import Client
from tests.server.running import ServerThread
from vidstyle.server import limits

IDLE = 200


def test_many_idle_connections_stop_no_other(client: Client) -> None:
    with ExitStack() as opened:
        for number in range(IDLE):
            idle = opened.enter_context(socket.create_connection(("127.0.0.1", client.port), 60))
            idle.sendall(b"GET /api/v1/health HTT" * (number % 2))
        assert client.get("health").status == 200


def test_half_a_header_is_given_up(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "HEADER_PATIENCE_S", 0.01)
    with socket.create_connection(("127.0.0.1", client.port), timeout=60) as slow:
        slow.sendall(b"GET / HTTP/1.1\r\nHost: local")
        assert slow.recv(100) == b""


def test_half_a_second_header_is_given_up(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_connection(("127.0.0.1", client.port), timeout=60) as slow:
        slow.sendall(b"GET /api/v1/health HTTP/1.1\r\nHost: localhost\r\n\r\n")
        answer = b""
        while not answer.endswith(b"}"):
            received = slow.recv(1000)
            assert received, answer
            answer += received
        monkeypatch.setattr(limits, "HEADER_PATIENCE_S", 0.01)
        slow.sendall(b"GET / HTTP/1.1\r\nHost: local")
        assert slow.recv(100) == b""


def test_a_websocket_stays(server: ServerThread, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "HEADER_PATIENCE_S", 0.2)
    address = f"ws://127.0.0.1:{server.client.port}/api/v1/live?style=udnie-17k"
    with connect(address, open_timeout=60) as viewer:
        assert '"ready"' in str(viewer.recv(60))
        with socket.create_connection(("127.0.0.1", server.client.port), timeout=60) as slow:
            assert slow.recv(100) == b""  # began later, and its time is over
        viewer.send("no json")
        assert '"error"' in str(viewer.recv(60))


def test_what_is_no_http_is_refused(client: Client) -> None:
    with socket.create_connection(("127.0.0.1", client.port), timeout=60) as other:
        other.sendall(b"\x16\x03\x01 hello\r\n\r\n")
        assert other.recv(1000).startswith(b"HTTP/1.1 400 ")
