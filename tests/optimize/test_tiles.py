"""Tiles of a picture, and the cores of their activations."""

import pytest
import torch
from torch.nn import functional

from vidstyle.optimize.tiles import GRID, SMALLEST_CORE, tiles

HALO = 48


@pytest.mark.parametrize(("height", "width"), [(250, 331), (96, 2000), (257, 64)])
def test_every_pixel_counts_in_one_tile(height: int, width: int) -> None:
    counted = torch.zeros(height, width)
    for tile in tiles(height, width, 100**2, 48):
        tile.core(tile.of(counted)).add_(1)
        assert tile.rows.start % GRID == tile.columns.start % GRID == 0
        assert tile.rows.outer_start % GRID == 0
        for span in (tile.rows, tile.columns):
            assert span.outer_start == max(0, span.start - 48)
    assert (counted == 1).all()


def test_tiles_are_no_larger_than_asked_for() -> None:
    for tile in tiles(4000, 6000, 10**6, 64):
        assert tile.of(torch.empty(4000, 6000, device="meta")).numel() <= 1.2 * 10**6
    assert len(tiles(1000, 1000, 10**6, 64)) == 1
    assert len(tiles(4000, 6000, 10**6, 64)) < 60


def test_a_picture_that_fits_is_one_tile_without_a_halo() -> None:
    (tile,) = tiles(100, 200, 100 * 200, HALO)
    picture = torch.rand(1, 3, 100, 200)
    assert torch.equal(tile.of(picture), picture)
    assert torch.equal(tile.core(picture), picture)
    assert len(tiles(100, 200, 100 * 200 - 1, HALO)) > 1


@pytest.mark.parametrize("stride", [1, 2, 4, 8, 16])
@pytest.mark.parametrize(("height", "width"), [(250, 331), (200, 640), (97, 431)])
def test_cores_of_strided_activations_are_those_of_the_whole_picture(
    stride: int, height: int, width: int
) -> None:
    """A layer that averages over its neighbors, at any stride, is put together from the cores."""

    def layer(picture: torch.Tensor) -> torch.Tensor:
        blurred = functional.avg_pool2d(picture, 9, 1, padding=4, count_include_pad=False)
        return functional.avg_pool2d(blurred, stride) if stride > 1 else blurred

    picture = torch.rand(1, 2, height, width, generator=torch.Generator().manual_seed(0))
    whole = layer(picture)
    cut = tiles(height, width, 160**2, HALO)
    assert len(cut) > 1
    rows = sorted({tile.rows.start for tile in cut})
    joined = torch.cat(
        [
            torch.cat(
                [tile.core(layer(tile.of(picture))) for tile in cut if tile.rows.start == row],
                dim=3,
            )
            for row in rows
        ],
        dim=2,
    )
    assert joined.shape == whole.shape
    assert torch.allclose(joined, whole, atol=1e-6)


@pytest.mark.parametrize(("height", "width"), [(250, 331), (4000, 6000), (64, 5000)])
def test_the_halo_is_whole_except_at_the_border(height: int, width: int) -> None:
    for tile in tiles(height, width, 400**2, HALO):
        for span, length in ((tile.rows, height), (tile.columns, width)):
            assert 0 <= span.outer_start <= span.start < span.stop <= span.outer_stop <= length
            assert span.start - span.outer_start in (HALO, span.start)
            assert span.outer_stop - span.stop in (HALO, length - span.stop)


def test_no_core_is_a_sliver_however_little_memory_there_is() -> None:
    for tile in tiles(500, 700, 1, HALO):
        for span in (tile.rows, tile.columns):
            assert span.stop - span.start >= SMALLEST_CORE - GRID
