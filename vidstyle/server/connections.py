"""Connections: how many may be open, what each may take, and which one makes room for another."""

import asyncio
import sys
from http import HTTPStatus
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from vidstyle.server import limits
from vidstyle.server.problems import Problem
from vidstyle.server.safety import RAW_HEADERS

if sys.platform != "win32":
    import resource

OWN_FILES = 64  # descriptors of the server itself: libraries, database, event loop
FILES_OF_A_PROCESS = 4  # of a conversion process, as it starts
FEWEST = 32  # connections, at any limit of files: pages of a few browsers
LINGER_S = 2.0  # for a client to read why it was refused
TOO_MANY = Problem(503, "Too many connections are open. Try again soon.", retry_after_s=1)
TOO_LONG = Problem(431, f"The header is larger than {limits.HEADER_BYTES:,} bytes, the limit.")


def raise_file_limit() -> int | None:
    """Raise the number of files and connections that this process may open, as far as allowed.

    Returns:
        The number; None where it is not limited, as on Windows.
    """
    if sys.platform == "win32":
        return None
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    unlimited = resource.RLIM_INFINITY
    if soft == unlimited:
        return None
    wanted = limits.OPEN_FILES if hard == unlimited else min(limits.OPEN_FILES, hard)
    if soft >= wanted:
        return soft
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    except (ValueError, OSError):  # macOS allows less than it says
        return soft
    return wanted


def connection_limit(files: int | None, workers: int) -> int:
    """Connections that may be open, so that descriptors are left for conversions.

    Args:
        files: that the process may open, sockets included; None for any number.
        workers: conversions at the same time.
    """
    if files is None:
        return limits.CONNECTIONS
    left = files - OWN_FILES - FILES_OF_A_PROCESS * (workers + 2) - limits.REFUSALS
    each = 2  # descriptors: its socket, and the file that it sends or receives
    return min(limits.CONNECTIONS, max(FEWEST, left // each))


class ConnectionGate:
    """Limit of open connections; those that wait for a request make room for new ones.

    Belongs to the event loop.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._waiting: dict[GuardedProtocol, None] = {}  # the longest first

    def admit(self, connection: "GuardedProtocol", number: int) -> None:
        """Let a new connection wait for its request, or refuse it.

        Args:
            connection: the new one.
            number: of all open ones.
        """
        if number > self._most + limits.REFUSALS:
            connection.transport.abort()
        elif number > self._most and not self._waiting:
            connection.refuse(TOO_MANY)
        else:
            if number > self._most:
                next(iter(self._waiting)).give_up()
            connection.await_request()

    def begin_wait(self, connection: "GuardedProtocol") -> None:
        """Note that a connection waits for a request."""
        self._waiting[connection] = None

    def end_wait(self, connection: "GuardedProtocol") -> None:
        """Note that a connection does not wait any more."""
        self._waiting.pop(connection, None)


class GuardedProtocol(HttpToolsProtocol):
    """HTTP connection with limits of number, size and time.

    It is closed if a request's header does not come whole in time, from the connection or from the
    first bytes of a further request on; if header or trailers are too large; and if an answer is
    not read for long.
    """

    def __init__(self, gate: ConnectionGate, *args: Any, **settings: Any) -> None:
        super().__init__(*args, **settings)
        self._gate = gate
        self._refused = False
        self._header_bytes = 0  # since the last part of a body, or the end of a request
        self._patience: asyncio.TimerHandle | None = None  # with the header
        self._write_patience: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for a request, if there is room."""
        super().connection_made(transport)
        self._gate.admit(self, len(self.connections))

    def data_received(self, data: bytes) -> None:
        """Read a part of a request."""
        if self._refused:
            return
        self._header_bytes += len(data)
        super().data_received(data)
        waits = self._waits_for_header()
        if self._header_bytes > limits.HEADER_BYTES:
            self.refuse(TOO_LONG) if waits else self.transport.abort()
        elif not waits:
            self._end_wait()
        elif self._patience is None:
            self.await_request()

    def on_body(self, body: bytes) -> None:
        """Take a part of a body."""
        self._header_bytes = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Take the end of a request."""
        self._header_bytes = 0
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """Go on with the next request; until there is one, the connection may make room."""
        super().on_response_complete()
        if self._waits_for_header():
            self._gate.begin_wait(self)

    def pause_writing(self) -> None:
        """Give the client time to read."""
        super().pause_writing()
        self._write_patience = self.loop.call_later(limits.WRITE_PATIENCE_S, self.transport.abort)

    def resume_writing(self) -> None:
        """Go on, since the client has read."""
        super().resume_writing()
        self._end_pause()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self._end_wait()
        self._end_pause()
        super().connection_lost(exc)

    def await_request(self) -> None:
        """Wait for the whole header of a request."""
        self._patience = self.loop.call_later(limits.HEADER_PATIENCE_S, self.give_up)
        self._gate.begin_wait(self)

    def give_up(self) -> None:
        """Close the connection if it still waits for a request."""
        self._end_wait()
        if self._waits_for_header():
            self.transport.close()

    def refuse(self, problem: Problem) -> None:
        """Answer with a problem, whatever comes, and close; the client has time to read it."""
        self._end_wait()
        self._refused = True
        self.transport.write(raw_answer(problem))
        self.transport.write_eof()
        self.loop.call_later(LINGER_S, self.transport.abort)

    def _end_wait(self) -> None:
        self._gate.end_wait(self)
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None

    def _end_pause(self) -> None:
        if self._write_patience is not None:
            self._write_patience.cancel()
            self._write_patience = None

    def _waits_for_header(self) -> bool:
        upgraded = self.transport.get_protocol() is not self  # to a WebSocket
        return not upgraded and (self.cycle is None or self.cycle.response_complete)


class GuardedWebSocket(WebSocketsSansIOProtocol):
    """WebSocket that is closed soon after it was refused, even if its client does not answer."""

    def __init__(self, *args: Any, **settings: Any) -> None:
        super().__init__(*args, **settings)
        self.close_timeout = LINGER_S


def raw_answer(problem: Problem) -> bytes:
    """Bytes of an HTTP answer, outside of an application."""
    response = problem.response()
    status = f"HTTP/1.1 {problem.status} {HTTPStatus(problem.status).phrase}\r\n".encode()
    headers = [*response.raw_headers, *RAW_HEADERS, (b"connection", b"close")]
    lines = b"".join(name + b": " + value + b"\r\n" for name, value in headers)
    return status + lines + b"\r\n" + bytes(response.body)
