"""Network stream sink: rendered frames to a server or player, through FFmpeg: RTMP, SRT, UDP."""

import logging
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

import av
from av.codec.context import Flags

from vidstyle.errors import SinkError, VidstyleError, reason
from vidstyle.frame import Frame
from vidstyle.live.audio.ring_buffer import AudioRingBuffer
from vidstyle.live.audio.track import AudioTrack, NoAudio
from vidstyle.live.sinks.base import OutputFrame
from vidstyle.live.sinks.mjpeg_server import MjpegServer
from vidstyle.live.sinks.recorder import TIME_BASE, describe_frames
from vidstyle.media.codecs import Encoder, choose_encoder
from vidstyle.media.info import VideoInfo
from vidstyle.media.sink import FileSink, SideStreams
from vidstyle.pipeline.latest import DropOldestChannel
from vidstyle.pipeline.thread_group import Worker
from vidstyle.stats import Stats

log = logging.getLogger(__name__)

FORMATS = {"rtmp": "flv", "rtmps": "flv", "srt": "mpegts", "udp": "mpegts", "tcp": "mpegts"}
QUEUE_LENGTH = 2  # frames that wait for the encoder; more would add latency
QUEUED_PACKETS = 2  # packets that wait for the network, likewise
PAUSES_S = (1.0, 2.0, 5.0, 10.0)  # before attempts to reconnect; the last one repeats
STALL_S = 10.0  # without progress until a connection is given up
FAREWELL_S = 3 * STALL_S  # closing RTMP takes up to two messages of `STALL_S`
STEADY_S = 1  # of frames, after which a connection is not one that is turned away again
PATIENCE_S = 1.5  # at the end, for a connection that blocks
PROBE_S = 0.1  # timeout of the check for a protocol
I_FRAME_EVERY_S = 2.0  # viewers that join wait so long; RTMP services demand it
BITS_PER_PIXEL = 0.1  # 2.8 Mbit/s at 1280x720 and 30 fps


def open_stream(
    address: str, rate: Fraction, ring_buffer: AudioRingBuffer | None
) -> "NetworkStream | MjpegServer":
    """Open a stream by its address.

    Args:
        address: URL of a scheme in `FORMATS`, or http for an MJPEG server on this machine.
        rate: nominal frames per second.
        ring_buffer: captured audio; None for a silent stream. MJPEG is always silent.

    Raises:
        SinkError: the protocol is missing in this FFmpeg, or the server's port cannot be used.
    """
    if urlsplit(address).scheme == "http":
        return MjpegServer(address)
    return NetworkStream(address, rate, ring_buffer)


def stream_format(address: str) -> str:
    """FFmpeg's name of the format that is sent to an address with a scheme in `FORMATS`."""
    return FORMATS[urlsplit(address).scheme]


def public_address(address: str) -> str:
    """Scheme, host and port of an address: its path may hold a secret stream key."""
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


