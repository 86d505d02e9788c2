"""Houses with lit windows, a church, a lighthouse."""

import cv2
import numpy as np
from numpy.typing import NDArray

from .layer import Pixels
from .paint import Canvas, over, rgb, smooth, tinted

WALLS = ("a8482f", "d9a441", "e6d3b0", "4f7f86", "c26b4a", "8f9d6b", "d8b7a0", "6d7fa6")
ROOFS = ("5a3a3c", "6b4038", "44414f", "703a2e")
LAMPLIGHT = rgb("ffcf73")
DARK_PANE = rgb("3a4262")
FRAME = rgb("efe6d6")
DUSK = np.array([0.8, 0.68, 0.84])  # what is left of the daylight


def paint_row_of_houses(
    canvas: Canvas, ground: float, left: float, right: float, seed: int
) -> Pixels:
    """A closed row of old town houses, standing on `ground` from `left` to `right` (units)."""
    random = np.random.default_rng(seed)
    walls, lights = canvas.blank(), canvas.blank()
    x, number = left, 0
    while x < right:
        width, height = random.uniform(0.115, 0.19), random.uniform(0.17, 0.27)
        wall = rgb(WALLS[number % len(WALLS)]) * random.uniform(0.9, 1.05)
        roof = rgb(ROOFS[random.integers(len(ROOFS))])
        gable = number % 3 != 1
        _house(canvas, walls, (x, ground, width, height), wall, roof, gable)
        _windows(canvas, walls, lights, random, (x, ground, width, height), gable)
        x, number = x + width, number + 1
    boards = 1 + 0.07 * np.sin(canvas.y * 2 * np.pi / 0.0065) + 0.09 * canvas.noise(0.03, seed)
    stains = 0.06 * canvas.noise(0.05, seed + 1, stretch=0.3) - 0.9 * (canvas.y - ground + 0.16)
    shade = (boards + stains).clip(0.5, 1.4)[..., None] * DUSK
    walls = tinted(walls, shade.astype(np.float32))
    return with_glow(over(walls, lights), lights, 0.012 * canvas.density)


def _house(
    canvas: Canvas,
    pixels: Pixels,
    box: tuple[float, float, float, float],
    wall: NDArray[np.float32],
    roof: NDArray[np.float32],
    gable: bool,
) -> None:
    x, ground, width, height = box
    eaves, middle = ground - height, x + width / 2
    chimney = np.array([x + width * 0.72, eaves - 0.3 * width])
    canvas.fill(pixels, _rectangle(chimney - (0.01, 0.06), chimney + (0.01, 0.06)), roof * 0.85)
    canvas.fill(pixels, _rectangle(chimney - (0.01, 0.06), chimney + (-0.006, 0.06)), roof * 1.6)
    canvas.fill(pixels, _rectangle((x, eaves), (x + width, ground)), wall)
    if gable:
        peak = eaves - 0.55 * width
        canvas.fill(pixels, [(x, eaves), (middle, peak), (x + width, eaves)], wall)
        edge = np.array([(x - 0.006, eaves + 0.006), (middle, peak - 0.004)])
        canvas.stroke(pixels, [*edge, (x + width + 0.006, eaves + 0.006)], roof, 0.012)
        canvas.stroke(pixels, edge - (0, 0.004), roof * 1.9, 0.003)
    else:
        peak = eaves - 0.34 * width
        slope = [(x, eaves), (x + 0.03, peak), (x + width - 0.03, peak), (x + width, eaves)]
        canvas.fill(pixels, slope, roof)
        for share in np.linspace(0.08, 0.95, 7):
            y, inset = eaves + (peak - eaves) * share, 0.03 * share
            canvas.stroke(pixels, [(x + inset, y), (x + width - inset, y)], roof * 1.35, 0.0022)
        canvas.stroke(pixels, [(x, eaves), (x + width, eaves)], FRAME * 0.8, 0.006)
    canvas.fill(pixels, _rectangle((x, eaves), (x + 0.006, ground)), wall * 1.35)
    canvas.fill(pixels, _rectangle((x + width - 0.007, eaves), (x + width, ground)), wall * 0.55)
    canvas.fill(pixels, _rectangle((x, ground - 0.02), (x + width, ground)), wall * 0.5)


