"""Whole pictures from interlaced ones."""

from collections.abc import Iterator
from fractions import Fraction

import av
from av.filter import Graph


class Deinterlacer:
    """FFmpeg's bwdif filter: one picture for each pair of fields, at the same time."""

    def __init__(self, stream: av.VideoStream) -> None:
        self._time_base = Fraction(stream.time_base or 1)
        self._graph = Graph()
        source = self._graph.add_buffer(template=stream)
        bwdif = self._graph.add("bwdif", "mode=send_frame:parity=auto:deint=interlaced")
        sink = self._graph.add("buffersink")
        source.link_to(bwdif)
        bwdif.link_to(sink)
        self._graph.configure()

    def take(self, frame: av.VideoFrame) -> Iterator[av.VideoFrame]:
        """Give a frame; get those that are ready, one behind."""
        self._graph.push(frame)
        yield from self._ready()

    def rest(self) -> Iterator[av.VideoFrame]:
        """Get the last ones."""
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
            # The filter counts in half units; every time it gives was one the file gave.
            units = frame.time_base / self._time_base
            frame.pts = round(frame.pts * units)
            frame.duration = round((frame.duration or 0) * units)
            frame.time_base = self._time_base
            yield frame
