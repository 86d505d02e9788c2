"""MJPEG server sink: rendered frames over HTTP to browsers and players, as motion JPEG."""

import logging
import socket
import sys
import threading
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

import cv2

from vidstyle.errors import SinkError, reason
from vidstyle.frame import Picture
from vidstyle.live.sinks.base import OutputFrame

log = logging.getLogger(__name__)

DEFAULT_PORT = 8080
JPEG_QUALITY = 85
MOST_CLIENTS = 16
STALL_S = 10.0  # until a client that takes nothing is disconnected
POLL_S = 0.05  # of the server's loop, and of clients that wait for a frame
BOUNDARY = "vidstyle"


class MjpegServer:
    """Sink that serves the newest frame to any number of clients, each at its own pace.

    A frame is encoded when the first client asks for it. `write` and `close` belong to the sink
    thread; each client has a thread of its own.
    """

    def __init__(self, address: str) -> None:
        """Bind the port and start serving.

        Args:
            address: "http://HOST:PORT/"; 0.0.0.0 serves other machines too.

        Raises:
            SinkError: the port is taken or may not be used, or the host is not of this machine.
        """
        parts = urlsplit(address)
        self._newest = _NewestJpeg()
        port = DEFAULT_PORT if parts.port is None else parts.port
        try:
            self._server = _Server((parts.hostname or "", port), self._newest)
        except OSError as error:
            where = f"{parts.hostname}:{port}"
            raise SinkError(
                f"Cannot serve a stream at {where}: {reason(error)}.", {"stream": ...}
            ) from error
        self.port = self._server.server_port
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(POLL_S,), name="mjpeg", daemon=True
        )
        self._thread.start()

    def write(self, output: OutputFrame) -> None:
        """Offer a frame to the clients; never blocks."""
        self._newest.put(output.frame.picture)

    def close(self) -> None:
        """Disconnect all clients and free the port."""
        self._newest.put(None)
        self._server.shutdown()
        self._server.server_close()


class _NewestJpeg:
    """The newest frame, and its JPEG once a client wants it; thread-safe."""

    def __init__(self) -> None:
        self._changed, self._encoding = threading.Condition(), threading.Lock()
        self._picture: Picture | None = None
        self._number, self._encoded = 0, (0, b"")  # count of frames; number and JPEG of one
        self.closed = False

    def put(self, picture: Picture | None) -> None:
        """Replace the frame; None for the end."""
        with self._changed:
            self._picture, self._number = picture, self._number + 1
            self.closed = picture is None
            self._changed.notify_all()

    def after(self, number: int) -> tuple[int, bytes]:
        """Number and JPEG of the newest frame, if it is another one; else no bytes.

        Encodes it, once for all clients, outside of the lock that `put` needs.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._number != number or self.closed, POLL_S)
            picture, newest = self._picture, self._number
        if picture is None or newest == number:
            return number, b""
        with self._encoding:
            if self._encoded[0] < newest:
                self._encoded = newest, _jpeg(picture)
            return self._encoded


class _Server(ThreadingHTTPServer):
    daemon_threads, block_on_close = True, False  # a client may block until its timeout
    allow_reuse_address = sys.platform != "win32"  # there, two programs would have the same port

    def __init__(self, address: tuple[str, int], newest: _NewestJpeg) -> None:
        self.newest, self.places = newest, threading.BoundedSemaphore(MOST_CLIENTS)
        if ":" in address[0]:
            self.address_family = socket.AF_INET6
        super().__init__(address, _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Log the exception that ended a client's thread; none of the network: clients go."""
        error = sys.exception()
        if not isinstance(error, OSError):
            log.error("A client of the MJPEG server was disconnected.", exc_info=error)


class _Handler(BaseHTTPRequestHandler):
    timeout = STALL_S  # of the client's socket
    server: _Server

    def do_GET(self) -> None:
        """Send frames until the client or the stream ends."""
        if not self.server.places.acquire(blocking=False):
            self.send_error(503)
            return
        try:
            with suppress(OSError):
                self._send_frames()
        finally:
            self.server.places.release()

    def _send_frames(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", f"multipart/x-mixed-replace; boundary={BOUNDARY}")
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        number, newest = 0, self.server.newest
        while not newest.closed:
            number, jpeg = newest.after(number)
            if jpeg:
                head = f"--{BOUNDARY}\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}"
                self.wfile.write(f"{head}\r\n\r\n".encode() + jpeg + b"\r\n")

    def log_message(self, format: str, *args: object) -> None:
        """Log nothing."""


def _jpeg(picture: Picture) -> bytes:
    bgr = cv2.cvtColor(picture.to_rgb(), cv2.COLOR_RGB2BGR)
    return cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])[1].tobytes()
