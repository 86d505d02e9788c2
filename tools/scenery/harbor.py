"""Scene 2: boats crossing a harbor at dusk. The camera pans to the left."""

import itertools

import numpy as np
from numpy.typing import NDArray

from .boats import fishing_boat, sailing_boat
from .buildings import LAMPLIGHT, paint_church, paint_lighthouse, paint_row_of_houses, with_glow
from .layer import Layer, Motion, Pixels, seen_from, traveling
from .paint import (
    Canvas,
    mix,
    over,
    pack,
    ramp,
    rectangle,
    relief,
    rgb,
    smooth,
    tinted,
)
from .plants import plant_tree
from .water import HORIZON, mirrored, paint_ripples, paint_water, waterline

DURATION_S = 4.0
TRAVEL = 1.15  # units at depth 1
QUAY_X = -0.36  # where the quay begins
PILE, ROPE = rgb("4a3a44"), rgb("b99a7c")
GLOW_X = -0.42  # where the sun went down


def eye(time_s: float) -> tuple[float, float, float]:
    """Camera position over time: to the left, a little back."""
    share = time_s / DURATION_S
    gentle = share - 0.05 * np.sin(2 * np.pi * share)
    return TRAVEL * (0.5 - gentle), 0.012 * np.sin(np.pi * share), 0.05 - 0.1 * share


def layers(density: float) -> tuple[Layer, ...]:
    """Layers of the scene, back to front, at a density in paint pixels per unit."""
    return (
        _sky(density),
        _far_shore(density, 22),
        _headland(density, 9),
        _town(density, 5),
        sailing_boat(density, _sailing(3.2, (0.50, -0.16), 0.0)),
        _ripples(density, 2.5, 3),
        fishing_boat(density, _sailing(1.9, (-0.62, 0.16), 1.0)),
        _ripples(density, 1.5, 4),
        _jetty(density, 1.15),
    )


def _sailing(depth: float, way: tuple[float, float], phase: float) -> Motion:
    """Motion of a boat: start x and speed in units per second, with a little rocking."""

    def path(time_s: float) -> tuple[float, float, float]:
        rock = np.sin(1.9 * time_s + phase)
        return way[0] + way[1] * time_s, waterline(depth) + 0.002 * rock, 0.018 * rock

    return traveling(path, seen_from(eye, depth))


def _canvas(density: float, depth: float, top: float, bottom: float) -> Canvas:
    """A canvas that covers the frame's width for all camera positions."""
    half = 0.95 + TRAVEL / 2 / (depth - 0.1)
    return Canvas(-half, top, half, bottom, density)


def _sky(density: float) -> Layer:
    canvas = Canvas(-1, -0.6, 1, 0.2, density)
    aside = np.abs(canvas.x - GLOW_X)
    rise = HORIZON - canvas.y - 0.09 * np.exp(-((aside / 0.5) ** 2)) + 0.05 * canvas.x
    color = ramp(
        rise,
        (-0.1, "ffc27a"),
        (0.0, "f7996b"),
        (0.1, "d46f7c"),
        (0.22, "8a5690"),
        (0.38, "474a8c"),
        (0.58, "222c5e"),
    )
    streaks = canvas.noise(0.09, 14, stretch=5, gain=0.55)
    heaps = streaks + 0.5 * np.exp(-(((canvas.y + 0.2) / 0.12) ** 2))
    under = relief(canvas.noise(0.09, 14, octaves=4, stretch=5) * 0.04, canvas, (-0.4, 1.4))
    lit = 0.5 + 0.5 * under - 1.1 * (rise - 0.1)
    cloud = ramp(lit, (0, "3d3a70"), (0.35, "6f4f86"), (0.65, "c96a7e"), (1, "ffb489"))
    color = mix(color, cloud, 0.85 * smooth(heaps, 0.35, 1.25))
    pixels = pack(color + 0.008 * canvas.noise(0.02, 4, octaves=3)[..., None])
    return canvas.layer(_with_stars(canvas, pixels), seen_from(eye, 70))


