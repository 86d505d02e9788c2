"""Landscapes: sky, hills with aerial perspective, and ground, water or trees in front."""

import cv2
import numpy as np

from vidstyle.frame import RGBImage
from vidstyle.training.data.procedural.canvas import Canvas, Color, Field, ellipse
from vidstyle.training.data.procedural.colors import color_of, varied


def landscape(canvas: Canvas) -> None:
    """Landscape with sky, hills, ground or water, and up to three trees."""
    random = canvas.random
    horizon = random.uniform(0.25, 0.65)
    air = sky(canvas, horizon)
    hills(canvas, horizon, air)
    (water if random.random() < 0.3 else meadow)(canvas, horizon + random.uniform(0.0, 0.15))
    for _ in range(int(random.integers(0, 4))):
        tree(canvas, horizon)


def sky(canvas: Canvas, horizon: float) -> Color:
    """Draw the sky with clouds; return its color at the horizon."""
    random = canvas.random
    kind = "dusk" if random.random() < 0.2 else "sky"
    top, bottom = color_of("sky", random), color_of(kind, random, 0.1)
    bottom = (bottom + 0.3 * (np.ones(3) - bottom)) if bottom.mean() < 0.6 else bottom
    share = np.clip(canvas.y / horizon, 0, 1)[..., None]
    canvas.blend(top + (bottom - top) * np.broadcast_to(share, (canvas.side, canvas.side, 1)))
    clouds = canvas.noise(1.5, stretch=random.uniform(1, 3))
    cover = np.clip((clouds - random.uniform(-0.5, 1.5)) * random.uniform(0.3, 1.5), 0, 0.9)
    shade = 0.85 + 0.1 * canvas.noise(1.3)
    canvas.blend(varied(np.full(3, 0.95), random, 0.1) * shade[..., None], cover)
    return bottom


def hills(canvas: Canvas, horizon: float, air: Color) -> None:
    """Draw ranges of hills; far ones fade to the color of the air."""
    random = canvas.random
    count = int(random.integers(1, 5))
    kind = str(random.choice(["foliage", "earth", "stone"]))
    for number in range(count):
        nearness = (number + 1) / count
        height = random.uniform(0.02, 0.12) * (1.3 - nearness)
        outline = horizon - 0.08 * (1 - nearness) + height * canvas.ridge(random.uniform(0.9, 1.6))
        grain = np.exp(0.3 * nearness * canvas.noise(0.9))
        color = air + (color_of(kind, random) - air) * (0.25 + 0.7 * nearness)
        canvas.blend(color * grain[..., None], _below(canvas, outline))


def meadow(canvas: Canvas, top: float) -> None:
    """Draw ground with patches and a texture in perspective."""
    random = canvas.random
    outline = top + 0.01 * canvas.ridge()
    ground = color_of(str(random.choice(["foliage", "earth", "stone"])), random)
    patch = color_of(str(random.choice(["foliage", "earth"])), random)
    fine = receding(canvas, canvas.noise(0.7), top)
    coarse = receding(canvas, canvas.noise(1.2), top)
    cover = np.clip(0.5 + coarse, 0, 1)[..., None]
    colors = (ground + (patch - ground) * cover) * np.exp(0.35 * fine + 0.2 * coarse)[..., None]
    canvas.blend(colors, _below(canvas, outline))


def water(canvas: Canvas, top: float) -> None:
    """Draw water: the mirrored picture above it, with ripples."""
    random = canvas.random
    ripples = canvas.noise(0.9, stretch=8)
    depth = np.clip(canvas.y - top, 0, 1)
    rows = (2 * top - canvas.y + 0.03 * ripples * np.sqrt(depth)) * canvas.side
    columns = np.broadcast_to(canvas.x * canvas.side, rows.shape)
    mirrored = _sampled(canvas.image, columns, np.abs(rows))
    colors = 0.6 * mirrored / 255 + 0.4 * color_of("water", random)
    canvas.blend(colors * np.exp(0.12 * ripples)[..., None], _below(canvas, np.full((1, 1), top)))


def tree(canvas: Canvas, horizon: float) -> None:
    """Draw a tree: a trunk and a cluster of leaves, lighter at the top."""
    random = canvas.random
    size = random.uniform(0.08, 0.35)
    foot = np.array([random.uniform(0, 1), horizon + 0.6 * size])
    crown = foot - [0, 1.5 * size]
    bark = color_of("earth", random) * 0.6
    canvas.line(np.stack([foot, crown]), bark, 0.08 * size)
    leaf = color_of("foliage", random)
    places = np.clip(random.normal(0, 0.45, (int(200 + 600 * size), 2)), -1, 1) * [0.6, 0.8]
    for x, y in places:
        radii = size * random.uniform(0.02, 0.09, 2)
        color = varied(leaf, random, 0.2) * np.exp(-0.5 * y)
        middle = (crown[0] + size * x, crown[1] + size * y)
        canvas.fill(ellipse(middle, radii.tolist(), random.uniform(0, np.pi), 10), color)


def receding(canvas: Canvas, texture: Field, horizon: float) -> Field:
    """Texture in the perspective of a ground plane: finer towards the horizon."""
    depth = 0.15 / np.maximum(canvas.y - horizon + 0.05, 0.01)
    columns = ((canvas.x - 0.5) * depth + 0.5) * canvas.side
    rows = np.broadcast_to(depth * canvas.side, columns.shape)
    return _sampled(texture, columns, rows)


def _below(canvas: Canvas, outline: Field) -> Field:
    return np.broadcast_to(
        np.clip((canvas.y - outline) * canvas.side + 0.5, 0, 1), (canvas.side, canvas.side)
    )


def _sampled(texture: Field | RGBImage, columns: Field, rows: Field) -> Field:
    maps = (columns.astype(np.float32), rows.astype(np.float32))
    return np.asarray(cv2.remap(texture, *maps, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT))
