"""ASGI server: uvicorn, which ends event streams first, and connections without a request."""

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
        config = uvicorn.Config(create_app(service), **SETTINGS)
        config.load()
        config.http_protocol_class = _impatient(config.http_protocol_class)
        super().__init__(config)
        self._service = service

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End event streams, then all connections."""
        self._service.changes.close()
        await super().shutdown(sockets)


def _impatient(protocol: Any) -> type[Any]:
    """Protocol that closes connections whose request header does not come whole in time.

    The time begins with the connection, and with the first bytes of each further request.
    """

    class Impatient(protocol):  # type: ignore[misc]
        def connection_made(self, transport: Any) -> None:
            super().connection_made(transport)
            self._patience = self._begin_patience()

        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            if not self._waits_for_header():
                self._patience.cancel()
            elif self._patience.cancelled():
                self._patience = self._begin_patience()

        def connection_lost(self, error: Exception | None) -> None:
            self._patience.cancel()
            super().connection_lost(error)

        def _begin_patience(self) -> Any:
            return self.loop.call_later(limits.HEADER_PATIENCE_S, self._give_up)

        def _waits_for_header(self) -> bool:
            upgraded = self.transport.get_protocol() is not self  # to a WebSocket
            return not upgraded and (self.cycle is None or self.cycle.response_complete)

        def _give_up(self) -> None:
            if self._waits_for_header():
                self.transport.close()

    return Impatient