def _windows(
    canvas: Canvas,
    walls: Pixels,
    lights: Pixels,
    random: np.random.Generator,
    box: tuple[float, float, float, float],
    gable: bool,
) -> None:
    x, ground, width, height = box
    columns, rows = max(2, int(width / 0.045)), max(2, int(height / 0.068))
    places = [
        (x + width * (column + 0.5) / columns, ground - height + height * (row + 0.42) / rows)
        for row in range(rows)
        for column in range(columns)
    ]
    door = random.integers(columns)
    for number, place in enumerate(places):
        half = np.array([0.0105, 0.0185])
        if number == len(places) - columns + door:
            _door(canvas, walls, (place[0], ground), random)
            continue
        _window(canvas, walls, lights, place, half, random.random() < 0.5, random)
    if gable:
        top = (x + width / 2, ground - height - 0.17 * width)
        _window(canvas, walls, lights, top, np.array([0.012, 0.015]), random.random() < 0.7, random)


def _window(
    canvas: Canvas,
    walls: Pixels,
    lights: Pixels,
    place: tuple[float, float],
    half: NDArray[np.float64],
    lit: bool,
    random: np.random.Generator,
) -> None:
    centre = np.array(place)
    canvas.fill(walls, _rectangle(centre - half * 1.25, centre + half * 1.25), FRAME * 0.72)
    glass = LAMPLIGHT * random.uniform(0.85, 1.0) if lit else DARK_PANE * random.uniform(0.8, 1.4)
    sheet = lights if lit else walls
    canvas.fill(sheet, _rectangle(centre - half, centre + half), glass)
    if lit:
        curtain = centre + half * (random.uniform(-0.6, 0.2), 1)
        canvas.fill(sheet, _rectangle(centre - half, curtain), glass * (1, 0.86, 0.62))
    bar = FRAME * (0.55 if lit else 0.7)
    canvas.stroke(sheet, [centre - (0, half[1]), centre + (0, half[1])], bar, 0.003)
    canvas.stroke(sheet, [centre - (half[0], 0.004), centre + (half[0], -0.004)], bar, 0.003)
    sill = centre + (0, half[1] * 1.3)
    canvas.stroke(walls, [sill - (half[0] * 1.4, 0), sill + (half[0] * 1.4, 0)], FRAME, 0.004)


def _door(
    canvas: Canvas, walls: Pixels, foot: tuple[float, float], random: np.random.Generator
) -> None:
    at, colour = np.array(foot), rgb(("2f4a3e", "5b2c2a", "2f3c5e")[random.integers(3)])
    canvas.fill(walls, _rectangle(at - (0.016, 0.058), at + (0.016, 0)), FRAME * 0.7)
    canvas.fill(walls, _rectangle(at - (0.012, 0.054), at + (0.012, 0)), colour)
    awning = at - (0, 0.064)
    stripes = [awning + (dx, dy) for dx, dy in ((-0.02, 0), (0.02, 0), (0.027, 0.013), (-0.027, 0.013))]
    canvas.fill(walls, stripes, rgb(("c9503c", "d8c7a0", "4c7a74")[random.integers(3)]))


def paint_church(canvas: Canvas, foot: tuple[float, float], height: float) -> Pixels:
    """A tower with a pointed roof and a lit clock."""
    pixels, lights = canvas.blank(), canvas.blank()
    at, stone = np.array(foot), rgb("a08c86")
    half, eaves = height * 0.085, at[1] - height * 0.62
    canvas.fill(pixels, _rectangle((at[0] - half, eaves), at + (half, 0)), stone)
    canvas.fill(pixels, _rectangle((at[0] + half * 0.3, eaves), at + (half, 0)), stone * 0.62)
    tip = (at[0], at[1] - height)
    canvas.fill(pixels, [(at[0] - half * 1.25, eaves), tip, (at[0] + half * 1.25, eaves)], rgb("3f5a5c"))
    canvas.fill(pixels, [(at[0] + half * 0.3, eaves), tip, (at[0] + half * 1.25, eaves)], rgb("2b3f48"))
    clock = np.array([[at[0], eaves + half * 1.1]])
    canvas.dab(lights, clock, (half * 0.5, half * 0.5), 0, LAMPLIGHT)
    canvas.stroke(lights, [clock[0] - (0, half * 0.4), clock[0], clock[0] + (half * 0.25, 0)], stone * 0.4, 0.003)
    pixels = tinted(pixels, 1 + 0.12 * canvas.noise(0.02, 7, stretch=2))
    return with_glow(over(pixels, lights), lights, 0.01 * canvas.density)