def _with_stars(canvas: Canvas, pixels: Pixels) -> Pixels:
    random = np.random.default_rng(15)
    places = np.column_stack([random.uniform(-1, 1, 90), -0.6 + 0.36 * random.random(90) ** 1.6])
    bright = random.uniform(0.3, 1, (90, 1)) ** 2
    sizes, colors = 0.0006 + 0.0012 * bright * (1, 1), 0.45 + 0.4 * bright * rgb("fff4e6")
    canvas.dab(pixels, places, sizes, 0, colors)
    moon = np.hypot(canvas.x - 0.56, canvas.y + 0.34)
    shadow = np.hypot(canvas.x - 0.573, canvas.y + 0.348)
    crescent = smooth(moon, 0.0345, 0.0325) * smooth(shadow, 0.0305, 0.0325)
    glow = 0.22 * np.exp(-moon / 0.06)
    color = pixels[..., :3].astype(np.float32) / 255
    return pack(mix(mix(color, rgb("c9b8e0"), glow), rgb("fff3d8"), crescent))


def _far_shore(density: float, depth: float) -> Layer:
    """Blue hills across the water, and the open sea."""
    canvas = _canvas(density, depth, -0.2, 0.3)
    pixels = paint_water(canvas, 21, HORIZON, GLOW_X)
    crest = -0.02 - 0.045 * canvas.ridge(0.45, 23, gain=0.42)
    wood = canvas.noise(0.02, 24, gain=0.7, stretch=1.5)
    shade = (canvas.y - crest) / 0.1 + 0.12 * wood
    hills = ramp(shade, (0, "6d4f80"), (0.5, "8a5f88"), (1, "b8788a"))
    inside = np.minimum(canvas.y - crest, HORIZON + 0.004 - canvas.y) * canvas.density
    return canvas.layer(over(pixels, pack(hills, inside)), seen_from(eye, depth))


def _headland(density: float, depth: float) -> Layer:
    """Rocks with a lighthouse, and the water around them."""
    canvas = _canvas(density, depth, -0.58, 0.4)
    line = waterline(depth)
    crest = line - 0.095 * smooth(-np.abs(canvas.x + 0.56), -0.36, -0.05)
    crest = crest + 0.02 - 0.018 * canvas.ridge(0.12, 33, gain=0.6)
    rock = canvas.noise(0.06, 34, gain=0.62, stretch=1.4)
    cracks = -np.abs(canvas.noise(0.05, 35, gain=0.5)) * 0.02 + rock * 0.006
    light = 0.42 + 0.5 * relief(cracks, canvas, (-1.3, -0.9)) - 1.6 * (canvas.y - crest - 0.03)
    stone = ramp(light, (0, "231f3f"), (0.35, "4f4260"), (0.65, "8d6a70"), (1, "eaa57c"))
    inside = np.minimum(canvas.y - crest, line - canvas.y) * canvas.density
    tower = paint_lighthouse(canvas, (-0.56, line - 0.07), 0.36)
    standing = over(tower, pack(stone, inside))
    return canvas.layer(_on_water(canvas, standing, line, 31), seen_from(eye, depth))


def _town(density: float, depth: float) -> Layer:
    """The quay with its houses, and all the water this side of it."""
    canvas = _canvas(density, depth, -0.46, 0.62)
    line = waterline(depth)
    ground = line - 0.035
    pixels = _park(canvas, ground)
    pixels = over(pixels, paint_church(canvas, (0.36, ground), 0.48))
    pixels = over(pixels, paint_row_of_houses(canvas, ground, -0.17, 1.2, 41))
    standing = over(pixels, _quay(canvas, ground, line))
    return canvas.layer(_on_water(canvas, standing, line, 42), seen_from(eye, depth))


def _on_water(canvas: Canvas, standing: Pixels, line: float, seed: int) -> Pixels:
    """A shore with its reflection, and the water in front of it."""
    water = paint_water(canvas, seed, line, GLOW_X)
    return over(over(water, mirrored(canvas, standing, line)), standing)


def _park(canvas: Canvas, ground: float) -> Pixels:
    """Trees between and behind the houses."""
    pixels, random = canvas.blank(), np.random.default_rng(43)
    palette = ("1c2238", "2b3348", "434a52", "6b5f5a", "a8786a")
    for number, x in enumerate(np.linspace(-0.3, 1.15, 13)):
        size = random.uniform(0.2, 0.36) if number > 1 else 0.13
        plant_tree(pixels, canvas, (x, ground), size, 430 + number, palette, leaf=0.01)
    return pixels


