"""A picture in overlapping tiles, such that a feature network sees in them what it sees in all.

Every tile counts only what lies in its core; around that it is shown as much as the network's
deepest layer looks at, so what it sees in the core is what it would have seen in the whole.
"""

import math
from dataclasses import dataclass

from torch import Tensor

GRID = 16  # px; where tiles begin, so that strided layers fall on the same pixels as in the whole
SMALLEST_CORE = 64  # px; less would be all halo


@dataclass(frozen=True, slots=True)
class Span:
    """A tile along one axis, in px: what is seen, and the part of it that counts."""

    seen_start: int
    start: int
    stop: int
    seen_stop: int

    @property
    def seen(self) -> slice:
        return slice(self.seen_start, self.seen_stop)

    def counted(self, length: int) -> slice:
        """The part that counts of an axis with `length` cells on what is seen."""
        seen = self.seen_stop - self.seen_start
        stride = 2 ** round(math.log2(seen / length))
        stop = length if self.stop == self.seen_stop else (self.stop - self.seen_start) // stride
        return slice((self.start - self.seen_start) // stride, stop)


@dataclass(frozen=True, slots=True)
class Tile:
    """A part of a picture."""

    rows: Span
    columns: Span

    def of(self, picture: Tensor) -> Tensor:
        """What is seen of a picture (...xHxW), a view."""
        return picture[..., self.rows.seen, self.columns.seen]

    def core(self, activations: Tensor) -> Tensor:
        """The part that counts of a layer's activations on what is seen, a view."""
        height, width = activations.shape[-2:]
        return activations[..., self.rows.counted(height), self.columns.counted(width)]


def tiles(height: int, width: int, pixels: int, halo: int) -> list[Tile]:
    """Cut a picture into tiles; one, if all of it fits.

    Args:
        height: of the picture, in px.
        width: likewise.
        pixels: that a tile shows at most, nearly.
        halo: px around a core: as far as a network looks, in whole steps of the grid.
    """
    if height * width <= pixels:
        return [Tile(_whole(height), _whole(width))]
    side = max(SMALLEST_CORE, int(math.sqrt(pixels) - 2 * halo) // GRID * GRID)
    rows, columns = (_spans(length, side, halo) for length in (height, width))
    return [Tile(down, across) for down in rows for across in columns]


def _whole(length: int) -> Span:
    return Span(0, 0, length, length)


def _spans(length: int, side: int, halo: int) -> list[Span]:
    count = math.ceil(length / side)
    step = max(GRID, length // count // GRID * GRID)
    starts = [number * step for number in range(count)]
    stops = [*starts[1:], length]  # the last is the longest: a sliver would have no coarse cells
    return [
        Span(max(0, start - halo), start, stop, min(length, stop + halo))
        for start, stop in zip(starts, stops, strict=True)
    ]
