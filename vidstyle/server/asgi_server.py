"""ASGI server: uvicorn, which ends event streams before it waits for them."""

import socket
from typing import Any

import uvicorn

from vidstyle.server import limits
from vidstyle.server.app import create_app
from vidstyle.server.service import Service

BACKLOG = 1024  # connections that wait to be accepted
SETTINGS: dict[str, Any] = {
    "access_log": False,
    "backlog": BACKLOG,
    "lifespan": "off",
    "log_config": None,
    "server_header": False,
    "timeout_graceful_shutdown": 2,  # seconds for answers that are on their way at the end
    "ws_max_size": limits.LIVE_BYTES,
}


class AsgiServer(uvicorn.Server):
    """Server of one service; `run` blocks until `should_exit` is set or a signal comes."""

    def __init__(self, service: Service) -> None:
        super().__init__(uvicorn.Config(create_app(service), **SETTINGS))
        self._service = service

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End event streams, then all connections."""
        self._service.changes.close()
        await super().shutdown(sockets)
