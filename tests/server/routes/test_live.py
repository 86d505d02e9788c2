"""Frames go in and come out over a WebSocket, two in flight, the newest first."""

import json
import struct
import threading
import time
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from tests.live.scene import panned
from tests.server.conftest import encoded
from tests.server.running import ServerThread
from vidstyle.server import limits
from vidstyle.server.video_codec import H264Codec, has_h264, is_keyframe
from vidstyle.server.viewer import LiveViewer

FRAME = encoded(64, 48)


def joined(server: ServerThread, query: str = "style=udnie-17k", **more: Any) -> ClientConnection:
    address = f"ws://127.0.0.1:{server.client.port}/api/v1/live?{query}"
    socket: ClientConnection = connect(address, open_timeout=60, close_timeout=60, **more)
    return socket


def told(socket: ClientConnection, kind: str) -> dict[str, Any]:
    """The next text message but for reports of the state, of a kind."""
    found: dict[str, Any] = {"type": "status"}
    while found["type"] == "status" != kind:
        message = socket.recv(60)
        assert isinstance(message, str)
        found = json.loads(message)
    assert found["type"] == kind
    return found


def send(socket: ClientConnection, number: int, frame: bytes = FRAME) -> None:
    socket.send(struct.pack(">I", number) + frame)


def painted(socket: ClientConnection) -> int:
    """Number of the next painted frame, past messages about the status."""
    message = received(socket)
    assert message[4:6] == b"\xff\xd8"
    (number,) = struct.unpack(">I", message[:4])
    return int(number)


def received(socket: ClientConnection) -> bytes:
    """The next binary message, past messages about the status."""
    while isinstance(message := socket.recv(60), str):
        assert json.loads(message)["type"] == "status"
    return message


def test_frames_come_back_painted(server: ServerThread) -> None:
    with joined(server, "style=Udnie-17k&strength=0.5&fps=25") as socket:
        ready = told(socket, "ready")
        assert (ready["style"], ready["strength"], ready["in_flight"]) == ("udnie-17k", 0.5, 2)
        for number in (7, 8, 2**32 - 1):
            send(socket, number)
            assert painted(socket) == number
        send(socket, 9, encoded(48, 64))
        assert painted(socket) == 9


