"""Scene 1: hot-air balloons over a valley in the evening sun. The camera pans to the right."""

import numpy as np

from .balloon import balloon
from .fields import HAZE, paint_fields
from .layer import Layer, Motion, Pixels, seen_from, traveling
from .paint import (
    Canvas,
    Color,
    Field,
    mix,
    pack,
    ramp,
    relief,
    rgb,
    smooth,
    tinted,
)
from .plants import plant_grass, plant_tree, scatter

DURATION_S = 4.0
TRAVEL = 1.25  # units at depth 1
SUN = (-0.54, -0.205)  # in the sky layer, units
CORAL = ("d8674a", "f3dcae", "7a4a58")
TEAL = ("e9e0c8", "3f7f8c", "e9e0c8", "d9963e", "28485c")
SCARLET = ("c23b2e", "f0b43c", "c23b2e", "f4e6c4", "6e2430")
LEAVES = ("20281a", "36421f", "56602a", "83812f", "b99a3c", "e6bf5c")


def eye(time_s: float) -> tuple[float, float, float]:
    """Camera position over time: to the right, a little up, a little closer."""
    share = time_s / DURATION_S
    gentle = share + 0.06 * np.sin(2 * np.pi * share)
    return TRAVEL * (gentle - 0.5), -0.03 * np.sin(np.pi * share), 0.14 * share


def layers(density: float) -> tuple[Layer, ...]:
    """Layers of the scene, back to front, at a density in paint pixels per unit."""
    return (
        _sky(density),
        _mountains(density, 24),
        _hills(density, 11),
        balloon(density, 0.055, CORAL, "rings", _drift(9, (0.27, -0.22), (0.012, -0.006), 0.5)),
        _fields(density, 5),
        balloon(density, 0.105, TEAL, "waves", _drift(4, (0.42, -0.2), (-0.035, -0.01), 1.7)),
        balloon(density, 0.19, SCARLET, "stripes", _drift(2.6, (-0.3, -0.1), (0.07, -0.022), 0.0)),
        _trees(density, 1.9),
        _meadow(density, 1.3, 0.30, 1),
        _meadow(density, 0.95, 0.405, 2),
    )


def _drift(
    depth: float, start: tuple[float, float], speed: tuple[float, float], phase: float
) -> Motion:
    """Motion of a balloon: straight, with a little sway."""

    def path(time_s: float) -> tuple[float, float, float]:
        sway = np.sin(1.6 * time_s + phase)
        x, y = start[0] + speed[0] * time_s, start[1] + speed[1] * time_s
        return x, y + 0.006 * sway, 0.045 * np.sin(1.25 * time_s + phase)

    return traveling(path, seen_from(eye, depth))


def _canvas(density: float, depth: float, top: float, bottom: float) -> Canvas:
    """A canvas that covers the frame's width for all camera positions."""
    half = 0.93 + TRAVEL / 2 / (depth - 0.14)
    return Canvas(-half, top, half, bottom, density)


def _sky(density: float) -> Layer:
    canvas = Canvas(-1, -0.6, 1, 0.25, density)
    near_sun = np.hypot(canvas.x - SUN[0], canvas.y - SUN[1])
    blue = ramp(
        canvas.y + 0 * canvas.x,
        (-0.55, "3f6d9e"),
        (-0.3, "7d9fb4"),
        (-0.12, "d8c7a6"),
        (0.0, "f7c582"),
        (0.1, "f6b273"),
    )
    color = mix(blue, rgb("ffe0a0"), 0.85 * np.exp(-near_sun / 0.2))
    color = _clouds(canvas, color, near_sun)
    color = mix(color, rgb("fff0c4"), 0.75 * np.exp(-((near_sun / 0.085) ** 2)))
    color = mix(color, rgb("fffbe6"), smooth(near_sun, 0.052, 0.047))
    color += 0.008 * canvas.noise(0.02, 4, octaves=3)[..., None]
    return canvas.layer(pack(color), seen_from(eye, 60))


def _clouds(canvas: Canvas, sky: Color, near_sun: Field) -> Color:
    heaps = canvas.noise(0.16, 11, stretch=2.6, gain=0.56)
    veils = canvas.noise(0.05, 12, stretch=9, gain=0.6)
    band = np.exp(-(((canvas.y + 0.27) / 0.13) ** 2))
    dense = smooth(heaps + 0.9 * band, 0.55, 1.5)
    toward_sun = relief(canvas.noise(0.16, 11, stretch=2.6, octaves=4) * 0.05, canvas, (-1.2, 0.8))
    lit = (0.55 + 0.45 * toward_sun + 0.35 * np.exp(-near_sun / 0.3) - 0.25 * dense).clip(0, 1)
    heap = ramp(lit, (0, "8b7a95"), (0.35, "c79a94"), (0.65, "f5c795"), (1, "fff0cc"))
    sky = mix(sky, rgb("ffe2b4"), 0.5 * smooth(veils - 4 * np.abs(canvas.y + 0.12), -0.2, 1.6))
    return mix(sky, heap, 0.95 * dense)


