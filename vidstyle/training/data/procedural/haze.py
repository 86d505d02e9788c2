"""Low-detail pictures: smooth noise, fog, and nights with lights."""

import cv2
import numpy as np

from vidstyle.training.data.procedural.canvas import Canvas, Color, rectangle
from vidstyle.training.data.procedural.colors import Palette, color_of
from vidstyle.training.data.procedural.landscape import landscape
from vidstyle.training.data.procedural.leaves import power_law


def smooth(canvas: Canvas) -> None:
    """Colored random-phase noise: clouds, cloth, fur, grass, or smooth gradients."""
    random = canvas.random
    slope, contrast = random.uniform(0.8, 2.0), random.uniform(0.04, 0.4)
    stretch, angle = float(np.exp(max(0.0, random.uniform(-2, 3)))), random.uniform(0, np.pi)
    palette = Palette(random)
    first, second = palette.color(), palette.color()
    share = np.clip(0.5 + 0.4 * canvas.noise(slope + 0.3), 0, 1)[..., None]
    brightness = np.exp(contrast * canvas.noise(slope, stretch, angle))[..., None]
    canvas.blend((first + (second - first) * share) * brightness)


def fog(canvas: Canvas) -> None:
    """Landscape behind dense fog."""
    random = canvas.random
    landscape(canvas)
    gray = 0.3 * color_of("sky", random) + 0.7 * np.full(3, random.uniform(0.5, 0.85))
    thickness = random.uniform(0.5, 0.85) + 0.1 * canvas.noise(1.8)
    canvas.blend(gray, np.clip(thickness * (1.2 - 0.4 * canvas.y), 0, 0.95))


def night(canvas: Canvas) -> None:
    """Dark houses with lit windows, and glowing or defocused lamps."""
    random = canvas.random
    canvas.blend(color_of("water", random) * 0.3 * np.exp(0.3 * canvas.noise(1.6))[..., None])
    for _ in range(int(random.integers(2, 9))):
        _dark_house(canvas)
    light = np.zeros((canvas.side, canvas.side, 3), np.float32)
    for radius in power_law(int(random.integers(15, 80)), 0.003, 0.06, random):
        _add_lamp(light, radius * canvas.side, color_of("lamp", random, 0.3), random)
    glow = cv2.GaussianBlur(light, (0, 0), 0.03 * canvas.side)
    canvas.blend(canvas.image / 255 + light + 0.6 * np.asarray(glow))


def _dark_house(canvas: Canvas) -> None:
    random = canvas.random
    left, top = random.uniform(-0.1, 0.9), random.uniform(0.2, 0.8)
    wide = random.uniform(0.1, 0.3)
    canvas.fill(rectangle(left, top, left + wide, 1.1), color_of("stone", random) * 0.2)
    lamp = color_of("lamp", random) * 0.7
    for x in np.arange(left + 0.02, left + wide - 0.02, 0.035):
        for y in np.arange(top + 0.03, 1.0, 0.05):
            if random.random() < 0.35:
                canvas.fill(rectangle(x, y, x + 0.018, y + 0.028), lamp * random.uniform(0.3, 1))


def _add_lamp(light: Color, radius: float, color: Color, random: np.random.Generator) -> None:
    """Add a lamp as a disc, `radius` in pixels; larger discs are dimmer, as out of focus."""
    side = light.shape[0]
    spot = np.zeros_like(light)
    place = (int(random.uniform(0, side)), int(side * random.beta(4, 3)))
    r, g, b = (color * min(1.0, 3 / radius)).tolist()
    cv2.circle(spot, place, max(1, round(radius)), (r, g, b), -1)
    light += spot