def test_of_the_frames_that_wait_the_newest_is_painted(
    server: ServerThread, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def paint(viewer: LiveViewer, frame: bytes) -> bytes:
        begun.set()
        go_on.wait(60)
        return frame

    monkeypatch.setattr(LiveViewer, "paint", paint)
    with joined(server) as socket:
        told(socket, "ready")
        send(socket, 0)
        assert begun.wait(60)
        for number in (1, 2, 3):
            send(socket, number)
        assert [told(socket, "dropped")["frame"] for _ in range(2)] == [1, 2]
        go_on.set()
        assert [painted(socket), painted(socket)] == [0, 3]


def test_settings_change_within_the_connection(server: ServerThread) -> None:
    with joined(server) as socket:
        told(socket, "ready")
        socket.send(json.dumps({"style": "scream", "keep_colors": True, "only": "person"}))
        settings = told(socket, "settings")
        assert (settings["style"], settings["keep_colors"]) == ("scream", True)
        assert settings["only"] == "person"
        for message, status in (
            ("no json", 400),
            ("[]", 400),
            ('{"style": "no style"}', 422),
            ('{"style": "/etc/passwd.txt"}', 422),
            ('{"strength": 5}', 422),
            ('{"only": "cats"}', 422),
            ('{"size": 5}', 422),
        ):
            socket.send(message)
            assert told(socket, "error")["status"] == status
        send(socket, 1)
        assert painted(socket) == 1


def test_a_broken_frame_does_not_end_the_connection(server: ServerThread) -> None:
    with joined(server) as socket:
        told(socket, "ready")
        send(socket, 5, b"no jpeg")
        error = told(socket, "error")
        assert (error["status"], error["frame"]) == (415, 5)
        socket.send(b"xy")
        assert told(socket, "error")["status"] == 400
        send(socket, 6)
        assert painted(socket) == 6


@pytest.mark.skipif(not has_h264(), reason="FFmpeg lacks libx264")
def test_h264_goes_both_ways(server: ServerThread) -> None:
    mine, theirs = H264Codec(30.0), H264Codec(30.0)
    with joined(server, "style=udnie-17k&codec=h264") as socket:
        assert told(socket, "ready")["codec"] == "h264"
        for number in range(3):
            send(socket, number, mine.encode(panned(number)))
            content = received(socket)
            assert content[:4] == struct.pack(">I", number)
            assert is_keyframe(content[4:]) == (number == 0)
            assert theirs.decode(content[4:]).width == 256
        mine.encode(panned(3))  # lost on its way
        for number, content in ((4, b"no video"), (5, mine.encode(panned(5)))):
            send(socket, number, content)
            assert told(socket, "keyframe")["frame"] == number
        mine.request_keyframe()
        send(socket, 6, mine.encode(panned(6)))
        theirs.decode(received(socket)[4:])
        socket.send(json.dumps({"keyframe": True}))
        send(socket, 7, mine.encode(panned(7)))
        assert is_keyframe(received(socket)[4:])
        socket.send(json.dumps({"style": "scream"}))
        told(socket, "settings")
        send(socket, 8, mine.encode(panned(8)))
        assert is_keyframe(received(socket)[4:])


@pytest.mark.skipif(not has_h264(), reason="FFmpeg lacks libx264")
def test_of_a_stream_all_packets_are_decoded_and_few_wait(
    server: ServerThread, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, go_on, decoded = threading.Event(), threading.Event(), list[bytes]()

    def paint(viewer: LiveViewer, packet: bytes) -> bytes:
        begun.set()
        assert go_on.wait(60)
        decoded.append(packet)
        return packet

    monkeypatch.setattr(LiveViewer, "paint", paint)
    monkeypatch.setattr(LiveViewer, "skip", lambda viewer, packet: decoded.append(packet))
    monkeypatch.setattr(limits, "LIVE_PACKETS", 2)
    with joined(server, "style=udnie-17k&codec=h264") as socket:
        told(socket, "ready")
        send(socket, 0, b"0")
        try:
            assert begun.wait(60)
            for number in (1, 2, 3):
                send(socket, number, b"%d" % number)
            assert told(socket, "dropped")["frame"] == 1
        finally:
            go_on.set()
        assert [received(socket) for _ in range(3)] == [
            struct.pack(">I", number) + b"%d" % number for number in (0, 2, 3)
        ]
    assert decoded == [b"0", b"1", b"2", b"3"]


def test_without_an_encoder_jpeg_is_told(
    server: ServerThread, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vidstyle.server.routes.live.has_h264", lambda: False)
    with joined(server, "style=udnie-17k&codec=h264") as socket:
        assert told(socket, "ready")["codec"] == "jpeg"
        send(socket, 1)
        assert painted(socket) == 1


def test_viewers_are_counted_and_limited(
    server: ServerThread, monkeypatch: pytest.MonkeyPatch
) -> None:
    deadline = time.monotonic() + 60
    while server.service.metrics.viewers:  # of the tests before
        assert time.monotonic() < deadline
        time.sleep(0.01)
    monkeypatch.setattr(limits, "LIVE_VIEWERS", 1)
    with joined(server) as socket:
        told(socket, "ready")
        assert "vidstyle_live_viewers 1" in server.client.get("metrics").content.decode()
        with joined(server) as second, pytest.raises(ConnectionClosed) as caught:
            second.recv(60)
        assert caught.value.rcvd is not None
        assert caught.value.rcvd.code == 4429
        assert "viewers are there already" in caught.value.rcvd.reason


@pytest.mark.parametrize("query", ["style=none", "strength=x", "fps=0", "size=5", "codec=vp8"])
def test_a_wrong_address_is_refused_with_the_reason(server: ServerThread, query: str) -> None:
    with joined(server, query) as socket, pytest.raises(ConnectionClosed) as caught:
        socket.recv(60)
    assert caught.value.rcvd is not None
    assert caught.value.rcvd.code == 4422
    assert caught.value.rcvd.reason


def test_other_sites_do_not_get_in(server: ServerThread) -> None:
    with pytest.raises(InvalidStatus) as caught:
        joined(server, origin="http://evil.example")
    assert caught.value.response.status_code == 403


def test_a_viewer_who_leaves_at_once_leaves_nothing(server: ServerThread) -> None:
    for _ in range(3):
        with joined(server) as socket:
            send(socket, 1)
    with joined(server) as socket:
        told(socket, "ready")
        send(socket, 2)
        assert painted(socket) == 2