def _mountains(density: float, depth: float) -> Layer:
    canvas = _canvas(density, depth, -0.3, 0.3)
    crest = -0.06 - 0.085 * canvas.ridge(0.5, 24, gain=0.45) - 0.05 * np.abs(canvas.ridge(0.16, 22))
    below = canvas.y - crest
    rock = canvas.noise(0.16, 23, gain=0.6, stretch=0.7)
    folds = -np.abs(canvas.noise(0.22, 24, gain=0.42, stretch=0.55)) * 0.055 + rock * 0.004
    light = 0.5 + 0.5 * relief(folds, canvas, (-1.5, -0.8))
    stone = ramp(light, (0, "5b6088"), (0.45, "8d7f92"), (0.75, "d79b7c"), (1, "f6cf9c"))
    snow = ramp(light, (0, "8d93b8"), (0.5, "d3b9b4"), (1, "fff0d2"))
    snowy = smooth(0.055 + 0.03 * rock + 0.02 * light - below, -0.01, 0.012)
    color = mix(mix(stone, snow, snowy), HAZE, smooth(below, -0.08, 0.2) * 0.85)
    return canvas.layer(pack(color, below * canvas.density), seen_from(eye, depth))


def _hills(density: float, depth: float) -> Layer:
    """Wooded hills in the haze."""
    canvas = _canvas(density, depth, -0.2, 0.35)
    crest = 0.06 - 0.05 * canvas.ridge(0.55, 31, gain=0.4) - 0.006 * np.abs(canvas.ridge(0.02, 32))
    below = canvas.y - crest
    slopes = canvas.noise(0.3, 33, gain=0.5, stretch=1.6) * 0.05
    crowns = canvas.noise(0.018, 34, octaves=4, gain=0.7, stretch=1.1) * 0.005
    light = 0.45 + 0.3 * relief(slopes, canvas, (-1.5, -0.8))
    light += 0.3 * relief(crowns, canvas, (-1, -1))
    wood = ramp(light, (0, "46525c"), (0.35, "5f6a56"), (0.65, "9a8a58"), (1, "e2b26c"))
    color = mix(wood, HAZE, 0.42 + 0.4 * smooth(below, 0.02, 0.16))
    return canvas.layer(pack(color, below * canvas.density), seen_from(eye, depth))


def _fields(density: float, depth: float) -> Layer:
    canvas = _canvas(density, depth, -0.1, 0.5)
    return canvas.layer(paint_fields(canvas), seen_from(eye, depth))


def _trees(density: float, depth: float) -> Layer:
    """The row of big trees that the balloons pass behind."""
    canvas = _canvas(density, depth, -0.42, 0.42)
    pixels = canvas.blank()
    for number, (x, size) in enumerate(
        [(-1.02, 0.5), (-0.72, 0.36), (0.05, 0.3), (0.22, 0.42), (0.93, 0.58), (1.12, 0.4)]
    ):
        plant_tree(pixels, canvas, (x, 0.31), size, 60 + number, LEAVES, leaf=0.0115)
    for number, (x, _) in enumerate(scatter(canvas, 26, 66, 0, 0)):
        plant_tree(pixels, canvas, (x, 0.345), 0.09, 70 + number, LEAVES, leaf=0.012, slender=0.6)
    return canvas.layer(pixels, seen_from(eye, depth))


def _meadow(density: float, depth: float, top: float, seed: int) -> Layer:
    """Grass and flowers, from `top` down to below the picture."""
    canvas = _canvas(density, depth, top - 0.1, 0.62)
    crest = top + 0.012 * canvas.ridge(0.3, 80 + seed, octaves=4)
    below = canvas.y - crest
    tufts = canvas.noise(0.05, 82 + seed, stretch=1.5, gain=0.7)
    ground = ramp(0.5 + 0.25 * tufts - 0.9 * below, (0, "2c3416"), (0.5, "6f6e28"), (1, "c9a548"))
    pixels = pack(ground, below * canvas.density)
    roots = scatter(canvas, 5200, 84 + seed, top - 0.005, 0.6, crowding=1.3)
    lengths = (0.022 + 0.10 * (roots[:, 1] - top)) * (1.35 if seed == 2 else 1)
    palette = ("59621f", "7b7a2a", "a08c33", "c8a546", "e7c766", "46521c")
    plant_grass(pixels, canvas, roots, lengths, 86 + seed, palette)
    _paint_flowers(pixels, canvas, top, seed)
    light = 1 + 0.22 * canvas.noise(0.3, 88 + seed, octaves=3, stretch=3)
    return canvas.layer(tinted(pixels, light), seen_from(eye, depth))


def _paint_flowers(pixels: Pixels, canvas: Canvas, top: float, seed: int) -> None:
    random = np.random.default_rng(90 + seed)
    places = scatter(canvas, 420, 92 + seed, top, 0.58)
    sizes = (0.0045 + 0.03 * (places[:, 1:] - top)) * random.uniform(0.6, 1.2, (420, 1))
    kinds = np.stack([rgb(name) for name in ("d8392b", "e8552f", "f5ecd2", "b06aa8", "f6cf4a")])
    petals = kinds[random.integers(len(kinds), size=len(places))]
    angles = random.uniform(-25, 25, len(places))
    canvas.dab(pixels, places, sizes * (1, 0.75), angles, petals * 0.72)
    canvas.dab(pixels, places - sizes * (0.2, 0.25), sizes * (0.7, 0.42), angles, petals)
