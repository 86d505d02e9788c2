"""Overlapping tiles of a picture, with a halo for the receptive field of a feature network.

Losses count only activations in a tile's core. The halo around it covers the receptive field of the
deepest layer, so that activations in the core equal those of the whole picture.
"""

import math
from dataclasses import dataclass

from torch import Tensor

GRID = 16  # px; tile origins are multiples, so that strided layers sample the same pixels
SMALLEST_CORE = 64  # px; smaller tiles would be mostly halo


@dataclass(frozen=True, slots=True)
class TileSpan:
    """Tile along one axis, in px: the core (start to stop) within its halo (outer)."""

    outer_start: int
    start: int
    stop: int
    outer_stop: int

    @property
    def outer(self) -> slice:
        """Core and halo."""
        return slice(self.outer_start, self.outer_stop)

    def core(self, length: int) -> slice:
        """Return the core in activations that have `length` positions over core and halo."""
        outer = self.outer_stop - self.outer_start
        stride = 2 ** round(math.log2(outer / length))
        stop = length if self.stop == self.outer_stop else (self.stop - self.outer_start) // stride
        return slice((self.start - self.outer_start) // stride, stop)


@dataclass(frozen=True, slots=True)
class Tile:
    """Rectangle of a picture with a core and a halo."""

    rows: TileSpan
    columns: TileSpan

    def of(self, picture: Tensor) -> Tensor:
        """Return a picture (...xHxW) cropped to core and halo, a view."""
        return picture[..., self.rows.outer, self.columns.outer]

    def core(self, activations: Tensor) -> Tensor:
        """Return a layer's activations (...xhxw) on core and halo, cropped to the core, a view."""
        height, width = activations.shape[-2:]
        return activations[..., self.rows.core(height), self.columns.core(width)]


def tiles(height: int, width: int, pixels: int, halo: int) -> list[Tile]:
    """Divide a picture into tiles; a single one if all of it fits.

    Args:
        height: height of the picture in px.
        width: width of the picture in px.
        pixels: largest size of a tile with its halo, approximately.
        halo: px around a core, a multiple of `GRID`: the network's reach.
    """
    if height * width <= pixels:
        return [Tile(_whole(height), _whole(width))]
    side = max(SMALLEST_CORE, int(math.sqrt(pixels) - 2 * halo) // GRID * GRID)
    rows, columns = (_spans(length, side, halo) for length in (height, width))
    return [Tile(down, across) for down in rows for across in columns]


def _whole(length: int) -> TileSpan:
    return TileSpan(0, 0, length, length)


def _spans(length: int, side: int, halo: int) -> list[TileSpan]:
    count = math.ceil(length / side)
    step = max(GRID, length // count // GRID * GRID)
    starts = [number * step for number in range(count)]
    stops = [*starts[1:], length]  # the last is the longest: a sliver has no deep activations
    return [
        TileSpan(max(0, start - halo), start, stop, min(length, stop + halo))
        for start, stop in zip(starts, stops, strict=True)
    ]
