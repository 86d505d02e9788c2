"""Network streams (RTSP, HTTP) and FFmpeg's test pattern as live sources, through PyAV."""

import re
import threading
from collections.abc import Iterator
from contextlib import suppress
from fractions import Fraction

import av

from vidstyle.errors import SourceError, reason
from vidstyle.frame import Picture
from vidstyle.live.sources.base import Pacer
from vidstyle.media.demux import free_closed_codecs
from vidstyle.media.frames import FrameConverter
from vidstyle.media.info import color_space, color_tags, nominal_rate, orientation

TIMEOUTS_S = (10.0, 5.0)  # to open a stream, and to read from it
MAX_DAMAGED_PACKETS = 100  # in a row
TEST_SOURCE = "testsrc"
URL = re.compile(r"[a-z][a-z0-9+.-]+://", re.IGNORECASE)
RTSP = {"rtsp_flags": "prefer_tcp"}  # passes firewalls, and loses no packets
PACED_FORMATS = ("lavfi", "hls", "dash")  # FFmpeg's demuxers that deliver faster than real time


class Stream:
    """Live source for URLs that FFmpeg opens (RTSP, HTTP, HLS), and for its test pattern.

    A stream with a duration is a file: it is played in real time, and ends. A stream without one
    is live: frames are passed on as they arrive, and its end is a loss, after which the capture
    thread reopens it.
    """

    def __init__(self, address: str, format: str | None = None) -> None:
        """Open the address and read up to the first frame.

        Args:
            address: URL, or a filter graph with the format "lavfi".
            format: FFmpeg's demuxer; None to detect it.

        Raises:
            SourceError: the server does not answer in time, or the stream has no video.
        """
        self.name, self.notes = address, list[str]()
        options = RTSP if address.lower().startswith("rtsp") else {}
        free_closed_codecs()  # those of the stream before, if it was lost
        try:
            self._container = av.open(
                address,
                format=format,
                options=options,
                timeout=TIMEOUTS_S,
                metadata_errors="replace",
            )
        except (OSError, av.FFmpegError, ValueError) as error:
            raise SourceError(f"{address} cannot be opened: {reason(error)}.") from error
        self._ends = self._container.duration is not None
        paced = self._ends or self._container.format.name in PACED_FORMATS
        self._pacer = Pacer() if paced else None
        try:
            self._stream = self._container.streams.video[0]
            self._frames = self._decode()
            first = self._next()
        except (IndexError, SourceError) as error:
            self._container.close()
            raise SourceError(f"{address} gives no video.") from error
        if first is None:
            self._container.close()
            raise SourceError(f"{address} gives no video.")
        self._first: av.VideoFrame | None = first
        self._configure_converter(first)
        self.width, self.height = first.width, first.height
        if self._orientation.swaps_sides:
            self.width, self.height = self.height, self.width
        self.rate = nominal_rate(self._stream)

    @classmethod
    def test_pattern(cls, width: int, height: int, rate: Fraction) -> "Stream":
        """FFmpeg's moving test pattern, `testsrc2`, at a size in pixels and frames per second."""
        stream = cls(f"testsrc2=s={width}x{height}:r={rate}", format="lavfi")
        stream.name = TEST_SOURCE
        return stream

    def read(self, stop: threading.Event) -> Picture | None:
        frame, self._first = self._first or self._next(), None
        if frame is None or not self._is_due(frame, stop):
            return None
        if (frame.width, frame.height) != self._decoded_wh:
            self._configure_converter(frame)
        return self._orientation.applied(self._converter.convert(frame))

    def close(self) -> None:
        with suppress(av.FFmpegError):
            self._container.close()

    def _is_due(self, frame: av.VideoFrame, stop: threading.Event) -> bool:
        """Wait for a frame's time in a stream that is paced; False if `stop` was set before."""
        if self._pacer is None or frame.time is None:
            return True
        return self._pacer.wait_for(frame.time, stop)

    def _configure_converter(self, frame: av.VideoFrame) -> None:
        """Take size, orientation and color space from a frame, for this and the next ones."""
        self._orientation = orientation(frame)
        self._decoded_wh = frame.width, frame.height
        color = color_space(color_tags(frame), *self._decoded_wh)
        self._converter = FrameConverter(*self._decoded_wh, color)

    def _next(self) -> av.VideoFrame | None:
        try:
            frame = next(self._frames, None)
        except (OSError, av.FFmpegError) as error:
            raise SourceError(f"{self.name} has stopped: {reason(error)}.") from error
        if frame is None and not self._ends:
            raise SourceError(f"{self.name} has stopped.")
        return frame

    def _decode(self) -> Iterator[av.VideoFrame]:
        """Yield all frames; damaged packets are skipped, up to `MAX_DAMAGED_PACKETS` in a row."""
        damaged = 0
        for packet in self._container.demux(self._stream):
            try:
                yield from packet.decode()
                damaged = 0
            except av.InvalidDataError:
                damaged += 1
                if damaged == MAX_DAMAGED_PACKETS:
                    raise
