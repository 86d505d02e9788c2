"""Deinterlacer: progressive frames from interlaced ones."""

from collections.abc import Iterator
from fractions import Fraction

import av
from av.filter import Graph


class Deinterlacer:
    """FFmpeg's bwdif filter: one progressive frame per interlaced frame, with the same pts.

    Progressive frames pass unchanged. Belongs to one thread.
    """

    def __init__(self, stream: av.VideoStream) -> None:
        """Configure the filter graph for the size, pixel format and time base of a stream."""
        self._time_base = Fraction(stream.time_base or 1)
        self._graph = Graph()
        source = self._graph.add_buffer(template=stream)
        bwdif = self._graph.add("bwdif", "mode=send_frame:parity=auto:deint=interlaced")
        sink = self._graph.add("buffersink")
        source.link_to(bwdif)
        bwdif.link_to(sink)
        self._graph.configure()

    def push(self, frame: av.VideoFrame) -> Iterator[av.VideoFrame]:
        """Filter a frame; yield the frames that are ready, with a delay of one frame."""
        self._graph.push(frame)
        yield from self._ready()

    def flush(self) -> Iterator[av.VideoFrame]:
        """Yield the frames still inside the filter, at the end of the stream."""
        self._graph.push(None)
        yield from self._ready()

    def _ready(self) -> Iterator[av.VideoFrame]:
        while True:
            try:
                frame = self._graph.pull()
            except (av.BlockingIOError, av.EOFError):
                return
            assert isinstance(frame, av.VideoFrame) and frame.pts is not None
            assert frame.time_base is not None
            # The filter halves the time base; each of its pts is one of the file, so this is exact.
            units = frame.time_base / self._time_base
            frame.pts = round(frame.pts * units)
            frame.duration = round((frame.duration or 0) * units)
            frame.time_base = self._time_base
            yield frame
