"""Load test of the server on loopback, one picture and live; the last line is JSON.

Starts a server of its own, and sends pictures over several connections at once: fresh ones, each
with another content, and one that the server has painted before. Beside each size it measures
where the time goes, in this process on one thread: decoding, painting and encoding. A live viewer
sends the frames of a clip over a WebSocket, at 30 frames per second or slower if it has to wait.

    python -m tools.benchmarks.server
    python -m tools.benchmarks.server --sizes 256x256 --seconds 30 --connections 16
"""

import argparse
import itertools
import json
import math
import os
import re
import socket
import statistics
import struct
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import cv2
import numpy as np
from rich.console import Console
from rich.table import Table
from websockets.sync.client import connect

from tools import scenery
from tools.benchmarks.conversion import empty_report
from vidstyle.frame import Picture, RGBImage
from vidstyle.hardware import usable_cores
from vidstyle.media.image_file import decode_photo, encode_result
from vidstyle.options import StylizeOptions
from vidstyle.stats import Stats
from vidstyle.stylize.generator_pool import load_generator
from vidstyle.stylize.stylizer import stylize_picture

SIZES = ("256x256", "512x512", "1280x720")
JPEG_QUALITY = 90  # of the pictures that are sent
ALONE_RUNS = 20  # of each stage, for its median
BUFFER_BYTES = 1 << 20
LIVE_FRAMES, LIVE_FPS = 30, 30.0  # of the clip that a live viewer sends
NO_LOOK: Mapping[str, Any] = {}
COARSE: Mapping[str, Any] = {"max_height": 480, "faces": "plain"}
NUMBER = struct.Struct(">I")  # of a live frame, before its JPEG


@dataclass
class Latencies:
    """Durations of the requests of one run, in seconds; threads add their own."""

    seconds: list[float] = field(default_factory=list)

    def percentile_ms(self, percent: float) -> float:
        """A percentile in milliseconds."""
        ordered = sorted(self.seconds)
        return 1000 * ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]


class Connection:
    """One connection that stays open; belongs to one thread."""

    def __init__(self, port: int, query: str) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._buffer = bytearray(BUFFER_BYTES)
        self._head = f"POST /api/v1/stylize?{query} HTTP/1.1\r\nHost: localhost\r\n".encode()

    def close(self) -> None:
        """Close the connection."""
        self._socket.close()

    def paint(self, content: bytes) -> int:
        """Send a picture and read the answer; return its size in bytes.

        Raises:
            RuntimeError: the answer is not a picture.
        """
        length = f"Content-Length: {len(content)}\r\n\r\n".encode()
        self._socket.sendall(self._head + length + content)
        view, received = memoryview(self._buffer), 0
        end = -1
        while end < 0:
            received += self._more(view[received:])
            end = self._buffer.find(b"\r\n\r\n", 0, received)
        head = bytes(view[:end])
        found = re.search(rb"content-length: (\d+)", head)
        if not head.startswith(b"HTTP/1.1 200 ") or found is None:
            raise RuntimeError(head.decode("latin-1"))
        size = int(found[1])
        left = size - (received - end - 4)
        while left > 0:
            left -= self._more(view)
        return size

    def _more(self, view: memoryview) -> int:
        received = self._socket.recv_into(view)
        if not received:
            raise RuntimeError("The server closed the connection.")
        return received


def main() -> None:
    """Measure every size and print the results."""
    parsed = _parser().parse_args()
    report = empty_report() | {"live": [], "load_before": os.getloadavg()}
    look = COARSE if parsed.coarse else NO_LOOK
    with running_server() as (port, process_id):
        for size in parsed.sizes:
            picture = sample_picture(*map(int, size.split("x")))
            run = {"size": size, "bytes": len(picture), "style": parsed.style}
            run |= alone(picture, parsed.style, look)
            for kind, connections, contents in (
                ("fresh", parsed.connections or usable_cores() + 1, distinct(picture)),
                ("cached", parsed.connections or 4 * usable_cores(), itertools.repeat(picture)),
            ):
                run[kind] = measure(
                    port, process_id, parsed.style, contents, connections, parsed.seconds, look
                )
            report["runs"].append(run)
        for height in parsed.live:
            frames = [jpeg(scenery.render(index, height=height)) for index in range(LIVE_FRAMES)]
            live = measure_live(port, process_id, parsed.style, frames, parsed.seconds)
            report["live"].append({"lines": height, "style": parsed.style, **live})
    report["load_after"] = os.getloadavg()
    _print(report)
    print(json.dumps(report))


