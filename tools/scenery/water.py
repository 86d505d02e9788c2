"""Harbor water: waves in perspective, and reflections."""

import cv2
import numpy as np

from .layer import Pixels
from .paint import Canvas, Field, mix, pack, ramp, rgb, smooth, tinted

HORIZON = 0.02  # y in units
EYE_HEIGHT = 0.48  # units above the water
SHEET = Canvas(-32, 0, 32, 32, 30)  # the water seen from above, in units at depth 1


def waterline(depth: float) -> float:
    """Vertical position of the water at a depth, y in units."""
    return HORIZON + EYE_HEIGHT / depth


def waves(canvas: Canvas, seed: int, *, cell: float = 0.2, octaves: int = 4) -> Field:
    """Noise lying on the water plane: HxW float32, mean about 0; 0 above the horizon."""
    sheet = SHEET.noise(cell, seed, octaves=octaves, gain=0.62, stretch=3.2)
    depth = EYE_HEIGHT / np.maximum(canvas.y - HORIZON, 0.012)
    x = (canvas.x * depth - SHEET.left) * SHEET.density
    y = np.broadcast_to(depth * SHEET.density, x.shape)
    maps = x.astype(np.float32), y.astype(np.float32)
    lying = cv2.remap(sheet, maps[0], maps[1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
    # Towards the horizon waves get finer than a paint pixel; there they fade out.
    return np.asarray(lying * smooth(canvas.y, HORIZON, HORIZON + 0.03), np.float32)


def paint_water(canvas: Canvas, seed: int, top: float, glitter_x: float) -> Pixels:
    """Water from `top` down, in the colors of an evening sky, with a path of light on it."""
    height = waves(canvas, seed)
    down = (canvas.y - HORIZON) / 0.5 - 0.1 * height
    color = ramp(
        down, (0, "e79a86"), (0.12, "b9798f"), (0.35, "6a5a8e"), (0.7, "38406f"), (1, "222b54")
    )
    color = mix(color, rgb("f3b08c"), 0.55 * smooth(height, 0.55, 1.5) * (1.1 - down).clip(0, 1))
    color = mix(color, rgb("1c2146"), 0.45 * smooth(-height, 0.5, 1.5))
    path = np.exp(-(((canvas.x - glitter_x) / (0.07 + 0.22 * down.clip(0, 1))) ** 2))
    color = mix(color, rgb("ffdf9e"), path * smooth(height, 0.15, 0.8) * 0.9)
    return pack(color, (canvas.y - top + 0.0015 * height) * canvas.density)


def paint_ripples(canvas: Canvas, seed: int, top: float) -> Pixels:
    """Only the crests of nearer waves, with gaps between them."""
    height = waves(canvas, seed, cell=0.15, octaves=3)
    share = smooth(canvas.y, top, top + 0.25)
    crest = smooth(height - 1.15 + 0.65 * share, -0.04, 0.04) * (canvas.y > top)
    color = ramp(height, (0, "262e5a"), (0.7, "4a4a84"), (1.2, "8f6a98"), (1.9, "eba58e"))
    return pack(color, crest)


def mirrored(canvas: Canvas, pixels: Pixels, line: float) -> Pixels:
    """Reflection of the pixels above the waterline, distorted by small waves.

    Args:
        line: y of the waterline, in units.
    """
    below = np.maximum(canvas.y - line, 0)
    shake = canvas.noise(0.017, 8, octaves=2, stretch=6, gain=0.5)
    x = canvas.x + shake * (0.002 + 0.025 * below)
    y = line - below * 0.92 + 0.05 * shake * below
    columns = ((x - canvas.left) * canvas.density - 0.5).astype(np.float32)
    rows = ((y - canvas.top) * canvas.density - 0.5).astype(np.float32)
    image = cv2.remap(pixels, columns, rows, cv2.INTER_LINEAR)
    unbroken = smooth(shake + 1.5 - 5 * below, 0.0, 0.3) * (canvas.y > line)
    broken = np.asarray(image * (0.9 * unbroken[..., None]), np.uint8)
    return tinted(broken, np.array([[[0.66, 0.62, 0.8]]]))
