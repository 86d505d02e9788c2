"""GIF palette: 256 colors for all frames of an animation, and frames dithered to them."""

from collections.abc import Iterable, Iterator
from fractions import Fraction
from itertools import chain

import av
from av.filter import Graph
from av.filter.context import FilterContext
from av.video.reformatter import VideoReformatter

PIXELS = "bgra"
CLOCK = Fraction(1, 25)  # of the filters, which need increasing times, and any will do
# An ordered pattern: dither by error diffusion boils from frame to frame, and takes more bytes.
DITHER = "dither=bayer:bayer_scale=4"


class PaletteBuilder:
    """Histogram of the colors of frames, and the palette made of it; belongs to one thread."""

    def __init__(self) -> None:
        self._colors = _Colors()
        self._graph: Graph | None = None

    def add(self, frame: av.VideoFrame) -> None:
        """Count the colors of a frame; all frames have the size of the first one."""
        if self._graph is None:
            self._graph = Graph()
            filters = [self._graph.add("palettegen"), self._graph.add("buffersink")]
            _buffer(self._graph, frame.width, frame.height).link_to(filters[0])
            filters[0].link_to(filters[1])
            self._graph.configure()
        self._graph.push(self._colors.of(frame))

    def result(self) -> av.VideoFrame:
        """Return the palette, 16x16 pixels, after at least one frame; call it once."""
        assert self._graph is not None
        self._graph.push(None)
        palette = self._graph.pull()
        assert isinstance(palette, av.VideoFrame)
        return palette


def paletted(frames: Iterable[av.VideoFrame], palette: av.VideoFrame) -> Iterator[av.VideoFrame]:
    """Yield frames in the colors of a palette, as pal8; transparency is all or nothing.

    Args:
        frames: at least one, all of one size.
        palette: from `PaletteBuilder`.
    """
    rest = iter(frames)
    first = next(rest)
    dither = _Dither(first.width, first.height, palette)
    for frame in chain([first], rest):
        yield from dither.push(frame)
    yield from dither.flush()


class _Colors:
    """Converter of frames to RGB with alpha, with the times that filters need."""

    def __init__(self) -> None:
        self._reformatter = VideoReformatter()
        self._frames = 0

    def of(self, frame: av.VideoFrame) -> av.VideoFrame:
        """Return a frame's colors."""
        colors = self._reformatter.reformat(frame, format=PIXELS)
        colors.pts, colors.time_base = self._frames, CLOCK
        self._frames += 1
        return colors


class _Dither:
    """Filter graph that reduces frames to the colors of a palette."""

    def __init__(self, width: int, height: int, palette: av.VideoFrame) -> None:
        self._colors, self._graph = _Colors(), Graph()
        self._source = _buffer(self._graph, width, height)
        colors = _buffer(self._graph, palette.width, palette.height)
        paletteuse = self._graph.add("paletteuse", DITHER)
        self._sink = self._graph.add("buffersink")
        self._source.link_to(paletteuse, 0, 0)
        colors.link_to(paletteuse, 0, 1)
        paletteuse.link_to(self._sink)
        self._graph.configure()
        palette.pts, palette.time_base = 0, CLOCK
        colors.push(palette)
        colors.push(None)

    def push(self, frame: av.VideoFrame) -> Iterator[av.VideoFrame]:
        """Filter a frame; yield those that are ready."""
        self._source.push(self._colors.of(frame))
        yield from self._ready()

    def flush(self) -> Iterator[av.VideoFrame]:
        """Yield the frames still inside the filter."""
        self._source.push(None)
        yield from self._ready()

    def _ready(self) -> Iterator[av.VideoFrame]:
        while True:
            try:
                frame = self._sink.pull()
            except (av.BlockingIOError, av.EOFError):
                return
            assert isinstance(frame, av.VideoFrame)
            yield frame


def _buffer(graph: Graph, width: int, height: int) -> FilterContext:
    return graph.add_buffer(
        width=width, height=height, format=av.VideoFormat(PIXELS), time_base=CLOCK
    )
