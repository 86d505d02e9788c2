"""A web server for the files of a folder."""

import http.server
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from tests.live.scene import WAIT_S
from vidstyle.live.sources import stream

PATIENCE_S = (60.0, 60.0)  # in place of the program's timeouts, on machines that stall


class Files(http.server.SimpleHTTPRequestHandler):
    """Serves files; those whose names begin with "live" without saying how long they are."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if not self.path.startswith("/live"):
            super().do_GET()
            return
        data = Path(self.translate_path(self.path)).read_bytes()
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.wfile.write(b"%x\r\n%s\r\n0\r\n\r\n" % (len(data), data))

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """Serve a folder on this machine, to patient clients; gives the address."""
    handler = partial(Files, directory=str(folder))
    with (
        http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server,
        pytest.MonkeyPatch.context() as monkeypatch,
    ):
        monkeypatch.setattr(stream, "TIMEOUTS_S", PATIENCE_S)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join(WAIT_S)


@contextmanager
def nobody_listening() -> Iterator[str]:
    """Keep a port of this machine on which connections are refused; gives the address."""
    with socket.socket() as kept:
        kept.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{kept.getsockname()[1]}"
