"""Trees, bushes and grass, drawn leaf by leaf."""

import numpy as np
from numpy.typing import NDArray

from .layer import Pixels
from .paint import Canvas, rgb

Places = NDArray[np.float64]  # Nx2, (x, y) in units

CLUMPS = 52
LIGHT = np.array([-0.75, -0.55, 0.36])  # towards the sun: left, up, a little to us


def plant_tree(
    pixels: Pixels,
    canvas: Canvas,
    foot: tuple[float, float],
    height: float,
    seed: int,
    palette: tuple[str, ...],
    *,
    leaf: float = 0.012,
    slender: float = 0.36,
) -> None:
    """Paint one broad-leaved tree.

    Args:
        foot: where the trunk meets the ground, in units.
        height: from the foot to the highest leaf, in units.
        palette: the leaves' colors, from deep shadow to full sun; the first is also the bark's.
        leaf: length of a leaf, in units.
        slender: half the crown's width over the tree's height.
    """
    random = np.random.default_rng(seed)
    top = np.array([foot[0] + random.normal(0, 0.03) * height, foot[1] - height])
    clumps = _clumps(random, foot, height, slender)
    _paint_wood(pixels, canvas, np.array(foot), top, clumps[:, :2], height, rgb(palette[0]) * 0.8)
    _paint_leaves(pixels, canvas, random, clumps, palette, leaf)


def _clumps(
    random: np.random.Generator, foot: tuple[float, float], height: float, slender: float
) -> Places:
    """Balls of leaves that make up a crown: Nx4 of x, y, depth and radius, the nearest last."""
    turn, rise = random.uniform(0, 2 * np.pi, CLUMPS), random.uniform(-1, 1, CLUMPS)
    reach = random.uniform(0.25, 1, CLUMPS) ** 0.6 * np.sqrt(1 - rise**2)
    lumpy = 1 + 0.16 * np.sin(3 * turn + random.uniform(0, 6)) + random.normal(0, 0.06, CLUMPS)
    x = foot[0] + reach * np.cos(turn) * slender * height * 0.86 * lumpy
    y = foot[1] - height * 0.6 + rise * height * 0.33 * lumpy
    depth = reach * np.sin(turn)
    radius = random.uniform(0.065, 0.125, CLUMPS) * height
    return np.column_stack([x, y, depth, radius])[np.argsort(depth)]


def _paint_wood(
    pixels: Pixels,
    canvas: Canvas,
    foot: Places,
    top: Places,
    ends: Places,
    height: float,
    color: NDArray[np.float32],
) -> None:
    fork = foot + (top - foot) * 0.36
    half = height * 0.024
    root, knot = np.array([half * 1.9, 0]), np.array([half, 0])
    canvas.fill(pixels, [foot - root, fork - knot, fork + knot, foot + root], color)
    lit = [foot - root, fork - knot, fork - knot * 0.3, foot - knot]
    canvas.fill(pixels, lit, color * 2.2)
    for end in ends[::2]:
        bend = (fork + end) / 2 - np.array([0, 0.03 * height])
        canvas.stroke(pixels, [fork, bend, end], color, height * 0.011)


def _paint_leaves(
    pixels: Pixels,
    canvas: Canvas,
    random: np.random.Generator,
    clumps: Places,
    palette: tuple[str, ...],
    leaf: float,
) -> None:
    colors = np.stack([rgb(name) for name in palette])
    center, spread = clumps[:, :2].mean(axis=0), np.ptp(clumps[:, :2], axis=0) / 2
    for x, y, depth, radius in clumps:
        count = int(min(190, 20 * (radius / leaf) ** 1.25)) + 6
        normals = random.normal(size=(count, 3))
        normals /= np.linalg.norm(normals, axis=1, keepdims=True)
        normals = normals[np.argsort(normals[:, 2])]
        places = (x, y) + normals[:, :2] * radius * random.uniform(0.55, 1.1, (count, 1))
        # A leaf is lit by where it sits on its clump, and its clump by where it sits in the crown.
        crown = np.array([*((x, y) - center) / spread, depth])
        light = 0.34 + (0.36 * normals + 0.2 * crown) @ LIGHT + 0.16 * normals[:, 2]
        light += random.normal(0, 0.08, count)
        tones = colors[(light.clip(0, 0.999) * len(colors)).astype(int)]
        sizes = leaf * random.uniform(0.55, 1.1, (count, 1)) * (0.5, 0.27)
        angles = random.uniform(0, 180, count)
        canvas.dab(pixels, places, sizes, angles, tones * random.normal(1, 0.05, (count, 3)))


def plant_grass(
    pixels: Pixels,
    canvas: Canvas,
    roots: Places,
    lengths: NDArray[np.float64],
    seed: int,
    palette: tuple[str, ...],
) -> None:
    """Paint blades of grass, the far ones first.

    Args:
        roots: Nx2, (x, y) in units.
        lengths: N, in units.
        palette: colors, each blade takes one by chance and brightens a little to its tip.
    """
    random = np.random.default_rng(seed)
    order = np.argsort(roots[:, 1])
    roots, lengths = roots[order], lengths[order, None]
    half = np.maximum(0.0011, 0.035 * lengths) * (1, 0)
    lean = random.normal(0.12, 0.3, lengths.shape)
    knee = roots + lengths * np.hstack([lean * 0.35, np.full_like(lean, -0.55)])
    tip = roots + lengths * np.hstack([lean, -np.ones_like(lean)])
    greens = np.stack([rgb(name) for name in palette])
    colors = greens[random.integers(len(palette), size=len(roots))]
    colors *= random.normal(1, 0.08, lengths.shape)
    lower = np.stack([roots - half, knee - half * 0.8, knee + half * 0.4, roots], axis=1)
    upper = np.stack([knee - half * 0.8, tip, tip, knee + half * 0.4], axis=1)
    # Alternating, so that a near blade's foot covers a far blade's tip.
    blades = np.stack([lower, upper], axis=1).reshape(-1, 4, 2)
    canvas.fill(pixels, blades, np.stack([colors * 0.8, colors * 1.15], axis=1).reshape(-1, 3))


def scatter(
    canvas: Canvas, count: int, seed: int, top: float, bottom: float, *, crowding: float = 1.0
) -> Places:
    """Random places between two heights of the canvas; more crowding puts more to the top."""
    random = np.random.default_rng(seed)
    x = random.uniform(canvas.left, canvas.left + canvas.width, count)
    return np.column_stack([x, top + (bottom - top) * random.uniform(0, 1, count) ** crowding])
