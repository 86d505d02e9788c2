"""Streams to real listeners on this machine, read back by PyAV."""

import io
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from fractions import Fraction
from types import SimpleNamespace

import av
import numpy as np
import pytest

from tests.clips import squares
from tests.live.scene import WAIT_S, frame
from tests.live.sinks.listener import decoded, listening
from vidstyle.errors import SinkError
from vidstyle.frame import Picture
from vidstyle.live.audio.ring_buffer import RATE, AudioRingBuffer
from vidstyle.live.sinks import network_stream
from vidstyle.live.sinks.base import OutputFrame
from vidstyle.live.sinks.mjpeg_server import MjpegServer
from vidstyle.live.sinks.network_stream import NetworkStream, open_stream, public_address

FPS = Fraction(30)


def output(number: int) -> OutputFrame:
    picture = Picture.from_rgb(squares(number % 20, 96, 64))
    return OutputFrame(frame(picture, number), picture)


def write_until(sink: NetworkStream, holds: Callable[[], bool]) -> int:
    """Write frames until something holds; return their number."""
    deadline, number = time.monotonic() + WAIT_S, 0
    while not holds():
        assert time.monotonic() < deadline
        sink.write(output(number))
        number += 1
        time.sleep(0.001)
    return number


def test_a_listener_gets_the_pictures_with_their_times() -> None:
    with listening() as listener:
        sink = NetworkStream(listener.address, FPS, None)
        write_until(sink, lambda: len(listener.received[0]) > 20_000)
        sink.close()
    frames = decoded(bytes(listener.received[0]))
    assert len(frames) >= 2
    times = [f.time for f in frames if f.time is not None]
    assert times == sorted(set(times))
    steps = np.diff(times) * 30
    assert np.abs(steps - np.rint(steps)).max() < 0.01  # whole frames; some were dropped
    shown = frames[0].to_ndarray(format="rgb24").astype(int)
    wanted = min(np.abs(shown - squares(n, 96, 64)).mean() for n in range(20))
    assert wanted < 12


def test_sound_goes_along() -> None:
    ring_buffer = AudioRingBuffer()
    wave = np.sin(2 * np.pi * 440 * np.arange(4 * RATE) / RATE)
    ring_buffer.write(np.repeat(0.5 * wave[:, None], 2, 1).astype(np.float32), 0.0)
    with listening() as listener:
        sink = NetworkStream(listener.address, FPS, ring_buffer)
        write_until(sink, lambda: len(listener.received[0]) > 50_000)
        sink.close()
    with av.open(io.BytesIO(bytes(listener.received[0])), "r", format="mpegts") as container:
        assert sum(f.samples for f in container.decode(audio=0)) > 0


RTMP_SERVER = f"""
import sys, av
limits, kinds = ({WAIT_S}, {WAIT_S}), set()
with av.open(sys.argv[1], format="flv", options={{"listen": "1"}}, timeout=limits) as server:
    for frame in server.decode():
        kinds.add(type(frame).__name__)
        if len(kinds) == 2:
            break
print(*sorted(kinds), flush=True)
"""
SILENT_SERVER = f"""
import socket, time
server = socket.create_server(("127.0.0.1", 0))
print(server.getsockname()[1], flush=True)
client, _ = server.accept()
time.sleep({WAIT_S})
"""


def serving(script: str, *words: str) -> "subprocess.Popen[str]":
    """A server in a process of its own, which goes on while all threads of this one stand still."""
    command = [sys.executable, "-c", script, *words]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def test_an_rtmp_server_gets_pictures_and_sound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(network_stream, "PAUSES_S", (0.0,))
    ring_buffer = AudioRingBuffer()
    ring_buffer.write(np.zeros((4 * RATE, 2), np.float32), 0.0)
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"rtmp://127.0.0.1:{free.getsockname()[1]}/app/key"
    with serving(RTMP_SERVER, address) as server:
        try:
            sink = NetworkStream(address, FPS, ring_buffer)
            write_until(sink, lambda: server.poll() is not None)
            sink.close()
            assert server.stdout is not None
            assert server.stdout.read().split() == ["AudioFrame", "VideoFrame"]
        finally:
            server.kill()


