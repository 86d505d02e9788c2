"""A server of this process: real sockets on a free port, in a thread of its own."""

import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from tests.server.client import Client
from vidstyle.options import ServeOptions
from vidstyle.server.asgi_server import BACKLOG, AsgiServer
from vidstyle.server.launch import bound_socket
from vidstyle.server.process import ConversionProcess
from vidstyle.server.service import Service

LOOP_THREAD = "server"  # name


class ServerThread:
    """Server in a thread; `client` speaks to it."""

    def __init__(self, service: Service, client: Client, server: AsgiServer) -> None:
        self.service, self.client = service, client
        self._server = server

    @property
    def connections(self) -> int:
        """Number of open connections."""
        return len(self._server.server_state.connections)


TOY = (str(Path(__file__).with_name("toy_conversion.py")),)


def use_toys(service: Service) -> None:
    """Let toys do the work of the conversion processes, which start faster and do as told."""
    service.inspector.process = ConversionProcess(program=TOY)
    for worker in service.workers:
        worker.process = ConversionProcess(program=TOY)


@contextmanager
def running(data: Path, **options: Any) -> Iterator[ServerThread]:
    """Run a server on a data folder for the block."""
    settings = ServeOptions(port=0, data=str(data), **options)
    with closing(bound_socket(settings)) as listener, Service(settings) as service:
        listener.listen(BACKLOG)
        server = AsgiServer(service)
        thread = threading.Thread(target=server.run, args=([listener],), name=LOOP_THREAD)
        port = listener.getsockname()[1]
        thread.start()
        try:
            yield ServerThread(service, Client(port), server)
        finally:
            server.should_exit = True
            thread.join(60)