def _quay(canvas: Canvas, ground: float, line: float) -> Pixels:
    """A wall of hewn stone with lamps on it."""
    pixels, lights = canvas.blank(), canvas.blank()
    right = canvas.left + canvas.width
    canvas.fill(pixels, rectangle((QUAY_X, ground), (right, line)), rgb("6e6274"))
    random = np.random.default_rng(44)
    for row, y in enumerate(np.arange(ground + 0.006, line, 0.0105)):
        x = QUAY_X + 0.012 * (row % 2)
        while x < right:
            width = random.uniform(0.018, 0.034)
            stone = rectangle((x, y), (x + width - 0.002, y + 0.009))
            canvas.fill(pixels, stone, rgb("7d6f7c") * random.uniform(0.62, 1.15))
            x += width
    canvas.stroke(pixels, [(QUAY_X, ground), (right, ground)], rgb("b39a92"), 0.006)
    for x in np.arange(QUAY_X + 0.04, right, 0.21):
        canvas.stroke(pixels, [(x, ground), (x, ground - 0.085)], rgb("22223a"), 0.005)
        canvas.dab(lights, [(x, ground - 0.09)], (0.008, 0.01), 0, LAMPLIGHT)
    pixels = tinted(pixels, 1 + 0.12 * canvas.noise(0.02, 45))
    return with_glow(canvas, pixels, lights, 0.016, 4)


def _ripples(density: float, depth: float, seed: int) -> Layer:
    top = waterline(depth)
    canvas = _canvas(density, depth, top - 0.02, 0.62)
    return canvas.layer(paint_ripples(canvas, seed, top), seen_from(eye, depth))


def _jetty(density: float, depth: float) -> Layer:
    """Wooden piles with ropes and a walkway close to us; boats pass behind them."""
    canvas = _canvas(density, depth, -0.3, 0.68)
    pixels, random = canvas.blank(), np.random.default_rng(51)
    right = canvas.left + canvas.width
    posts = np.arange(canvas.left + 0.1, right, 0.56)
    tops = 0.24 + random.normal(0, 0.025, len(posts))
    _hang_ropes(canvas, pixels, np.column_stack([posts, tops + 0.035]))
    for x, top in zip(posts, tops, strict=True):
        _pile(canvas, pixels, x, top)
    for x in np.arange(canvas.left, right, 0.062):
        plank = [(x, 0.43), (x + 0.058, 0.43), (x + 0.06, 0.68), (x, 0.68)]
        canvas.fill(pixels, plank, PILE * random.uniform(0.85, 1.45))
    canvas.stroke(pixels, [(canvas.left, 0.43), (right, 0.43)], rgb("b98a78"), 0.008)
    grain = 1 + 0.25 * canvas.noise(0.05, 52, stretch=0.12, gain=0.65)
    return canvas.layer(tinted(pixels, grain.clip(0.4, 1.8)), seen_from(eye, depth))


def _pile(canvas: Canvas, pixels: Pixels, x: float, top: float) -> None:
    half, foot = 0.026, 0.68
    shape = np.array([(-half, top), (half, top), (1.1 * half, foot), (-1.1 * half, foot)])
    middle = np.array([x, 0])
    canvas.fill(pixels, shape + middle, PILE)
    canvas.fill(pixels, shape * (0.3, 1) - (0.7 * half, 0) + middle, PILE * 2.1)
    canvas.dab(pixels, [(x, top)], (half, half * 0.35), 0, PILE * 1.7)
    for turn in range(3):
        canvas.dab(pixels, [(x, top + 0.035 + 0.007 * turn)], (half * 1.1, 0.004), 0, ROPE)


def _hang_ropes(canvas: Canvas, pixels: Pixels, ends: NDArray[np.float64]) -> None:
    share = np.linspace(0, 1, 30)[:, None]
    for start, end in itertools.pairwise(ends):
        rope = start + (end - start) * share + (0, 0.34) * share * (1 - share)
        canvas.stroke(pixels, rope, ROPE * 0.55, 0.009)
        canvas.stroke(pixels, rope - (0, 0.002), ROPE, 0.004)