def test_a_server_that_says_nothing_stops_neither_the_program_nor_its_threads(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(network_stream, "STALL_S", 0.2)
    monkeypatch.setattr(network_stream, "FAREWELL_S", 0.0)
    monkeypatch.setattr(network_stream, "PAUSES_S", (WAIT_S,))
    with serving(SILENT_SERVER) as server:
        try:
            assert server.stdout is not None
            port = server.stdout.readline().strip()
            sink = NetworkStream(f"rtmp://127.0.0.1:{port}/app/key", FPS, None)
            sink.write(output(0))
            assert sink._connection is not None
            worker = sink._connection._worker
            write_until(sink, lambda: worker.over)
            sink.write(output(0))
            sink.close()
            assert server.poll() is None  # not ended by the server's end
        finally:
            server.kill()
    (line,) = caplog.messages
    assert line.startswith(f"The stream to rtmp://127.0.0.1:{port} has stopped: ")


def test_a_lost_connection_is_said_and_comes_back(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(network_stream, "PAUSES_S", (0.0,))
    with listening(refused=1) as listener:
        sink = NetworkStream(f"{listener.address}/secret", FPS, None)
        write_until(sink, lambda: len(listener.received[-1]) > 20_000)
        write_until(sink, lambda: "is back" in caplog.text)
        sink.close()
    (data,) = filter(None, listener.received)
    assert len(decoded(bytes(data))) >= 2
    lost, *_, back = caplog.messages
    assert lost.startswith(f"The stream to {listener.address} has stopped: ")
    assert lost.endswith(". Tries again.")
    assert back == f"The stream to {listener.address} is back."
    assert "secret" not in caplog.text


def test_without_a_server_nothing_blocks_and_it_is_said_once(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(network_stream, "PAUSES_S", (0.0,))
    with socket.socket() as kept:
        kept.bind(("127.0.0.1", 0))  # refuses, as it does not listen
        sink = NetworkStream(f"tcp://127.0.0.1:{kept.getsockname()[1]}", FPS, None)
        write_until(sink, lambda: sink._failures >= 3)
        sink.close()
        sink.close()
    (line,) = caplog.messages
    assert "Connection refused" in line


def test_a_network_that_takes_nothing_is_given_up_and_left_behind(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Frames are dropped meanwhile; the clock says when it has been too long."""
    now_s, held, blocked = [0.0], threading.Event(), threading.Event()

    def block(muxer: object, frame: object) -> None:
        blocked.set()
        held.wait(WAIT_S)

    monkeypatch.setattr(network_stream.NetworkMuxer, "write", block)
    monkeypatch.setattr(network_stream, "PATIENCE_S", 0.0)
    sink = NetworkStream("udp://127.0.0.1:9", FPS, None, clock=lambda: now_s[0])
    write_until(sink, blocked.is_set)
    for number in range(10):
        sink.write(output(number))
    assert not caplog.messages
    now_s[0] = 11.0
    sink.write(output(0))
    sink.close()
    held.set()
    (line,) = caplog.messages
    assert "nothing was taken for 10 s" in line


def test_a_defect_of_the_program_is_told_with_its_traceback(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    error = ValueError("a defect of a toy")

    def fail(muxer: object, frame: object) -> None:
        raise error

    monkeypatch.setattr(network_stream.NetworkMuxer, "write", fail)
    monkeypatch.setattr(network_stream, "FAREWELL_S", 0.0)
    sink = NetworkStream("udp://127.0.0.1:9", FPS, None, clock=lambda: 0.0)
    write_until(sink, lambda: bool(caplog.records))
    sink.close()
    (record,) = caplog.records
    assert record.message.endswith("has stopped: a defect of a toy. Tries again.")
    assert record.exc_info is not None
    assert record.exc_info[1] is error


def test_a_failure_is_told_before_the_connection_is_closed(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    told, in_vain = threading.Event(), list[bool]()

    def fail(muxer: object, frame: object) -> None:
        raise SinkError("The toy network is down.")

    def wait(seconds: float) -> None:
        in_vain.append(not told.wait(WAIT_S))

    monkeypatch.setattr(network_stream.NetworkMuxer, "write", fail)
    monkeypatch.setattr(network_stream, "time", SimpleNamespace(sleep=wait))
    sink = NetworkStream("udp://127.0.0.1:9", FPS, None, clock=lambda: 0.0)
    sink.write(output(0))
    assert sink._connection is not None
    worker = sink._connection._worker
    write_until(sink, lambda: bool(caplog.messages))
    told.set()
    sink.close()
    worker.outlast(WAIT_S)
    assert in_vain == [False]
    assert caplog.messages[0].endswith("has stopped: The toy network is down. Tries again.")


def test_sound_that_cannot_be_encoded_is_told(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise SinkError("No sound for toys.") from ValueError("aac")

    monkeypatch.setattr(network_stream, "AudioTrack", refuse)
    sink = NetworkStream("udp://127.0.0.1:9", FPS, AudioRingBuffer(), clock=lambda: 0.0)
    write_until(sink, lambda: bool(caplog.records))
    sink.close()
    assert caplog.messages == [
        "The stream to udp://127.0.0.1:9 has stopped: No sound for toys. Tries again."
    ]


def test_a_protocol_that_is_missing_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(network_stream, "_has_protocol", lambda scheme: False)
    with pytest.raises(SinkError, match=r"built without SRT\. Stream by another"):
        NetworkStream("srt://127.0.0.1:9000", FPS, None)


def test_protocols_are_told_apart() -> None:
    found = [network_stream._has_protocol(scheme) for scheme in ("tcp", "rtmp", "nonsense")]
    assert found == [True, True, False]


def test_http_is_served_and_others_are_connected_to() -> None:
    for address, kind in (
        ("http://127.0.0.1:0/", MjpegServer),
        ("tcp://127.0.0.1:9", NetworkStream),
    ):
        sink = open_stream(address, FPS, None)
        assert isinstance(sink, kind)
        sink.close()


def test_secrets_stay_out_of_messages() -> None:
    assert public_address("rtmp://me:pw@live.example:1935/app/key") == "rtmp://live.example:1935"
