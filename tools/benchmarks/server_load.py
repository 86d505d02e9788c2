"""Light mixed load on a server for hours: pictures, films as jobs, and a live viewer."""

import http.client
import itertools
import json
import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any

import cv2
import numpy as np
from websockets.exceptions import WebSocketException

from tools.benchmarks.sample_clip import sample_images
from tools.benchmarks.server import Connection, distinct, jpeg, measure_live
from vidstyle.server.limits import PICTURE_CACHE_BYTES

log = logging.getLogger(__name__)

STYLE = "great-wave"
PICTURE_WH = (512, 512)
PICTURES_EVERY_S = 0.5
CACHED = 5  # pictures that were painted before, beside a fresh one
FILM_EVERY_S = 60.0
VIEWER_EVERY_S, VIEWER_S, VIEWER_FRAMES = 25.0, 5.0, 30
ANSWER_S = 60.0  # for an answer, and for a client to end
FAILURES = (OSError, RuntimeError, http.client.HTTPException, WebSocketException)


class ServerLoad:
    """Clients of a server, each in a thread of its own; `done` and `failed` count their turns."""

    def __init__(self, port: int, process_id: int, film: bytes) -> None:
        """Prepare the clients.

        Args:
            port: of the server, on loopback.
            process_id: likewise.
            film: content of the video file that is converted again and again.
        """
        self._port, self._process_id, self._film = port, process_id, film
        images = sample_images(VIEWER_FRAMES)
        self._frames = [jpeg(image) for image in images]
        self._picture = jpeg(np.asarray(cv2.resize(images[0], PICTURE_WH), np.uint8))
        self._fresh = distinct(self._picture)
        self._strengths = itertools.cycle(n / 1000 for n in range(500, 1000))
        self._stop, self._lock = threading.Event(), threading.Lock()
        self.done = self.failed = 0

    @contextmanager
    def running(self) -> Iterator[None]:
        """Send requests during the block."""
        turns = (
            (self.paint_pictures, PICTURES_EVERY_S),
            (self.watch_live, VIEWER_EVERY_S),
            (self.convert_film, FILM_EVERY_S),
        )
        threads = [threading.Thread(target=self._repeat, args=turn) for turn in turns]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._stop.set()
            for thread in threads:
                thread.join(ANSWER_S)

    def fill_cache(self) -> None:
        """Fill the server's cache of pictures, which would look like a leak for ten minutes."""
        query, left = f"style={STYLE}&format=png", PICTURE_CACHE_BYTES
        with closing(Connection(self._port, query)) as connection:
            while left > 0:
                left -= connection.paint(next(self._fresh))

    def paint_pictures(self) -> None:
        """Open a connection and have a new picture painted, and one that is cached."""
        with closing(Connection(self._port, f"style={STYLE}")) as connection:
            connection.paint(next(self._fresh))
            for _ in range(CACHED):
                connection.paint(self._picture)

    def watch_live(self) -> None:
        """Open a WebSocket, send frames for some seconds, and close it."""
        measure_live(self._port, self._process_id, STYLE, self._frames, VIEWER_S)

    def convert_film(self) -> None:
        """Upload the film, convert it in a new strength, take the result, and delete both.

        Raises:
            RuntimeError: the server answered with a problem, or the job failed.
        """
        upload = self._ask("POST", "uploads", {"name": "film.mp4", "bytes": len(self._film)})["id"]
        self._ask("PUT", f"uploads/{upload}/content", self._film)
        options = {"style": STYLE, "strength": next(self._strengths)}
        job = self._ask("POST", "jobs", {"upload": upload, "options": options})["id"]
        self._send("GET", f"jobs/{job}/events")  # ends with the job
        state = self._ask("GET", f"jobs/{job}")["state"]
        if state != "done":
            raise RuntimeError(f"The job is {state}.")
        self._send("GET", f"jobs/{job}/result")
        self._send("DELETE", f"jobs/{job}")
        self._send("DELETE", f"uploads/{upload}")

    def _repeat(self, turn: Callable[[], None], every_s: float) -> None:
        while not self._stop.is_set():
            due_s = time.monotonic() + every_s
            try:
                turn()
            except FAILURES as failure:
                log.warning("%s: %r", turn.__name__, failure)
                with self._lock:
                    self.failed += 1
            with self._lock:
                self.done += 1
            self._stop.wait(max(0.0, due_s - time.monotonic()))

    def _ask(self, method: str, path: str, body: bytes | dict[str, Any] | None = None) -> Any:
        content = json.dumps(body).encode() if isinstance(body, dict) else body
        return json.loads(self._send(method, path, content))

    def _send(self, method: str, path: str, body: bytes | None = None) -> bytes:
        """Send a request below /api/v1 and return the content of the answer."""
        server = http.client.HTTPConnection("127.0.0.1", self._port, timeout=ANSWER_S)
        with closing(server) as connection:
            connection.request(method, f"/api/v1/{path}", body)
            response = connection.getresponse()
            content = response.read()
        if response.status >= 400:
            raise RuntimeError(content.decode())
        return content
