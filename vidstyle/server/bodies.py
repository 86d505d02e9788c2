"""Bodies of requests, read within limits of size, memory and time."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

from starlette.requests import Request

from vidstyle.server import limits
from vidstyle.server.problems import Problem


class BodyMemory:
    """Memory for bodies while they come and wait; belongs to the event loop."""

    def __init__(self, most: int = limits.HELD_BYTES) -> None:
        self._most, self._held = most, 0  # bytes

    @contextmanager
    def room(self) -> Iterator["BodyRoom"]:
        """Yield room for one body, given back after the block."""
        room = BodyRoom(self)
        try:
            yield room
        finally:
            self._held -= room.size

    def take(self, size: int) -> None:
        """Take some bytes; raises a `Problem` if none are left (503)."""
        if self._held + size > self._most:
            raise Problem(503, "Too many pictures come at once. Try again soon.", retry_after_s=1)
        self._held += size


class BodyRoom:
    """Room of one body, which grows as it comes: an announced one takes nothing."""

    def __init__(self, memory: BodyMemory) -> None:
        self._memory = memory
        self.size = 0  # bytes

    def grow(self, size: int) -> None:
        """Make room for some more bytes; raises a `Problem` if there is none (503)."""
        self._memory.take(size)
        self.size += size


async def body_parts(request: Request, most: int) -> AsyncIterator[bytes]:
    """Yield the parts of a body as they come.

    Args:
        request: its body has not been read.
        most: limit of the body in bytes.

    Raises:
        Problem: the body is too large (413), stops coming (408), or its client went away (400).
    """
    if (length := content_length(request)) is not None and length > most:
        raise too_large(most)
    received = 0
    while True:
        try:
            message = await asyncio.wait_for(request.receive(), limits.BODY_PATIENCE_S)
        except TimeoutError:
            raise Problem(408, "The body stopped coming. Send it again.") from None
        if message["type"] == "http.disconnect":
            raise Problem(400, "The connection was closed before the end of the body.")
        part: bytes = message.get("body", b"")
        received += len(part)
        if received > most:
            raise too_large(most)
        if part:
            yield part
        if not message.get("more_body", False):
            return


async def read_body(request: Request, most: int, room: BodyRoom | None = None) -> bytes:
    """Read a whole body.

    Args:
        request: its body has not been read.
        most: limit of the body in bytes.
        room: grows with the body; None for bodies that are small.

    Raises:
        Problem: as `body_parts`; or the body comes too slowly (408), or there is no room (503).
    """
    parts, received, begun_s = list[bytes](), 0, time.monotonic()
    async for part in body_parts(request, most):
        parts.append(part)
        received += len(part)
        if room is not None:
            room.grow(len(part))
        allowed_s = limits.BODY_PATIENCE_S + received / limits.SLOWEST_BODY
        if time.monotonic() - begun_s > allowed_s:
            raise Problem(408, "The body comes too slowly. Send it over a faster connection.")
    return b"".join(parts)


def content_length(request: Request) -> int | None:
    """Length of the body as announced; None if it comes in chunks."""
    text = request.headers.get("content-length")
    return int(text) if text and text.isdecimal() else None


def too_large(most: int) -> Problem:
    """Problem of a body over a limit in bytes."""
    size = f"{most / 1e6:,.0f} MB" if most >= 10**6 else f"{most:,} bytes"
    return Problem(413, f"The body is larger than {size}, the limit.")
