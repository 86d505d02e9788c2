"""Hot-air balloons."""

import numpy as np

from .layer import Layer, Motion, Pixels
from .paint import Canvas, Field, mix, over, pack, rgb, smooth

SUN = np.array([-0.62, -0.38, 0.69])  # towards the light: left, up, to us
GORES = 24  # strips of cloth around the envelope
MOUTH = 1.18  # from the middle of the ball down to the mouth, in radii


def balloon(
    density: float, radius: float, colors: tuple[str, ...], pattern: str, motion: Motion
) -> Layer:
    """A balloon: a spherical envelope around (0, 0) that tapers to a basket below.

    Args:
        radius: of the envelope, in units.
        colors: of the cloth; the last is the trim.
        pattern: "stripes", "rings" or "waves".
    """
    side, bottom = 1.1 * radius, 2.0 * radius
    canvas = Canvas(-side, -side, side, bottom, max(2 * density, 220 / radius))
    pixels = over(_basket(canvas, radius), _envelope(canvas, radius, colors, pattern))
    return canvas.layer(pixels, motion)


def _envelope(canvas: Canvas, radius: float, colors: tuple[str, ...], pattern: str) -> Pixels:
    x, y = canvas.x / radius, canvas.y / radius
    half_width = _profile(y)
    across = (x / np.maximum(half_width, 1e-3)).clip(-1, 1)
    around = np.arcsin(across) / np.pi + 0.5  # 0..1 over the visible half
    cloth = _cloth(around, np.broadcast_to(y, around.shape), colors, pattern)
    # Each gore bulges: brighter in its middle, a seam at its edge.
    bulge = np.abs(((around * GORES / 2 + 0.5) % 1) - 0.5) * 2
    normal = np.stack([across, np.broadcast_to(y * 0.8, across.shape)], axis=-1)
    facing = np.sqrt(np.maximum(1 - (normal**2).sum(-1), 0))
    light = (normal @ SUN[:2] + facing * SUN[2]).clip(-0.4, 1)
    light = 0.52 + 0.62 * light - 0.13 * bulge**3 + 0.03 * canvas.noise(0.3 * radius, 5)
    warm = np.array([1.06, 0.99, 0.88], np.float32)
    shade = mix(np.array([0.5, 0.44, 0.66]), warm, light.clip(0, 1))
    glow = np.exp(-((x / 0.5) ** 2) - ((y - 0.95) / 0.42) ** 2)  # the burner behind the cloth
    color = mix(cloth * shade * (0.62 + 0.5 * light[..., None]), rgb("ffcf7a"), 0.4 * glow)
    edge = (half_width - np.abs(x)) * radius * canvas.density + 0.5
    inside = edge.clip(0, 1) * (y > -1) * (y < MOUTH)
    return pack(color, inside)


def _profile(y: Field) -> Field:
    """Half the width at each height, in radii: a ball, then a curve running into the mouth."""
    ball = np.sqrt(np.maximum(1 - y**2, 0))
    fall = ((y - 0.35) / (MOUTH - 0.35)).clip(0, 1)
    taper = 0.937 - 0.28 * fall - 0.46 * fall**1.7
    return np.asarray(np.where(y < 0.35, ball, taper), np.float32)


def _cloth(around: Field, y: Field, colors: tuple[str, ...], pattern: str) -> Field:
    gore = np.floor(around * GORES / 2 + 0.5)
    if pattern == "stripes":
        number = gore
    elif pattern == "rings":
        number = np.floor((y + 1) * 3.4)
    else:
        number = np.floor((y + 1) * 3.2 + 0.55 * np.abs((around * 6 % 1) - 0.5) * 2)
    table = np.stack([rgb(name) for name in colors])
    cloth = table[number.astype(int) % (len(colors) - 1)]
    trim = smooth(np.abs(y - 0.72), 0.09, 0.075) + smooth(y, -0.86, -0.88)
    return mix(cloth, table[-1], trim.clip(0, 1))


def _basket(canvas: Canvas, radius: float) -> Pixels:
    pixels = canvas.blank()
    wood, dark = rgb("8a5a30"), rgb("4a3020")
    for side in (-1, -0.4, 0.4, 1):
        ends = [(side * 0.18 * radius, MOUTH * radius * 0.97), (side * 0.13 * radius, 1.6 * radius)]
        canvas.stroke(pixels, ends, dark, 0.018 * radius)
    left, right, top, bottom = np.array([-0.15, 0.15, 1.6, 1.84]) * radius
    heads = np.array([(-0.07, 1.55), (0.05, 1.56)]) * radius
    canvas.dab(pixels, heads, (0.035 * radius, 0.045 * radius), 0, dark)
    sides = [(left, top), (right, top), (right * 0.9, bottom), (left * 0.9, bottom)]
    canvas.fill(pixels, sides, wood)
    for row in np.linspace(top, bottom, 6)[1:-1]:
        canvas.stroke(pixels, [(left * 0.93, row), (right * 0.93, row)], dark, 0.012 * radius)
    for column in np.linspace(left, right, 7):
        canvas.stroke(pixels, [(column, top), (column * 0.9, bottom)], wood * 0.7, 0.01 * radius)
    canvas.stroke(pixels, [(left, top), (right, top)], wood * 1.4, 0.04 * radius)
    return pixels
