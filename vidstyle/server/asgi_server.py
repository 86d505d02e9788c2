"""ASGI server: uvicorn with guarded connections, which ends event streams first."""

import functools
import socket
from typing import Any

import uvicorn

from vidstyle.server import limits
from vidstyle.server.app import create_app
from vidstyle.server.connections import (
    ConnectionGate,
    GuardedProtocol,
    GuardedWebSocket,
    connection_limit,
    raise_file_limit,
)
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
    "ws_per_message_deflate": False,  # frames are compressed pictures
}


class AsgiServer(uvicorn.Server):
    """Server of one service; `run` blocks until `should_exit` is set or a signal comes."""

    def __init__(self, service: Service) -> None:
        config = uvicorn.Config(create_app(service), **SETTINGS)
        config.load()
        gate = ConnectionGate(connection_limit(raise_file_limit(), service.options.workers))
        protocol: Any = functools.partial(GuardedProtocol, gate)
        config.http_protocol_class = protocol
        config.ws_protocol_class = GuardedWebSocket
        super().__init__(config)
        self._service = service

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End event streams, then all connections."""
        self._service.changes.close()
        await super().shutdown(sockets)