@contextmanager
def running_server() -> Iterator[tuple[int, int]]:
    """Run a server for the block; yields its port and the id of its process."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "vidstyle", "serve", "--port", "0", "--data", folder]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            try:
                assert process.stdout is not None
                found = re.search(r"http://127\.0\.0\.1:(\d+)/", process.stdout.readline())
                assert found is not None
                yield int(found[1]), process.pid
            finally:
                process.terminate()


def sample_picture(width: int, height: int) -> bytes:
    """JPEG of the sample's scenery in a size."""
    image = scenery.render(0, height=height)
    resized = cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)
    return jpeg(np.asarray(resized, np.uint8))


def distinct(picture: bytes) -> Iterator[bytes]:
    """Yield the same picture in files of different content, by bytes behind its end."""
    start = time.time_ns()
    return (picture + (start + number).to_bytes(8, "big") for number in itertools.count())


def measure(
    port: int,
    process_id: int,
    style: str,
    contents: Iterator[bytes],
    connections: int,
    seconds: float,
    look: Mapping[str, Any] = NO_LOOK,
) -> dict[str, Any]:
    """Send pictures over several connections for some time.

    Args:
        port: of the server.
        process_id: likewise, for its CPU time.
        style: as for vidstyle.
        contents: of picture files; taken one after the other by all connections.
        connections: at the same time.
        seconds: how long.
        look: other options of the pictures.
    """
    query = urlencode({"style": style, **look})
    latencies, lock = Latencies(), threading.Lock()
    warmed = threading.Barrier(connections + 1)

    def send() -> None:
        own = list[float]()
        connection = Connection(port, query)
        with lock:
            content = next(contents)
        connection.paint(content)
        warmed.wait()
        stop_s = time.perf_counter() + seconds
        while not own or time.perf_counter() < stop_s:
            started_s = time.perf_counter()
            with lock:
                content = next(contents)
            connection.paint(content)
            own.append(time.perf_counter() - started_s)
        connection.close()
        with lock:
            latencies.seconds += own

    threads = [threading.Thread(target=send) for _ in range(connections)]
    for thread in threads:
        thread.start()
    warmed.wait()  # all have been answered once
    server_s, client_s = _cpu_s(process_id), _own_cpu_s()
    started_s = time.perf_counter()
    for thread in threads:
        thread.join()
    elapsed_s, number = time.perf_counter() - started_s, len(latencies.seconds)
    return {
        "connections": connections,
        "per_second": round(number / elapsed_s, 1),
        "p50_ms": round(latencies.percentile_ms(50), 2),
        "p99_ms": round(latencies.percentile_ms(99), 2),
        "server_core_ms": round(1000 * (_cpu_s(process_id) - server_s) / number, 3),
        "client_core_ms": round(1000 * (_own_cpu_s() - client_s) / number, 3),
    }


def measure_live(
    port: int, process_id: int, style: str, frames: Sequence[bytes], seconds: float
) -> dict[str, Any]:
    """Send frames as a live viewer does, two in flight, for some time.

    Args:
        port: of the server.
        process_id: likewise, for its CPU time.
        style: as for vidstyle.
        frames: JPEG, played over and over.
        seconds: how long, after the first painted frame.
    """
    latencies, sent_s = Latencies(), dict[int, float]()
    numbers = itertools.count()
    with connect(f"ws://127.0.0.1:{port}/api/v1/live?style={style}") as viewer:

        def send() -> None:
            number = next(numbers)
            sent_s[number] = time.perf_counter()
            viewer.send(NUMBER.pack(number) + frames[number % len(frames)])

        def answered() -> float:
            """Wait for a painted frame, and return its delay."""
            while isinstance(message := viewer.recv(), str):
                pass
            return time.perf_counter() - sent_s.pop(NUMBER.unpack_from(message)[0])

        send()
        answered()
        cpu_s, started_s = _cpu_s(process_id), time.perf_counter()
        send()
        while (elapsed_s := time.perf_counter() - started_s) < seconds:
            due_s = started_s + next_frame(elapsed_s)
            send()
            latencies.seconds.append(answered())
            time.sleep(max(0.0, due_s - time.perf_counter()))
        number = len(latencies.seconds)
        return {
            "fps": round(number / elapsed_s, 1),
            "p50_ms": round(latencies.percentile_ms(50), 1),
            "p99_ms": round(latencies.percentile_ms(99), 1),
            "server_core_ms": round(1000 * (_cpu_s(process_id) - cpu_s) / number, 2),
        }


