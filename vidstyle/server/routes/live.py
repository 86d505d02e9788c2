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
from vidstyle.server.frame_codec import JpegCodec, KeyframeNeeded
from vidstyle.server.parameters import LIVE_OPTIONS, TYPES, live_options, query_values
from vidstyle.server.problems import Problem, problem_of
from vidstyle.server.safety import API
from vidstyle.server.service import Service, service_of
from vidstyle.server.video_codec import H264Codec, has_h264
from vidstyle.server.viewer import FrameMeter, LiveSettings, LiveViewer

IN_FLIGHT = 2  # frames that a viewer may send without an answer
NUMBER = struct.Struct(">I")  # of a frame, before its content
KEYFRAME = {"keyframe": True}  # message that asks for one
JPEG, H264 = CODECS = ("jpeg", "h264")
STATUS_EVERY_S = 1.0
REFUSED = 4000  # plus the status of the problem: code of a WebSocket that is closed
REASON_BYTES = 120  # of such a close


@dataclass(frozen=True, slots=True, eq=False)
class WaitingFrame:
    """Frame that has arrived."""

    number: int
    packet: bytes
    arrived_s: float  # of a monotonic clock
    skipped: tuple[bytes, ...] = ()  # packets of the stream since the last painting


class LiveConnection:
    """One viewer's WebSocket, already accepted; `run` returns when it is closed."""

    def __init__(self, websocket: WebSocket, viewer: LiveViewer, service: Service) -> None:
        self._websocket, self._viewer, self._service = websocket, viewer, service
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="viewer")
        self._newest: WaitingFrame | None = None
        self._arrived, self._taken = asyncio.Event(), asyncio.Event()
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
        """Take messages; a frame replaces the one that waits, though a stream keeps its packets.

        Nothing more is received while `limits.LIVE_PACKETS` wait.
        """
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
        late, packet = self._newest, content[NUMBER.size :]
        skipped = (
            (*late.skipped, late.packet) if late is not None and self._viewer.is_stream else ()
        )
        self._newest = WaitingFrame(number, packet, time.monotonic(), skipped)
        self._arrived.set()
        if late is not None:
            self._meter.dropped += 1
            self._service.metrics.live_frames["dropped"] += 1
            await self._tell("dropped", {"frame": late.number})
        while self._newest is not None and len(self._newest.skipped) + 1 >= limits.LIVE_PACKETS:
            self._taken.clear()
            await self._taken.wait()

    async def _paint(self) -> None:
        """Paint the newest frame, again and again."""
        loop = asyncio.get_running_loop()
        while True:
            await self._arrived.wait()
            self._arrived.clear()
            frame, self._newest = self._newest, None
            self._taken.set()
            assert frame is not None
            try:
                painted = await loop.run_in_executor(self._thread, self._painted, frame)
            except KeyframeNeeded:
                await self._tell("keyframe", {"frame": frame.number})
                continue
            except Problem as problem:
                await self._tell_error(problem, frame.number)
                continue
            await self._websocket.send_bytes(NUMBER.pack(frame.number) + painted)
            self._service.metrics.live_frames["painted"] += 1
            self._meter.note(frame.arrived_s, time.monotonic())
            await self._tell_status()

    def _painted(self, frame: WaitingFrame) -> bytes:
        for packet in frame.skipped:
            self._viewer.skip(packet)
        return self._viewer.paint(frame.packet)

    async def _change(self, text: str) -> None:
        """Change settings as a message asks, or make a keyframe."""
        try:
            values = _object(text)
            if values == KEYFRAME:
                self._viewer.request_keyframe()
                return
            values = asdict(self._viewer.settings) | values
            settings = LiveSettings.of(live_options(values, self._service.shelf))
            await asyncio.to_thread(self._viewer.change, settings)
        except Exception as error:
            await self._tell_error(problem_of(error))
        else:
            await self._tell("settings", asdict(settings))

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
    codec = await _codec(websocket.query_params)
    viewer = await _viewer(service, websocket.query_params, codec)
    connection = LiveConnection(websocket, viewer, service)
    try:
        ready = {
            "type": "ready",
            "viewers": service.metrics.viewers,
            "max_pixels": limits.LIVE_PIXELS,
            "in_flight": IN_FLIGHT,
            "codec": codec,
            **asdict(viewer.settings),
        }
        await websocket.send_text(json.dumps(ready))
        await connection.run()
    except WebSocketDisconnect:  # before the first message
        pass
    finally:
        await asyncio.to_thread(connection.close)


async def _codec(query: Mapping[str, str]) -> str:
    """Codec that a WebSocket's address asks for, or JPEG where FFmpeg lacks it.

    Raises:
        Problem: it is unknown (422).
    """
    codec = query.get("codec", JPEG)
    if codec not in CODECS:
        raise Problem(
            422, f'codec must be one of {", ".join(CODECS)}, not "{codec[:80]}".', ["codec"]
        )
    return codec if codec == JPEG or await asyncio.to_thread(has_h264) else JPEG


def _object(text: str) -> dict[str, Any]:
    """Object of a message.

    Raises:
        Problem: the message is no JSON, or another value (400).
    """
    try:
        values = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Problem(400, f"The message is no JSON: {error}.") from error
    if not isinstance(values, dict):
        raise Problem(400, "The message is JSON, but not an object in braces.")
    return values


async def _viewer(service: Service, query: Mapping[str, str], codec: str) -> LiveViewer:
    """Viewer for the parameters of a WebSocket's address.

    Raises:
        Problem: there are too many (429), or a parameter is wrong (422).
        VidstyleError: a setting does not fit.
    """
    if service.metrics.viewers > limits.LIVE_VIEWERS:
        raise Problem(429, f"{limits.LIVE_VIEWERS} viewers are there already. Try again later.")
    kinds = {"fps": float, **{name: TYPES[name] for name in LIVE_OPTIONS}}
    values = query_values(query, kinds, ["codec"])
    fps = LiveOptions(fps=values.pop("fps", 30.0)).fps
    settings = LiveSettings.of(live_options(values, service.shelf))
    provider, frames = service.options.provider, H264Codec(fps) if codec == H264 else JpegCodec()
    return await asyncio.to_thread(LiveViewer, service.shelf, settings, fps, provider, frames)


ROUTES = [WebSocketRoute(f"{API}live", live)]
