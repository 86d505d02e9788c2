"""MJPEG over HTTP, read by PyAV and by plain sockets."""

import socket
import threading
import time
from collections.abc import Iterator

import av
import numpy as np
import pytest

from tests.clips import squares
from tests.live.scene import WAIT_S, frame
from vidstyle.errors import SinkError
from vidstyle.frame import Picture
from vidstyle.live.sinks import mjpeg_server
from vidstyle.live.sinks.base import OutputFrame
from vidstyle.live.sinks.mjpeg_server import MjpegServer


@pytest.fixture
def server() -> Iterator[MjpegServer]:
    server = MjpegServer("http://127.0.0.1:0/")
    yield server
    server.close()


def output(number: int) -> OutputFrame:
    picture = Picture.from_rgb(squares(number, 96, 64))
    return OutputFrame(frame(picture, number), picture)


def test_players_get_the_pictures(server: MjpegServer) -> None:
    done, seen = threading.Event(), list[np.ndarray]()

    def watch() -> None:
        try:
            address = f"http://127.0.0.1:{server.port}/live"
            with av.open(address, format="mpjpeg", timeout=(WAIT_S, WAIT_S)) as container:
                for picture in container.decode(video=0):
                    seen.append(picture.to_ndarray(format="rgb24").astype(int))
                    if len(seen) == 3:
                        return
        finally:
            done.set()

    viewer = threading.Thread(target=watch)
    viewer.start()
    number = 0
    while not done.wait(0.01):
        server.write(output(number % 20))
        number += 1
    viewer.join(WAIT_S)
    assert len(seen) == 3
    for picture in seen:
        assert min(np.abs(picture - squares(n, 96, 64)).mean() for n in range(20)) < 8


def test_without_clients_nothing_is_encoded(
    server: MjpegServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoded = list[Picture]()
    monkeypatch.setattr(mjpeg_server, "_jpeg", encoded.append)
    for number in range(5):
        server.write(output(number))
    assert not encoded


def client_of(server: MjpegServer) -> socket.socket:
    client = socket.create_connection(("127.0.0.1", server.port), timeout=WAIT_S)
    client.sendall(b"GET / HTTP/1.1\r\n\r\n")
    return client


def test_a_client_that_takes_nothing_holds_up_nobody(
    server: MjpegServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    large = b"x" * (1 << 20)  # all pictures together do not fit into the sockets' buffers
    monkeypatch.setattr(mjpeg_server, "_jpeg", lambda picture: large)
    with client_of(server), client_of(server) as taking, taking.makefile("rb") as stream:
        for number in range(40):
            server.write(output(number))
            for line in stream:
                if line.startswith(b"Content-Length: "):
                    assert int(line.split()[1]) == len(large)
                    assert stream.readline() == b"\r\n"
                    assert stream.read(len(large)) == large
                    break
            else:
                pytest.fail("the stream has ended")
        closing = threading.Thread(target=server.close, daemon=True)
        closing.start()
        closing.join(WAIT_S)
        assert not closing.is_alive()
    server.close()  # twice is fine


def test_frames_are_taken_while_one_is_encoded(
    server: MjpegServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoding, taken, in_vain = threading.Event(), threading.Event(), list[bool]()

    def encode(picture: Picture) -> bytes:
        encoding.set()
        in_vain.append(not taken.wait(WAIT_S))
        return b"a picture"

    monkeypatch.setattr(mjpeg_server, "_jpeg", encode)
    with client_of(server) as client, client.makefile("rb") as stream:
        server.write(output(0))
        assert encoding.wait(WAIT_S)
        server.write(output(1))
        taken.set()
        while b"a picture" not in stream.readline():
            pass
    assert in_vain[0] is False


@pytest.mark.logs_errors
def test_a_picture_that_cannot_be_encoded_is_logged_and_the_server_goes_on(
    server: MjpegServer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    error = ValueError("no JPEG of a toy")

    def fail(picture: Picture) -> bytes:
        raise error

    with monkeypatch.context() as broken, client_of(server) as client:
        broken.setattr(mjpeg_server, "_jpeg", fail)
        server.write(output(0))
        while client.recv(1 << 16):
            pass
    (record,) = caplog.records
    assert record.exc_info is not None
    assert record.exc_info[1] is error
    with client_of(server) as client, client.makefile("rb") as stream:
        server.write(output(1))
        assert any(line.startswith(b"Content-Length: ") for line in stream)


def test_clients_that_go_are_not_logged(
    server: MjpegServer, caplog: pytest.LogCaptureFixture
) -> None:
    for error in (ConnectionResetError(), TimeoutError()):
        try:
            raise error
        except OSError:
            server._server.handle_error(None, None)
    assert not caplog.records


def test_too_many_clients_are_turned_away(
    server: MjpegServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(mjpeg_server.MOST_CLIENTS):
        server._server.places.acquire()
    with client_of(server) as client:
        assert b" 503 " in client.recv(100)


def test_clients_are_let_go_at_the_end(server: MjpegServer) -> None:
    with client_of(server) as client:
        server.write(output(1))
        head, data = b"--vidstyle\r\nContent-Type: image/jpeg", b""
        while head not in data:
            data += client.recv(1 << 16)
        server.close()
        deadline = time.monotonic() + WAIT_S
        while more := client.recv(1 << 16):
            data += more
            assert time.monotonic() < deadline
    assert data.startswith(b"HTTP/1.0 200 ")
    assert data.count(head) == 1


def test_a_port_that_is_taken_is_said() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"http://127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(SinkError, match=r"Cannot serve a stream at 127\.0\.0\.1"):
            MjpegServer(address)
