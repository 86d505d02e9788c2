"""A listener for streams over TCP, and what it has heard."""

import io
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import av

from tests.live.scene import WAIT_S


class Listener:
    """A TCP server that keeps what each connection sends; the first ones may be turned away."""

    def __init__(self, refused: int = 0) -> None:
        self._server = socket.create_server(("127.0.0.1", 0))
        self.address = f"tcp://127.0.0.1:{self._server.getsockname()[1]}"
        self.received = [bytearray()]
        self.refused, self.accepted = refused, threading.Semaphore(0)
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        self._thread.join(WAIT_S)

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._server.accept()
            except OSError:
                return
            with client:
                self.accepted.release()
                if self.refused:
                    self.refused -= 1
                    continue
                while data := client.recv(1 << 16):
                    self.received[-1] += data
            self.received.append(bytearray())


@contextmanager
def listening(refused: int = 0) -> Iterator[Listener]:
    listener = Listener(refused)
    try:
        yield listener
    finally:
        listener.close()


def decoded(data: bytes) -> list[av.VideoFrame]:
    with av.open(io.BytesIO(data), "r", format="mpegts") as container:
        return list(container.decode(video=0))
