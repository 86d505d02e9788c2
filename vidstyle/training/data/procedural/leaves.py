"""Dead leaves model: occluding shapes of all sizes (Lee, Mumford and Huang, IJCV 2001)."""

import numpy as np
from numpy.typing import NDArray

from vidstyle.training.data.procedural.canvas import (
    Canvas,
    Field,
    Outline,
    Surface,
    blob,
    ellipse,
    polygon,
)
from vidstyle.training.data.procedural.colors import Palette

TEXTURED_FROM = 0.025  # radius; smaller leaves are flat, since texture would not be visible
SHADOW_FROM = 0.04  # radius
LAYERS = 2.6  # total area of the leaves over that of the canvas
MAX_LEAVES = 500  # more take time, and leave no smooth areas


def dead_leaves(canvas: Canvas) -> None:
    """Leaves in the background, often blurred, and in front; at times a few large blurred ones."""
    random = canvas.random
    palette = Palette(random)
    canvas.blend(palette.color() * np.exp(0.3 * canvas.noise())[..., None])
    litter(canvas, palette, layers=LAYERS / 2)
    canvas.blur(float(random.choice([0.0, 0.0, 0.004, 0.02])))
    litter(canvas, palette, layers=LAYERS / 2)
    if random.random() < 0.2:
        scatter(canvas, palette, random.uniform(0.08, 0.3, 4), softness=0.02)


def litter(canvas: Canvas, palette: Palette, layers: float) -> None:
    """Draw leaves with a total area of `layers` times the canvas."""
    random = canvas.random
    smallest = float(np.exp(random.uniform(np.log(0.007), np.log(0.03))))
    largest = random.uniform(0.15, 0.45)
    mean_area = 2 * np.pi * smallest**2 * np.log(largest / smallest)
    count = min(MAX_LEAVES, int(layers / mean_area))
    scatter(canvas, palette, power_law(count, smallest, largest, random))


def scatter(
    canvas: Canvas, palette: Palette, radii: NDArray[np.floating], softness: float = 0.0
) -> None:
    """Draw one leaf per radius, at random positions."""
    random = canvas.random
    grains = _grains(canvas)
    kinds = random.dirichlet(np.full(3, 0.7))
    slimness = random.uniform(0.3, 1.0)
    flat = random.random() < 0.15  # without texture, as in a cartoon
    light = random.uniform(-0.5, 0.5, 2) * (not flat)
    roundness = 0.0 if flat else random.choice([0.0, 0.0, 0.5])
    for radius in radii:
        outline = _leaf(radius, slimness, kinds, random)
        color = palette.color()
        if radius < TEXTURED_FROM:
            canvas.fill(outline, color)
            continue
        lit = light * random.uniform(0, 1.5)
        surface = Surface(
            color,
            grain=grains[int(random.integers(len(grains)))],
            roughness=0.0 if flat else random.uniform(0.02, 0.4),
            light=(float(lit[0]), float(lit[1])),
            roundness=float(roundness),
        )
        if radius > SHADOW_FROM and not flat:
            canvas.shadow(outline - np.sign(light) * 0.1 * radius, 0.4, 0.12 * radius)
        canvas.shape(outline, surface, softness)


def power_law(
    count: int, smallest: float, largest: float, random: np.random.Generator
) -> NDArray[np.floating]:
    """Random radii with the scale-invariant density r^-3."""
    share = random.random(count)
    return np.asarray((smallest**-2 - share * (smallest**-2 - largest**-2)) ** -0.5)


def _grains(canvas: Canvas) -> list[Field]:
    random = canvas.random
    angle = random.uniform(0, np.pi)
    return [
        canvas.noise(0.8),
        canvas.noise(0.8, stretch=12, angle=angle),
        canvas.stripes(float(random.uniform(0.01, 0.05)), angle),
    ]


def _leaf(
    radius: float, slimness: float, kinds: NDArray[np.floating], random: np.random.Generator
) -> Outline:
    middle = random.uniform(-0.05, 1.05, 2).tolist()
    radii = (radius, radius * random.uniform(slimness, 1.0))
    kind = random.choice(3, p=kinds)
    if kind == 0:
        return ellipse(middle, radii, random.uniform(0, np.pi), corners=16 if radius < 0.05 else 48)
    if kind == 1:
        return polygon(middle, radii, random)
    return blob(middle, radii, random)
