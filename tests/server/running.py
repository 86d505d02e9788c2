"""A server of this process: real sockets on a free port, in a thread of its own."""

import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import uvicorn

from tests.server.client import Client
from vidstyle.options import ServeOptions
from vidstyle.server.app import create_app
from vidstyle.server.launch import UVICORN, bound_socket
from vidstyle.server.service import Service


class ServerThread:
    """Server in a thread; `client` speaks to it."""

    def __init__(self, service: Service, client: Client) -> None:
        self.service, self.client = service, client


@contextmanager
def running(data: Path, **options: Any) -> Iterator[ServerThread]:
    """Run a server on a data folder for the block."""
    settings = ServeOptions(port=0, data=str(data), **options)
    with closing(bound_socket(settings)) as listener, Service(settings) as service:
        listener.listen(1024)
        server = uvicorn.Server(uvicorn.Config(create_app(service), **UVICORN))
        thread = threading.Thread(target=server.run, args=([listener],), name="server")
        port = listener.getsockname()[1]
        thread.start()
        try:
            yield ServerThread(service, Client(port))
        finally:
            server.should_exit = True
            thread.join()
