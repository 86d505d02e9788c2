"""Landscapes: sky, hills, ground, water, trees."""

import numpy as np
import pytest

from vidstyle.training.data.procedural.canvas import Canvas
from vidstyle.training.data.procedural.landscape import (
    hills,
    landscape,
    meadow,
    receding,
    sky,
    tree,
    water,
)

SIDE = 160


def sheet(seed: int = 0) -> Canvas:
    return Canvas(SIDE, np.random.default_rng(seed))


def test_the_sky_covers_the_sheet_and_tells_the_color_of_the_air() -> None:
    for seed in range(4):
        canvas = sheet(seed)
        air = sky(canvas, 0.5)
        assert (canvas.image.max(axis=2) > 0).all()
        assert air.shape == (3,)
        assert air.min() > 0


def test_the_ground_begins_at_its_top() -> None:
    for paint in (meadow, water):
        canvas = sheet(1)
        canvas.blend(np.array([0.9, 0.1, 0.9]))
        before = canvas.image.copy()
        paint(canvas, 0.6)
        changed = (canvas.image != before).any(axis=2)
        assert not changed[: int(0.55 * SIDE)].any()
        assert changed[int(0.68 * SIDE) :].mean() > 0.95


def test_water_mirrors_what_is_above() -> None:
    canvas = sheet(2)
    canvas.image[: SIDE // 2, : SIDE // 2] = (250, 30, 30)
    canvas.image[: SIDE // 2, SIDE // 2 :] = (30, 30, 250)
    water(canvas, 0.5)
    near = canvas.image[SIDE // 2 + 6 : SIDE // 2 + 20].astype(int)
    left, right = near[:, :60].mean(axis=(0, 1)), near[:, 100:].mean(axis=(0, 1))
    assert left[0] > right[0] + 60
    assert right[2] > left[2] + 60


def test_hills_rise_over_the_horizon_and_fill_what_is_below() -> None:
    canvas = sheet(3)
    hills(canvas, 0.6, np.full(3, 0.8))
    covered = (canvas.image.max(axis=2) > 0).mean(axis=1)
    assert covered[:10].max() < 0.5
    assert covered[int(0.8 * SIDE) :].min() > 0.95


def test_a_tree_stands_in_front_of_the_horizon() -> None:
    canvas = sheet(4)
    canvas.blend(np.full(3, 0.9))
    before = canvas.image.copy()
    tree(canvas, 0.5)
    rows = np.flatnonzero((canvas.image != before).any(axis=(1, 2)))
    assert rows.min() < 0.5 * SIDE < rows.max()


def test_textures_grow_finer_towards_the_horizon() -> None:
    canvas = sheet(5)
    laid = receding(canvas, canvas.noise(1.0), 0.3)
    assert laid.shape == (SIDE, SIDE)
    steps = np.abs(np.diff(laid, axis=1)).mean(axis=1)
    assert steps[int(0.4 * SIDE)] > 2 * steps[-5]


@pytest.mark.parametrize("seed", range(4))
def test_a_landscape_covers_the_sheet(seed: int) -> None:
    canvas = sheet(seed)
    landscape(canvas)
    assert (canvas.image.max(axis=2) > 0).mean() > 0.98
