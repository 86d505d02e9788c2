"""Connections that take much stay within limits, and many of them stop no one."""

import shutil
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest
from websockets.sync.client import connect

from tests.clips import Clip
from tests.server.client import Client
from tests.server.conftest import encoded
from tests.server.routes.test_jobs import finished, uploaded
from tests.server.running import ServerThread, running
from tests.server.test_jobs import RESULT, new
from tests.server.test_restart import serving
from vidstyle.server import limits
from vidstyle.server.connections import connection_limit, raise_file_limit

IDLE = 200
HEADER = b"GET /api/v1/health HTTP/1.1\r\nHost: localhost\r\n"
BODY = b"POST /api/v1/stylize HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n"
EVENTS = b"GET /api/v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n"
VIEWER = (
    b"GET /api/v1/live?style=udnie-17k HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
    b"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
SWARM = {
    "idle": b"",
    "half a header": HEADER,
    "half a body": BODY + b"\r\n123",
    "event streams": EVENTS,
    "viewers": VIEWER,
}


def test_many_idle_connections_stop_no_other(client: Client) -> None:
    with ExitStack() as opened:
        for number in range(IDLE):
            opened.enter_context(opened_to(client.port, HEADER * (number % 2)))
        assert client.get("health").status == 200


def test_connections_without_a_request_make_room(narrow: ServerThread) -> None:
    with ExitStack() as opened:
        waiting = [opened.enter_context(opened_to(narrow.client.port)) for _ in range(3)]
        assert narrow.client.get("health").status == 200
        assert waiting[0].recv(100) == waiting[1].recv(100) == b""


def test_too_many_busy_connections_are_told_so(narrow: ServerThread) -> None:
    with ExitStack() as opened:
        for _ in range(limits.CONNECTIONS):
            opened.enter_context(receiving(narrow.client.port))
        answer = narrow.client.get("health")
        assert (answer.status, answer.headers["retry-after"]) == (503, "1")
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.detail == "Too many connections are open. Try again soon."
        assert until(lambda: narrow.connections == limits.CONNECTIONS)
        for _ in range(limits.REFUSALS):
            opened.enter_context(refused(narrow.client.port))
        assert opened.enter_context(opened_to(narrow.client.port)).recv(100) == b""
    assert until(lambda: status(narrow.client) == 200)


def test_an_endless_header_is_refused(client: Client) -> None:
    with opened_to(client.port, HEADER) as endless:
        sent, line = 0, b"x-a: " + bytes(1000).replace(b"\0", b"b") + b"\r\n"
        while sent <= limits.HEADER_BYTES:
            endless.sendall(line)
            sent += len(line)
        assert endless.recv(100).startswith(b"HTTP/1.1 431 ")


def test_endless_trailers_are_cut_off(client: Client) -> None:
    chunked = b"POST /api/v1/stylize HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n"
    with receiving(client.port, chunked.replace(b" a", b" localhost")) as endless:
        endless.sendall(b"1\r\na\r\n0\r\nx-a: ")
        with pytest.raises(OSError):  # reset
            while True:
                endless.sendall(bytes(1000).replace(b"\0", b"b"))


def test_large_bodies_are_no_headers(client: Client) -> None:
    picture = encoded(320, 240, ".bmp")
    assert len(picture) > 2 * limits.HEADER_BYTES
    assert client.post("stylize?style=udnie-17k", picture).status == 200


def test_an_answer_that_is_not_read_is_given_up(
    server: ServerThread, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "WRITE_PATIENCE_S", 0.01)
    jobs = server.service.jobs
    jobs.submit(new("a", lane="none"))
    job = jobs.leases.claim("none")
    assert job is not None
    jobs.folder("a").mkdir()
    jobs.result_path(job).write_bytes(bytes(32_000_000))
    jobs.leases.finish(job, RESULT)
    with opened_to(server.client.port) as unread:
        unread.sendall(b"GET /api/v1/jobs/a/result HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert until(lambda: not server.connections)


def test_descriptors_are_left_for_conversions() -> None:
    assert connection_limit(1024, workers=1) == 442
    assert connection_limit(1024, workers=10) == 424
    assert connection_limit(100_000, workers=1) == connection_limit(None, 1) == limits.CONNECTIONS
    assert connection_limit(64, workers=1) == 32


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limit")
@pytest.mark.parametrize(
    ("before", "after"),
    [((256, 1024), 1024), ((1024, -1), 10_000), ((20_000, 20_000), 20_000), ((-1, -1), None)],
)
def test_the_limit_of_files_is_raised_as_far_as_allowed(
    before: tuple[int, int], after: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    changed = list[tuple[int, int]]()
    monkeypatch.setattr("resource.getrlimit", lambda kind: before)
    monkeypatch.setattr("resource.setrlimit", lambda kind, new: changed.append(new))
    monkeypatch.setattr("resource.RLIM_INFINITY", -1)
    assert raise_file_limit() == after
    assert changed in ([], [(after, before[1])])


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


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.skipif(shutil.which("prlimit") is None, reason="needs Linux and util-linux")
@pytest.mark.parametrize("files", [1024, 4096])
@pytest.mark.parametrize("kind", SWARM)
def test_a_swarm_leaves_descriptors_for_a_film(tmp_path: Path, kind: str, files: int) -> None:
    film = Clip(frames=30, size_wh=(64, 48)).write(tmp_path / "a.mp4").read_bytes()
    answers = (200, 503) if kind == "half a body" else (200,)  # the others make room
    limited = ["prlimit", f"--nofile={files}:{files}"]
    with serving(tmp_path / "data", limited) as (client, process), ExitStack() as swarm:
        photo, upload = encoded(96, 72), uploaded(client, film)
        quiet = open_files(process.pid)
        job = client.post("jobs", {"upload": upload}).json["id"]
        for _ in range(2000):
            member = swarm.enter_context(opened_to(client.port))
            with suppress(OSError):  # refused already
                member.sendall(SWARM[kind])
        assert open_files(process.pid) < files - 64
        assert until(lambda: status(client) in answers)
        swarm.close()
        assert until(lambda: status(client) == 200)
        assert finished(client, job)["state"] == "done"
        assert client.post("stylize?style=udnie-17k", photo).status == 200
        assert until(lambda: open_files(process.pid) < quiet + 50)


@pytest.fixture
def narrow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ServerThread]:
    """A server for two connections, and two more that are refused."""
    monkeypatch.setattr(limits, "CONNECTIONS", 2)
    monkeypatch.setattr(limits, "REFUSALS", 2)
    with running(tmp_path) as server:
        yield server


def status(client: Client) -> int:
    """Status of an answer; 0 if the connection is reset."""
    try:
        return client.get("health").status
    except OSError:
        return 0


def open_files(process_id: int) -> int:
    """Number of a process's descriptors."""
    return len(list(Path(f"/proc/{process_id}/fd").iterdir()))


def opened_to(port: int, content: bytes = b"") -> socket.socket:
    """Connection over which something was sent."""
    connection = socket.create_connection(("127.0.0.1", port), timeout=60)
    connection.sendall(content)
    return connection


def receiving(port: int, header: bytes = BODY) -> socket.socket:
    """Connection whose body the server waits for."""
    connection = opened_to(port, header + b"Expect: 100-continue\r\n\r\n")
    assert connection.recv(100).startswith(b"HTTP/1.1 100 ")
    return connection


def refused(port: int) -> socket.socket:
    """Connection that was told that there are too many."""
    connection = opened_to(port)
    assert connection.recv(100).startswith(b"HTTP/1.1 503 ")
    return connection


def until(holds: Callable[[], bool]) -> bool:
    """Wait until something holds; False after a minute."""
    pause = threading.Event()
    return any(holds() or pause.wait(0.01) for _ in range(6000))
