"""The middle ground of the valley: a slope of fields, lit from the left."""

import numpy as np

from .layer import Pixels
from .paint import Canvas, Field, mix, over, pack, ramp, rectangle, relief, rgb, smooth
from .plants import plant_tree

SHADE = (0.64, 0.58, 0.62)  # of a wall away from the sun
HAZE = rgb("f4bf86")
CROPS = (
    (0, "6f7a34"),
    (0.2, "a8993f"),
    (0.4, "d9ad55"),
    (0.6, "8f8a3c"),
    (0.8, "b4793f"),
    (1, "e8c56c"),
)


def paint_fields(canvas: Canvas) -> Pixels:
    """Fields with hedges between them, single trees and a village."""
    crest = 0.135 - 0.035 * canvas.ridge(0.6, 41, gain=0.35)
    below = canvas.y - crest
    down = (below / 0.3).clip(0, 1)
    # Plots get taller towards us, as on a slope seen from above.
    row = np.log1p(down * 9) * 2.2 + 0.25 * canvas.noise(0.4, 42, octaves=2)
    column = canvas.x * 4.2 / (0.45 + down) + 0.55 * np.floor(row)
    column += 0.12 * canvas.noise(0.2, 43, octaves=3)
    plot = (np.floor(row).astype(int) * 13 + np.floor(column).astype(int) * 5) % 64
    kind = np.random.default_rng(44).permutation(64).astype(np.float32)[plot] / 63
    crops = ramp(kind, *CROPS)
    furrows = np.sin((column * 34 + row * 9) * (kind > 0.35))
    ground = canvas.noise(0.05, 45, stretch=3, gain=0.7)
    swell = relief(canvas.noise(0.35, 46, octaves=4) * 0.05, canvas, (-1.2, -0.6))
    color = crops * (0.9 + 0.07 * furrows + 0.09 * ground + 0.25 * swell)[..., None]
    edge = np.minimum(np.abs(row % 1 - 0.5), 1.5 * np.abs(column % 1 - 0.5) * (0.4 + down))
    hedge = smooth(edge, 0.455, 0.49)
    color = mix(color, rgb("4a4c2c") * (0.9 + 0.3 * ground[..., None]), hedge)
    color = mix(color, HAZE, 0.34 * (1 - down))
    pixels = pack(color, below * canvas.density)
    return over(over(pixels, _trees(canvas, crest)), _village(canvas, crest))


def _trees(canvas: Canvas, crest: Field) -> Pixels:
    pixels, random = canvas.blank(), np.random.default_rng(47)
    palette = ("4a4a36", "5f5e38", "857a40", "b4984e", "e0b866")
    for number in range(46):
        x = random.uniform(canvas.left, canvas.left + canvas.width)
        down = random.uniform(0, 1) ** 2.2 * 0.17
        foot = (x, _height_of(canvas, crest, x) + down + 0.004)
        size = random.uniform(0.028, 0.05) * (1 + 4 * down)
        plant_tree(pixels, canvas, foot, size, 470 + number, palette, leaf=0.0055)
    return pixels


def _village(canvas: Canvas, crest: Field) -> Pixels:
    """A dozen houses and a church, lit from the left."""
    pixels, random = canvas.blank(), np.random.default_rng(48)
    wall, roof = rgb("f0d9b0"), rgb("b5573a")
    spots = np.column_stack([0.5 + random.normal(0, 0.1, 15), 0.075 + 0.02 * random.random(15)])
    for x, down in spots[np.argsort(spots[:, 1])]:
        foot = np.array([x, _height_of(canvas, crest, x) + down])
        long, tall = random.uniform(0.022, 0.034), random.uniform(0.012, 0.016)
        half, ridge = 0.006, -1.8 * tall
        gable = [(0, 0), (0, -tall), (half, ridge), (2 * half, -tall), (2 * half, 0)]
        slope = [(half, ridge), (2 * half, -tall), (long, -tall), (long - half, ridge)]
        canvas.fill(pixels, np.array(gable) + foot, wall)
        canvas.fill(pixels, rectangle((2 * half, -tall), (long, 0)) + foot, wall * SHADE)
        canvas.fill(pixels, np.array(slope) + foot, roof * random.uniform(0.8, 1.15))
    at = np.array([0.49, _height_of(canvas, crest, 0.49) + 0.082])
    spire = np.array([(-0.002, -0.05), (0.007, -0.095), (0.016, -0.05)])
    canvas.fill(pixels, rectangle((0, -0.05), (0.007, 0)) + at, wall)
    canvas.fill(pixels, rectangle((0.007, -0.05), (0.014, 0)) + at, wall * SHADE)
    canvas.fill(pixels, spire + at, rgb("5d5a66"))
    return pixels


def _height_of(canvas: Canvas, crest: Field, x: float) -> float:
    column = int((x - canvas.left) * canvas.density)
    return float(crest[0, min(column, crest.shape[1] - 1)])