def next_frame(elapsed_s: float) -> float:
    """Time of the camera's next frame, from the start."""
    return (math.floor(elapsed_s * LIVE_FPS) + 1) / LIVE_FPS


def alone(picture: bytes, style: str, look: Mapping[str, Any] = NO_LOOK) -> dict[str, Any]:
    """Milliseconds of one core for each stage of a picture, medians in this process."""
    generator, options = load_generator(style), StylizeOptions(style=style, **look)
    encoded = np.frombuffer(picture, np.uint8)
    image = Picture.from_rgb(decode_photo(encoded, "the picture").image)
    painted = stylize_picture(image, generator, options, Stats()).to_rgb()
    name = Path("painted.jpg")
    stages: dict[str, Callable[[], object]] = {
        "decode_ms": lambda: Picture.from_rgb(decode_photo(encoded, "the picture").image),
        "paint_ms": lambda: stylize_picture(image, generator, options, Stats()),
        "encode_ms": lambda: encode_result(name, painted),
    }
    cv2.setNumThreads(1)
    found = {stage: round(_median_ms(action), 3) for stage, action in stages.items()}
    limit = 1000 * usable_cores() / sum(found.values())
    return found | {"limit_per_second": round(limit)}


def jpeg(image: RGBImage) -> bytes:
    """JPEG of an image in `JPEG_QUALITY`."""
    bgr = cv2.cvtColor(image, cv2.COLOR_RGB2BGR)
    return cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])[1].tobytes()


def _median_ms(action: Callable[[], object]) -> float:
    times = []
    for _ in range(ALONE_RUNS):
        started_s = time.thread_time()
        action()
        times.append(time.thread_time() - started_s)
    return 1000 * statistics.median(times)


def _cpu_s(process_id: int) -> float:
    """CPU time of a process, without its children."""
    text = Path(f"/proc/{process_id}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(text[11]) + int(text[12])) / os.sysconf("SC_CLK_TCK")


def _own_cpu_s() -> float:
    times = os.times()
    return times.user + times.system


def _print(report: dict[str, Any]) -> None:
    table = Table(
        "size", "kind", "pictures/s", "p50 ms", "p99 ms", "server ms", "client ms", "limit/s"
    )
    for run in report["runs"]:
        for kind in ("fresh", "cached"):
            found = run[kind]
            names = ("per_second", "p50_ms", "p99_ms", "server_core_ms", "client_core_ms")
            limit = str(run["limit_per_second"]) if kind == "fresh" else ""
            table.add_row(run["size"], kind, *(str(found[name]) for name in names), limit)
    console = Console(highlight=False, soft_wrap=True)
    console.print(table)
    for live in report["live"]:
        console.print(
            f"live, {live['lines']} lines: {live['fps']} fps, p50 {live['p50_ms']} ms, "
            f"p99 {live['p99_ms']} ms, server {live['server_core_ms']} ms a frame"
        )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", nargs="+", default=SIZES, help="of the pictures")
    parser.add_argument(
        "--live", type=int, nargs="*", default=[360, 720], help="lines of live viewers' frames"
    )
    parser.add_argument("--seconds", type=float, default=10.0, help="how long each run takes")
    parser.add_argument("--connections", type=int, help="at once; by kind and cores unless given")
    parser.add_argument("--style", default="great-wave", help="as for vidstyle")
    parser.add_argument(
        "--coarse", action="store_true", help="strokes of 480 lines, also in faces: much faster"
    )
    return parser


if __name__ == "__main__":
    main()
