"""Boats with their reflections; the waterline is at y = 0."""

import numpy as np
from numpy.typing import NDArray

from .buildings import LAMPLIGHT, with_glow
from .layer import Layer, Motion, Pixels
from .paint import Canvas, over, rgb, tinted
from .water import mirrored


def sailing_boat(density: float, motion: Motion) -> Layer:
    """A gaff cutter under cream and tan sails, bow to the left, 0.34 units long."""
    canvas = Canvas(-0.24, -0.48, 0.24, 0.26, density)
    pixels = canvas.blank()
    wood = rgb("6b4630")
    canvas.stroke(pixels, [(-0.02, 0), (-0.02, -0.44)], wood, 0.008)
    canvas.stroke(pixels, [(-0.15, -0.045), (-0.225, -0.062)], wood, 0.006)
    canvas.stroke(pixels, [(-0.02, -0.43), (-0.222, -0.062)], wood * 0.6, 0.002)
    canvas.stroke(pixels, [(-0.02, -0.43), (0.16, -0.04)], wood * 0.6, 0.002)
    main = [(-0.012, -0.07), (-0.012, -0.30), (0.085, -0.425), (0.125, -0.25), (0.165, -0.075)]
    jib = [(-0.03, -0.37), (-0.215, -0.068), (-0.135, -0.085), (-0.045, -0.1)]
    pixels = over(pixels, _sail(canvas, jib, "c8683f", 1))
    pixels = over(pixels, _sail(canvas, main, "ecd3b0", 2))
    canvas.stroke(pixels, [(-0.02, -0.065), (0.17, -0.068)], wood * 1.3, 0.007)
    canvas.stroke(pixels, [(-0.016, -0.30), (0.09, -0.432)], wood * 1.3, 0.006)
    pixels = over(pixels, _threads(canvas))
    hull = _hull(canvas, 0.17, 0.052, "27415f", "e9dcc3", "8f3b30")
    return _afloat(canvas, over(pixels, hull), motion)


def fishing_boat(density: float, motion: Motion) -> Layer:
    """A small trawler with a lit wheelhouse, bow to the right, 0.3 units long."""
    canvas = Canvas(-0.2, -0.26, 0.2, 0.2, density)
    pixels, lights = canvas.blank(), canvas.blank()
    steel, white = rgb("3c3f55"), rgb("e8ded0")
    canvas.stroke(pixels, [(0.05, -0.04), (0.05, -0.23)], steel, 0.007)
    canvas.stroke(pixels, [(0.05, -0.22), (0.14, -0.05)], steel, 0.0025)
    canvas.stroke(pixels, [(0.05, -0.2), (-0.13, -0.05)], steel, 0.0025)
    canvas.stroke(pixels, [(0.05, -0.13), (0.12, -0.17)], steel * 1.2, 0.005)
    house = np.array([(-0.1, -0.045), (-0.1, -0.125), (-0.02, -0.135), (-0.005, -0.045)])
    canvas.fill(pixels, house, white)
    canvas.fill(pixels, house * (0.25, 1) - (0.078, 0), white * 0.72)
    roof = [(-0.11, -0.125), (-0.108, -0.137), (-0.005, -0.147), (-0.008, -0.133)]
    canvas.fill(pixels, roof, rgb("a83c32"))
    for x in (-0.085, -0.06, -0.034):
        pane = [(x, -0.113), (x + 0.017, -0.116), (x + 0.019, -0.088), (x, -0.088)]
        canvas.fill(lights, pane, LAMPLIGHT)
    canvas.dab(lights, [(0.05, -0.215)], (0.006, 0.006), 0, rgb("fff0c0"))
    pixels = with_glow(canvas, pixels, lights, 0.01, 0.5)
    hull = _hull(canvas, -0.16, 0.05, "2f6b66", "e6d8bc", "a33f2f")
    return _afloat(canvas, over(pixels, hull), motion)


def _hull(canvas: Canvas, half: float, deck: float, paint: str, band: str, below: str) -> Pixels:
    """A hull around x = 0 with the bow at -half: planks, a light rubbing strake, a red bottom."""
    pixels = canvas.blank()
    share = np.linspace(0, 1, 24)
    x = half * (2 * share - 1)
    sheer = -deck * (0.72 + 0.55 * (share - 0.62) ** 2 * 4)
    top = np.column_stack([x * (1.0 + 0.06 * (share < 0.5)), sheer])
    bottom = [(half * 0.93, 0.012), (-half * 0.8, 0.012)]
    canvas.fill(pixels, [*top, *bottom], rgb(paint))
    canvas.fill(pixels, [(half * 0.955, -0.006), *bottom, (-half * 0.9, -0.006)], rgb(below))
    for drop in (0.25, 0.45, 0.65):
        canvas.stroke(pixels, top * (0.985, 1) + (0, deck * drop), rgb(paint) * 0.72, 0.0022)
    canvas.stroke(pixels, top, rgb(band), 0.007)
    light = 1.02 + 0.1 * canvas.noise(0.03, 5, stretch=3) - 1.3 * canvas.x
    return tinted(pixels, light.clip(0.5, 1.5))


def _sail(canvas: Canvas, corners: list[tuple[float, float]], color: str, seed: int) -> Pixels:
    """Cloth in panels, round with wind and lit from the left."""
    pixels = canvas.blank()
    canvas.fill(pixels, corners, rgb(color))
    places = np.array(corners)
    left, right = places[:, 0].min(), places[:, 0].max()
    across = ((canvas.x - left) / (right - left)).clip(0, 1)
    seams = np.abs(((canvas.y + 0.22 * canvas.x) / 0.045) % 1 - 0.5)
    cloth = 1.12 - 0.42 * across**1.4 + 0.1 * np.sin(across * 7 + 9 * canvas.y)
    cloth = cloth + 0.07 * canvas.noise(0.05, 20 + seed, stretch=2) - 0.13 * (seams > 0.46)
    tint = np.stack([cloth, cloth * (0.97 - 0.06 * across), cloth * (0.9 + 0.12 * across)], axis=-1)
    return tinted(pixels, tint.astype(np.float32))


def _threads(canvas: Canvas) -> Pixels:
    pixels = canvas.blank()
    bodies: NDArray[np.float64] = np.array([(0.085, -0.058), (0.122, -0.062)])
    canvas.dab(pixels, bodies, (0.011, 0.022), 8, [rgb("c9a23c"), rgb("40506e")])
    canvas.dab(pixels, bodies - (0, 0.029), (0.0075, 0.0085), 0, rgb("c08a68"))
    canvas.dab(pixels, bodies - (0, 0.034), (0.0085, 0.0055), 0, [rgb("6e2f2a"), rgb("d8cbb0")])
    return pixels


def _afloat(canvas: Canvas, pixels: Pixels, motion: Motion) -> Layer:
    pixels[canvas.y[:, 0] > 0.003] = 0
    return canvas.layer(over(mirrored(canvas, pixels, 0.0), pixels), motion)
