"""Live WebSocket: frames of a viewer in and out, the newest first, two in flight."""

import asyncio
import json
import struct
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from typing import Any

from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from vidstyle.errors import VidstyleError
from vidstyle.options import LiveOptions
from vidstyle.server import limits
from vidstyle.server.parameters import LIVE_OPTIONS, TYPES, live_options, query_values
from vidstyle.server.problems import Problem, problem_of
from vidstyle.server.safety import API
from vidstyle.server.service import Service, service_of
from vidstyle.server.viewer import FrameMeter, LiveSettings, LiveViewer

IN_FLIGHT = 2  # frames that a viewer may send without an answer
NUMBER = struct.Struct(">I")  # of a frame, before its JPEG
STATUS_EVERY_S = 1.0
REFUSED = 4000  # plus the status of the problem: code of a WebSocket that is closed
REASON_BYTES = 120  # of such a close


@dataclass(frozen=True, slots=True, eq=False)
class WaitingFrame:
    """Frame that has arrived."""

    number: int
    jpeg: bytes
    arrived_s: float  # of a monotonic clock


class LiveConnection:
    """One viewer's WebSocket, already accepted; `run` returns when it is closed."""

    def __init__(self, websocket: WebSocket, viewer: LiveViewer, service: Service) -> None:
        self._websocket, self._viewer, self._service = websocket, viewer, service
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="viewer")
        self._newest: WaitingFrame | None = None
        self._arrived = asyncio.Event()
        self._meter = FrameMeter()
        self._told_s = time.monotonic()

    async def run(self) -> None:
        """Answer frames and settings until the viewer leaves."""
        painting = asyncio.create_task(self._paint())
        receiving = asyncio.create_task(self._receive())
        try:
            await asyncio.wait({painting, receiving}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (painting, receiving):
                task.cancel()
            ended = await asyncio.gather(painting, receiving, return_exceptions=True)
        for error in ended:
            gone = isinstance(error, WebSocketDisconnect | asyncio.CancelledError | OSError)
            if isinstance(error, BaseException) and not gone:
                raise error

    def close(self) -> None:
        """End the viewer's threads; blocks until they have ended."""
        self._thread.shutdown(cancel_futures=True)
        self._viewer.close()

    async def _receive(self) -> None:
        """Take messages; a frame replaces the one that waits."""
        while True:
            message = await self._websocket.receive()
            if message["type"] == "websocket.disconnect":
                return
            if message.get("bytes") is not None:
                await self._take(message["bytes"])
            else:
                await self._change(message.get("text") or "")

    async def _take(self, content: bytes) -> None:
        if len(content) < NUMBER.size:
            await self._tell_error(Problem(400, "A frame begins with its number, in 4 bytes."))
            return
        (number,) = NUMBER.unpack_from(content)
        late, self._newest = (
            self._newest,
            WaitingFrame(number, content[NUMBER.size :], time.monotonic()),
        )
        self._arrived.set()
        if late is not None:
            self._meter.dropped += 1
            self._service.metrics.live_frames["dropped"] += 1
            await self._tell("dropped", {"frame": late.number})

    async def _paint(self) -> None:
        """Paint the newest frame, again and again."""
        loop = asyncio.get_running_loop()
        while True:
            await self._arrived.wait()
            self._arrived.clear()
            frame, self._newest = self._newest, None
            assert frame is not None
            try:
                painted = await loop.run_in_executor(self._thread, self._viewer.paint, frame.jpeg)
            except Problem as problem:
                await self._tell_error(problem, frame.number)
                continue
            await self._websocket.send_bytes(NUMBER.pack(frame.number) + painted)
            self._service.metrics.live_frames["painted"] += 1
            self._meter.note(frame.arrived_s, time.monotonic())
            await self._tell_status()

    async def _change(self, text: str) -> None:
        """Change settings as a message asks."""
        try:
            settings = LiveSettings.of(self._options(text))
            await asyncio.to_thread(self._viewer.change, settings)
        except Exception as error:
            await self._tell_error(problem_of(error))
        else:
            await self._tell("settings", asdict(settings))

    def _options(self, text: str) -> Any:
        try:
            values = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise Problem(400, f"The message is no JSON: {error}.") from error
        if not isinstance(values, dict):
            raise Problem(400, "The message is JSON, but not an object in braces.")
        return live_options(asdict(self._viewer.settings) | values, self._service.shelf)

    async def _tell_status(self) -> None:
        now_s = time.monotonic()
        if now_s - self._told_s < STATUS_EVERY_S:
            return
        self._told_s = now_s
        more = {"quality": self._viewer.quality, "viewers": self._service.metrics.viewers}
        await self._tell("status", self._meter.document() | more)

    async def _tell_error(self, problem: Problem, frame: int | None = None) -> None:
        await self._tell("error", problem.document() | {"frame": frame, "type": "error"})

    async def _tell(self, kind: str, facts: Mapping[str, Any]) -> None:
        await self._websocket.send_text(json.dumps({**facts, "type": kind}))


async def live(websocket: WebSocket) -> None:
    """Serve a viewer."""
    await websocket.accept()
    service = service_of(websocket)
    service.metrics.viewers += 1
    try:
        await _serve(websocket, service)
    except (Problem, VidstyleError) as error:
        problem = problem_of(error)
        reason = problem.detail.encode()[:REASON_BYTES].decode(errors="ignore")
        await websocket.close(REFUSED + problem.status, reason)
    finally:
        service.metrics.viewers -= 1


async def _serve(websocket: WebSocket, service: Service) -> None:
    viewer = await _viewer(service, websocket.query_params)
    connection = LiveConnection(websocket, viewer, service)
    try:
        ready = {
            "type": "ready",
            "viewers": service.metrics.viewers,
            "max_pixels": limits.LIVE_PIXELS,
            "in_flight": IN_FLIGHT,
            **asdict(viewer.settings),
        }
        await websocket.send_text(json.dumps(ready))
        await connection.run()
    except WebSocketDisconnect:  # before the first message
        pass
    finally:
        await asyncio.to_thread(connection.close)


async def _viewer(service: Service, query: Mapping[str, str]) -> LiveViewer:
    """Viewer for the parameters of a WebSocket's address.

    Raises:
        Problem: there are too many (429), or a parameter is wrong (422).
        VidstyleError: a setting does not fit.
    """
    if service.metrics.viewers > limits.LIVE_VIEWERS:
        raise Problem(429, f"{limits.LIVE_VIEWERS} viewers are there already. Try again later.")
    values = query_values(query, {"fps": float, **{name: TYPES[name] for name in LIVE_OPTIONS}})
    fps = LiveOptions(fps=values.pop("fps", 30.0)).fps
    settings = LiveSettings.of(live_options(values, service.shelf))
    provider = service.options.provider
    return await asyncio.to_thread(LiveViewer, service.shelf, settings, fps, provider)


ROUTES = [WebSocketRoute(f"{API}live", live)]
