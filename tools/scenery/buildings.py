"""Houses with lit windows, a church, a lighthouse."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from .layer import Pixels
from .paint import Canvas, over, rectangle, rgb, smooth, tinted

WALLS = ("a8482f", "d9a441", "e6d3b0", "4f7f86", "c26b4a", "8f9d6b", "d8b7a0", "6d7fa6")
ROOFS = ("5a3a3c", "6b4038", "44414f", "703a2e")
LAMPLIGHT = rgb("ffcf73")
DARK_PANE = rgb("3a4262")
FRAME = rgb("efe6d6")
SHINE = np.array([0.95, 0.66, 0.4], np.float32)
DUSK = np.array([0.8, 0.68, 0.84], np.float32)  # remaining daylight, factors of RGB


@dataclass(frozen=True, slots=True, eq=False)
class House:
    """One house front; all measures in units."""

    x: float  # left edge
    ground: float
    width: float
    height: float  # up to the eaves
    wall: NDArray[np.float32]  # RGB in 0..1
    roof: NDArray[np.float32]
    gabled: bool  # a gable towards us, or a slope of roof

    @property
    def right(self) -> float:
        return self.x + self.width

    @property
    def eaves(self) -> float:
        return self.ground - self.height


def paint_row_of_houses(
    canvas: Canvas, ground: float, left: float, right: float, seed: int
) -> Pixels:
    """A closed row of old town houses, standing on `ground` from `left` to `right` (units)."""
    random = np.random.default_rng(seed)
    walls, lights = canvas.blank(), canvas.blank()
    for house in _row(random, ground, left, right):
        _paint_front(canvas, walls, house)
        _paint_roof(canvas, walls, house)
        _paint_openings(canvas, walls, lights, house, random)
    boards = 1 + 0.07 * np.sin(canvas.y * 2 * np.pi / 0.0065) + 0.09 * canvas.noise(0.03, seed)
    stains = 0.06 * canvas.noise(0.05, seed + 1, stretch=0.3) - 0.9 * (canvas.y - ground + 0.16)
    walls = tinted(walls, (boards + stains).clip(0.5, 1.4)[..., None] * DUSK)
    return with_glow(canvas, walls, lights, 0.012, 1.2)


def _row(random: np.random.Generator, ground: float, x: float, right: float) -> Iterator[House]:
    for number in itertools.count():
        if x >= right:
            return
        width, height = random.uniform(0.115, 0.19), random.uniform(0.17, 0.27)
        wall = rgb(WALLS[number % len(WALLS)]) * random.uniform(0.9, 1.05)
        roof = rgb(ROOFS[random.integers(len(ROOFS))])
        yield House(x, ground, width, height, wall, roof, gabled=number % 3 != 1)
        x += width


def _paint_front(canvas: Canvas, walls: Pixels, house: House) -> None:
    x, right, eaves, ground = house.x, house.right, house.eaves, house.ground
    chimney = np.array([x + 0.72 * house.width, eaves - 0.3 * house.width])
    canvas.fill(walls, rectangle((-0.01, -0.06), (0.01, 0.06)) + chimney, house.roof * 0.85)
    canvas.fill(walls, rectangle((-0.01, -0.06), (-0.006, 0.06)) + chimney, house.roof * 1.6)
    canvas.fill(walls, rectangle((x, eaves), (right, ground)), house.wall)
    canvas.fill(walls, rectangle((x, eaves), (x + 0.006, ground)), house.wall * 1.35)
    canvas.fill(walls, rectangle((right - 0.007, eaves), (right, ground)), house.wall * 0.55)
    canvas.fill(walls, rectangle((x, ground - 0.02), (right, ground)), house.wall * 0.5)


def _paint_roof(canvas: Canvas, walls: Pixels, house: House) -> None:
    x, right, eaves, roof = house.x, house.right, house.eaves, house.roof
    if house.gabled:
        peak = (x + house.width / 2, eaves - 0.55 * house.width)
        canvas.fill(walls, [(x, eaves), peak, (right, eaves)], house.wall)
        edge = np.array([(x - 0.006, eaves + 0.006), peak, (right + 0.006, eaves + 0.006)])
        canvas.stroke(walls, edge, roof, 0.012)
        canvas.stroke(walls, edge[:2] - (0, 0.004), roof * 1.9, 0.003)
        return
    peak_y = eaves - 0.34 * house.width
    slope = [(x, eaves), (x + 0.03, peak_y), (right - 0.03, peak_y), (right, eaves)]
    canvas.fill(walls, slope, roof)
    for share in np.linspace(0.08, 0.95, 7):
        y, inset = eaves + (peak_y - eaves) * share, 0.03 * share
        canvas.stroke(walls, [(x + inset, y), (right - inset, y)], roof * 1.35, 0.0022)
    canvas.stroke(walls, [(x, eaves), (right, eaves)], FRAME * 0.8, 0.006)


def _paint_openings(
    canvas: Canvas, walls: Pixels, lights: Pixels, house: House, random: np.random.Generator
) -> None:
    """Windows in rows and columns, about half of them lit, and a door in place of one."""
    columns, rows = max(2, int(house.width / 0.045)), max(2, int(house.height / 0.068))
    door = (rows - 1, int(random.integers(columns)))
    for row, column in itertools.product(range(rows), range(columns)):
        x = house.x + house.width * (column + 0.5) / columns
        y = house.eaves + house.height * (row + 0.42) / rows
        if (row, column) == door:
            _paint_door(canvas, walls, np.array([x, house.ground]), random)
        else:
            _paint_window(canvas, walls, lights, np.array([x, y]), random)
    if house.gabled:
        attic = np.array([house.x + house.width / 2, house.eaves - 0.17 * house.width])
        _paint_window(canvas, walls, lights, attic, random)


def _paint_window(
    canvas: Canvas,
    walls: Pixels,
    lights: Pixels,
    at: NDArray[np.float64],
    random: np.random.Generator,
) -> None:
    wide, high = 0.0105, 0.0185
    pane = rectangle((-wide, -high), (wide, high))
    canvas.fill(walls, 1.25 * pane + at, FRAME * 0.72)
    sill = np.array([(-1.4 * wide, 1.3 * high), (1.4 * wide, 1.3 * high)])
    canvas.stroke(walls, sill + at, FRAME, 0.004)
    lit = random.random() < 0.5
    glass = LAMPLIGHT * random.uniform(0.85, 1.0) if lit else DARK_PANE * random.uniform(0.8, 1.4)
    sheet = lights if lit else walls
    canvas.fill(sheet, pane + at, glass)
    if lit:
        curtain = rectangle((-wide, -high), (wide * random.uniform(-0.6, 0.2), high))
        canvas.fill(sheet, curtain + at, glass * (1, 0.86, 0.62))
    bar = FRAME * (0.55 if lit else 0.7)
    for cross in ([(0, -high), (0, high)], [(-wide, -0.004), (wide, -0.004)]):
        canvas.stroke(sheet, np.array(cross) + at, bar, 0.003)


def _paint_door(
    canvas: Canvas, walls: Pixels, at: NDArray[np.float64], random: np.random.Generator
) -> None:
    color = rgb(("2f4a3e", "5b2c2a", "2f3c5e")[random.integers(3)])
    canvas.fill(walls, rectangle((-0.016, -0.058), (0.016, 0)) + at, FRAME * 0.7)
    canvas.fill(walls, rectangle((-0.012, -0.054), (0.012, 0)) + at, color)
    awning = np.array([(-0.02, -0.064), (0.02, -0.064), (0.027, -0.051), (-0.027, -0.051)])
    canvas.fill(walls, awning + at, rgb(("c9503c", "d8c7a0", "4c7a74")[random.integers(3)]))


def paint_church(canvas: Canvas, foot: tuple[float, float], height: float) -> Pixels:
    """A tower with a pointed roof and a lit clock."""
    pixels, lights = canvas.blank(), canvas.blank()
    at, stone = np.array(foot), rgb("a08c86")
    half, eaves = height * 0.085, -height * 0.62
    canvas.fill(pixels, rectangle((-half, eaves), (half, 0)) + at, stone)
    canvas.fill(pixels, rectangle((half * 0.3, eaves), (half, 0)) + at, stone * 0.62)
    for left, copper in ((-1.25, "3f5a5c"), (0.3, "2b3f48")):  # lit side, shaded side
        spire = np.array([(left * half, eaves), (0, -height), (1.25 * half, eaves)])
        canvas.fill(pixels, spire + at, rgb(copper))
    clock = at - (0, 0.53 * height)
    canvas.dab(lights, [clock], (half * 0.5, half * 0.5), 0, LAMPLIGHT)
    hands = np.array([(0, -0.4), (0, 0), (0.25, 0)]) * half
    canvas.stroke(lights, clock + hands, stone * 0.4, 0.003)
    pixels = tinted(pixels, 1 + 0.12 * canvas.noise(0.02, 7, stretch=2))
    return with_glow(canvas, pixels, lights, 0.01)


def paint_lighthouse(canvas: Canvas, foot: tuple[float, float], height: float) -> Pixels:
    """A banded round tower with its lamp lit."""
    pixels, lights = canvas.blank(), canvas.blank()
    gallery = foot[1] - 0.8 * height
    low, high = 0.115 * height, 0.068 * height  # half widths
    bands = np.linspace(foot[1], gallery, 8)
    for number, (bottom, top) in enumerate(itertools.pairwise(bands)):
        wide = low + (high - low) * number / 7
        narrow = low + (high - low) * (number + 1) / 7
        corners = [(-wide, bottom), (-narrow, top), (narrow, top), (wide, bottom)]
        color = rgb("ece2d4") if number % 2 else rgb("b23a33")
        canvas.fill(pixels, [(foot[0] + dx, y) for dx, y in corners], color)
    pixels = tinted(pixels, _roundness(canvas, foot, low, high, height))
    _lantern(canvas, pixels, lights, (foot[0], gallery), high)
    return with_glow(canvas, pixels, lights, 0.03, 4)


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
    iron = rgb("2e2f45")

    def place(*points: tuple[float, float]) -> NDArray[np.float64]:
        return np.array(points) * half + at

    canvas.fill(pixels, rectangle(*place((-1.5, -0.28), (1.5, 0))), iron)
    canvas.fill(lights, rectangle(*place((-0.75, -1.6), (0.75, -0.28))), LAMPLIGHT)
    for x in (-0.75, -0.25, 0.25, 0.75):
        canvas.stroke(lights, place((x, -0.28), (x, -1.58)), iron, 0.003)
    for x in np.linspace(-1.45, 1.45, 9):
        canvas.stroke(pixels, place((x, -0.28), (x, -0.78)), iron, 0.002)
    canvas.fill(pixels, place((-1, -1.6), (0, -2.7), (1, -1.6)), rgb("8f2f2c"))


def with_glow(
    canvas: Canvas, pixels: Pixels, lights: Pixels, reach: float, strength: float = 1.0
) -> Pixels:
    """Add lights to a painting, with a glow on their surroundings.

    Where nothing is painted the shine has color but no coverage: it brightens the layers behind.

    Args:
        reach: in units.
        strength: of the shine; the smaller the lights, the more it takes.
    """
    height, width = lights.shape[:2]
    small = cv2.resize(lights[..., :3], (width // 4, height // 4), interpolation=cv2.INTER_AREA)
    small, blur = small.astype(np.float32), reach * canvas.density / 4
    near, far = cv2.GaussianBlur(small, (0, 0), blur), cv2.GaussianBlur(small, (0, 0), 3 * blur)
    shine = cv2.resize(near + 2.5 * far, (width, height)) * (strength * SHINE)
    shine = shine.clip(0, 225).astype(np.uint8)
    pixels = over(pixels, lights)
    dimmed = cv2.multiply(pixels[..., :3], 255 - shine, scale=1 / 255)
    return np.dstack([cv2.add(dimmed, shine), pixels[..., 3:]])
