"""Deinterlacer: progressive frames from interlaced ones."""

from collections.abc import Iterator
from fractions import Fraction

import av
from av.filter import Graph


class Deinterlacer:
    """FFmpeg's bwdif filter: one progressive frame per interlaced frame, with the same pts.

    Progressive frames pass unchanged. Belongs to one thread.
    """

    def __init__(self, first: av.VideoFrame, time_base: Fraction) -> None:
        """Configure the filter graph.

        Args:
            first: frame of the size and pixel format of all frames; see `takes`.
            time_base: of the stream, in seconds per unit.
        """
        self._time_base = time_base
        self._kind = _kind(first)
        self._graph = Graph()
        source = self._graph.add_buffer(
            width=first.width, height=first.height, format=first.format, time_base=time_base
        )
        bwdif = self._graph.add("bwdif", "mode=send_frame:parity=auto:deint=interlaced")
        sink = self._graph.add("buffersink")
        source.link_to(bwdif)
        bwdif.link_to(sink)
        self._graph.configure()

    def takes(self, frame: av.VideoFrame) -> bool:
        """Whether a frame has the size and pixel format of the first one."""
        return _kind(frame) == self._kind

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


def _kind(frame: av.VideoFrame) -> tuple[int, int, str]:
    return frame.width, frame.height, frame.format.name