class NetworkStream:
    """Sink that encodes frames for one server or player, and reconnects when it is lost.

    Frames are dropped, before they are encoded, while the network is slow or gone; `write` never
    blocks. Belongs to its sink thread.
    """

    def __init__(
        self,
        address: str,
        rate: Fraction,
        ring_buffer: AudioRingBuffer | None,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        """Check the protocol; the first frame connects.

        Args:
            address: URL of a scheme in `FORMATS`.
            rate: nominal frames per second.
            ring_buffer: captured audio; None for a silent stream.
            clock: monotonic clock, in seconds.

        Raises:
            SinkError: the protocol is missing in this FFmpeg.
        """
        scheme = urlsplit(address).scheme
        if not _has_protocol(scheme):
            raise SinkError(
                f"This PyAV was built without {scheme.upper()}. Stream by another protocol, such "
                "as rtmp, udp or tcp.",
                {"stream": ...},
            )
        self._address, self._rate, self._ring_buffer = address, rate, ring_buffer
        self._clock = clock
        self._connection: _Connection | None = None
        self._failures = 0  # attempts in a row
        self._retry_s = 0.0  # time of the next attempt

    def write(self, output: OutputFrame) -> None:
        """Queue the frame for the network; a lost connection is logged once, and tried again."""
        self._check()
        if self._connection is None:
            if self._clock() < self._retry_s:
                return
            self._connection = _Connection(
                self._address, self._rate, self._ring_buffer, self._clock
            )
        self._connection.frames.put(output.frame)

    def close(self) -> None:
        """Send what waits and disconnect; a network that blocks is left behind after a while."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _check(self) -> None:
        """Note success or failure of the connection; give it up after a failure."""
        connection = self._connection
        if connection is None:
            return
        error, where = connection.failure, public_address(self._address)
        if error is not None or connection.stalled:
            if self._failures == 0:
                why = f"nothing was taken for {STALL_S:g} s" if error is None else _cause(error)
                defect = None if isinstance(error, VidstyleError) else error
                message = "The stream to %s has stopped: %s. Tries again."
                log.warning(message, where, why, exc_info=defect)
            self._retry_s = self._clock() + PAUSES_S[min(self._failures, len(PAUSES_S) - 1)]
            self._failures += 1
            connection.frames.close()
            self._connection = None
        elif self._failures and connection.sent >= STEADY_S * self._rate:
            log.warning("The stream to %s is back.", where)
            self._failures = 0


class _Connection:
    """One connection, with a thread of its own: only that thread may block in the network."""

    def __init__(
        self,
        address: str,
        rate: Fraction,
        ring_buffer: AudioRingBuffer | None,
        clock: Callable[[], float],
    ) -> None:
        self._address, self._rate, self._ring_buffer = address, rate, ring_buffer
        self._clock, self._progress_s = clock, clock()
        self.frames: DropOldestChannel[Frame] = DropOldestChannel(QUEUE_LENGTH)
        self.failure: Exception | None = None  # set when the connection has ended by an error
        self.sent = 0  # frames that the network has taken
        self._worker = Worker(self._run, "stream")
        self._worker.start()

    @property
    def stalled(self) -> bool:
        """Whether the network has not taken a frame for `STALL_S`."""
        return self._clock() - self._progress_s > STALL_S

    def close(self) -> None:
        self.frames.close()
        self._worker.outlast(PATIENCE_S)

    def _run(self) -> None:
        try:
            self._send()
        except Exception as error:
            self.failure = error

    def _send(self) -> None:
        first = self._next()
        if first is None:
            return
        encoder = _encoder(stream_format(self._address), first, self._rate)

        def side_streams(
            like: VideoInfo, output: av.container.OutputContainer, video: av.VideoStream
        ) -> SideStreams:
            if self._ring_buffer is None:
                return NoAudio(like, output, video)
            return AudioTrack(self._ring_buffer, first.time_s, output)

        like = describe_frames(first.picture, Path("stream"), self._rate)
        with NetworkMuxer(self._address, like, encoder, side_streams) as muxer:
            try:
                self._mux(muxer, first)
            except Exception as error:
                self.failure = error  # before the muxer closes, which may take a while
                raise

    def _mux(self, muxer: "NetworkMuxer", first: Frame) -> None:
        """Send the first frame and all that follow."""
        frame: Frame | None = first
        last_pts = -1
        while frame is not None:
            last_pts = max(last_pts + 1, round((frame.time_s - first.time_s) / TIME_BASE))
            muxer.write(Frame(frame.picture, last_pts, TIME_BASE))
            self._progress_s, self.sent = self._clock(), self.sent + 1
            frame = self._next()
        muxer.finish()

    def _next(self) -> Frame | None:
        """The next frame; None at the end."""
        while not self.frames.exhausted:
            frame = self.frames.get(STALL_S)
            self._progress_s = self._clock()  # no frames are no stall of the network
            if frame is not None:
                return frame
        return None


class NetworkMuxer(FileSink):
    """`FileSink` whose file is a network connection: nothing is verified, nothing taken back.

    FFmpeg's muxer `fifo` connects and sends on a thread of its own, each step limited to `STALL_S`.
    Without it, PyAV would connect with Python's global lock held: a server that accepts and says
    nothing would stop all threads of the program.
    """

    failure_note = ""

    def __init__(
        self,
        address: str,
        like: VideoInfo,
        encoder: Encoder,
        side_streams: Callable[
            [VideoInfo, av.container.OutputContainer, av.VideoStream], SideStreams
        ],
    ) -> None:
        assert like.path is not None
        self._address = address
        super().__init__(like.path, like, encoder, Stats(), side_streams=side_streams)
        if stream_format(address) == "flv":  # behind `fifo`, PyAV does not see that it needs this
            for stream in self._output.streams:
                codec: Any = stream.codec_context
                codec.flags |= Flags.global_header

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is not None and not isinstance(error.__cause__, ConnectionError):
            # Closing waits for FFmpeg's thread with Python's global lock held: let it end before.
            time.sleep(FAREWELL_S)
        super().__exit__(kind, error, trace)

    def _complete(self) -> int:
        return 0

    def _container(self) -> str:
        return "fifo"

    def _partial_path(self, path: Path) -> Path:
        return path

    def _muxer_options(self, container: str) -> dict[str, str]:
        inner = {"rw_timeout": str(round(1e6 * STALL_S)), "flush_packets": "1"}
        if stream_format(self._address) == "flv":
            inner["flvflags"] = "no_duration_filesize"
        return {
            "fifo_format": stream_format(self._address),
            "queue_size": str(QUEUED_PACKETS),
            "format_opts": ":".join(f"{name}={value}" for name, value in inner.items()),
        }

    def _open(self, container: str, options: dict[str, str]) -> av.container.OutputContainer:
        return av.open(self._address, "w", format=container, container_options=options)

    def _discard(self) -> None:
        with suppress(OSError, av.FFmpegError):
            self._output.close()


def _cause(error: Exception) -> str:
    """Cause of a failure in one line; of the network's, without the message around it."""
    cause = error.__cause__
    return reason(cause if isinstance(cause, OSError | av.FFmpegError) else error).rstrip(".")


def _encoder(container: str, first: Frame, rate: Fraction) -> Encoder:
    """Encoder without delay, with a limited bit rate and regular I-frames."""
    encoder = choose_encoder(Path("stream"), None, None, None, container)
    pixels = first.picture.width * first.picture.height
    bitrate = round(BITS_PER_PIXEL * pixels * float(rate))
    options = encoder.options | {"g": str(max(1, round(I_FRAME_EVERY_S * rate)))}
    if encoder.name == "libx264":
        limits = {"maxrate": str(bitrate), "bufsize": str(bitrate)}
        options |= {"tune": "zerolatency"} | limits
    return replace(encoder, options=options)


def _has_protocol(scheme: str) -> bool:
    try:
        av.open(f"{scheme}:", timeout=(PROBE_S, PROBE_S)).close()
    except av.ProtocolNotFoundError:
        return False
    except (OSError, ValueError, av.FFmpegError):
        pass  # there is no server, but there is the protocol
    return True