def paint_lighthouse(canvas: Canvas, foot: tuple[float, float], height: float) -> Pixels:
    """A banded round tower with its lamp lit."""
    pixels, lights = canvas.blank(), canvas.blank()
    gallery = foot[1] - 0.8 * height
    low, high = 0.115 * height, 0.068 * height  # half widths
    bands = np.linspace(foot[1], gallery, 8)
    for number, (bottom, top) in enumerate(zip(bands, bands[1:], strict=False)):
        wide = low + (high - low) * number / 7
        narrow = low + (high - low) * (number + 1) / 7
        corners = [(-wide, bottom), (-narrow, top), (narrow, top), (wide, bottom)]
        colour = rgb("ece2d4") if number % 2 else rgb("b23a33")
        canvas.fill(pixels, [(foot[0] + dx, y) for dx, y in corners], colour)
    pixels = tinted(pixels, _roundness(canvas, foot, low, high, height))
    _lantern(canvas, pixels, lights, (foot[0], gallery), high)
    return with_glow(over(pixels, lights), lights, 0.03 * canvas.density)


def _roundness(
    canvas: Canvas, foot: tuple[float, float], low: float, high: float, height: float
) -> NDArray[np.float32]:
    rise = ((foot[1] - canvas.y) / (0.8 * height)).clip(0, 1)
    across = ((canvas.x - foot[0]) / (low + (high - low) * rise)).clip(-1, 1)
    round_light = 0.45 + 0.65 * np.sqrt(np.maximum(1 - ((across + 0.45) / 1.5) ** 2, 0))
    warm = smooth(-across, 0.0, 1.1)[..., None] * np.array([0.35, 0.12, 0.0], np.float32)
    plaster = 1 + 0.08 * canvas.noise(0.04, 3, stretch=0.5)
    return np.asarray((round_light * plaster)[..., None] * (1 + warm), np.float32)


def _lantern(
    canvas: Canvas, pixels: Pixels, lights: Pixels, at: tuple[float, float], half: float
) -> None:
    iron, place = rgb("2e2f45"), np.array(at)
    canvas.fill(pixels, _rectangle(place - (half * 1.5, half * 0.28), place + (half * 1.5, 0)), iron)
    canvas.fill(lights, _rectangle(place - (half * 0.75, half * 1.6), place - (-half * 0.75, half * 0.28)), LAMPLIGHT)
    for dx in (-0.75, -0.25, 0.25, 0.75):
        post = place + (dx * half, -half * 0.28)
        canvas.stroke(lights, [post, post - (0, half * 1.3)], iron, 0.003)
    for dx in np.linspace(-1.45, 1.45, 9):
        rail = place + (dx * half, -half * 0.28)
        canvas.stroke(pixels, [rail, rail - (0, half * 0.5)], iron, 0.002)
    roof = place - (0, half * 1.6)
    canvas.fill(pixels, [roof - (half, 0), roof - (0, half * 1.1), roof + (half, 0)], rgb("8f2f2c"))


def with_glow(pixels: Pixels, lights: Pixels, blur: float) -> Pixels:
    """Let lights shine on what is around them; `blur` in paint pixels.

    Where nothing is painted the shine has colour but no coverage: it brightens the layers behind.
    """
    spread = cv2.GaussianBlur(lights[..., :3], (0, 0), blur)
    spread = cv2.addWeighted(spread, 0.8, cv2.GaussianBlur(spread, (0, 0), 2 * blur), 1.6, 0)
    shine = (spread * np.array([0.95, 0.66, 0.4])).astype(np.uint8)
    dimmed = cv2.multiply(pixels[..., :3], 255 - shine, scale=1 / 255)
    return np.dstack([cv2.add(dimmed, shine), pixels[..., 3:]])


def _rectangle(corner: object, opposite: object) -> NDArray[np.float64]:
    (left, top), (right, bottom) = np.asarray(corner), np.asarray(opposite)
    return np.array([(left, top), (right, top), (right, bottom), (left, bottom)])
