"""Dead leaves."""

import numpy as np
import pytest

from vidstyle.training.data.procedural.canvas import Canvas
from vidstyle.training.data.procedural.colors import Palette
from vidstyle.training.data.procedural.leaves import dead_leaves, litter, power_law, scatter

SIDE = 160


def sheet(seed: int) -> Canvas:
    return Canvas(SIDE, np.random.default_rng(seed))


def test_radii_follow_the_power_law() -> None:
    radii = power_law(20000, 0.01, 0.4, np.random.default_rng(0))
    assert radii.min() >= 0.01
    assert radii.max() <= 0.4
    # With density r^-3, the share of larger radii falls as r^-2.
    for radius in (0.02, 0.04, 0.08):
        assert np.mean(radii > radius) == pytest.approx((0.01 / radius) ** 2, rel=0.15)


def test_a_leaf_for_each_radius_covers_about_its_area() -> None:
    canvas = sheet(0)
    radii = np.full(6, 0.08)
    scatter(canvas, Palette(canvas.random), radii)
    covered = float((canvas.image.max(axis=2) > 0).mean())
    assert 0 < covered < 1.5 * 6 * np.pi * 0.08**2


def test_no_radius_is_no_leaf() -> None:
    canvas = sheet(0)
    scatter(canvas, Palette(canvas.random), np.array([]))
    assert not canvas.image.any()


def test_more_layers_cover_more() -> None:
    def covered(layers: float) -> float:
        canvases = [sheet(seed) for seed in range(3)]
        for canvas in canvases:
            litter(canvas, Palette(canvas.random), layers)
        return float(np.mean([(canvas.image.max(axis=2) > 0).mean() for canvas in canvases]))

    few, many = covered(0.3), covered(2.5)
    assert 0.05 < few < many <= 1


@pytest.mark.parametrize("seed", range(3))
def test_the_ground_is_covered_by_leaves_of_many_colors(seed: int) -> None:
    canvas = sheet(seed)
    dead_leaves(canvas)
    assert (canvas.image.max(axis=2) > 0).mean() > 0.95
    assert canvas.image.std() > 8
