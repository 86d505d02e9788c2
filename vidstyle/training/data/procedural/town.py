"""Streets and rooms: one-point perspective, as the inside of a box."""

from typing import NamedTuple

import numpy as np

from vidstyle.frame import RGBImage
from vidstyle.training.data.procedural.canvas import (
    Canvas,
    Color,
    Outline,
    Surface,
    ellipse,
    rectangle,
)
from vidstyle.training.data.procedural.colors import Palette, color_of, varied
from vidstyle.training.data.procedural.landscape import sky

SHEET = 256  # px, side of the wall textures


class Box(NamedTuple):
    """The five visible faces of a box, each as four corners for `Canvas.project`."""

    back: Outline
    left: Outline
    right: Outline
    floor: Outline
    ceiling: Outline


def street(canvas: Canvas) -> None:
    """Draw a street: houses on both sides, sky, asphalt, cars and poles."""
    random = canvas.random
    box = _box(random, narrow=random.uniform(0.08, 0.35), low=random.uniform(0.45, 0.65))
    sky(canvas, 0.6)
    canvas.project(facade(random), _raised(box.back, random.uniform(-0.3, 0.1)))
    canvas.project(facade(random), box.left)
    canvas.project(facade(random), box.right)
    canvas.project(ground(random), box.floor)
    for _ in range(int(random.integers(0, 5))):
        crate(canvas, box, color_of("cloth", random), 0.12)
    for _ in range(int(random.integers(0, 4))):
        x = random.uniform(0, 1)
        pole = np.array([[x, random.uniform(0, 0.4)], [x, random.uniform(0.7, 1.0)]])
        canvas.line(pole, color_of("stone", random) * 0.5, random.uniform(0.003, 0.02))
        wire = np.stack([pole[0], [random.uniform(-0.5, 1.5), random.uniform(0, 0.3)]])
        canvas.line(wire, np.full(3, 0.15), 0.003)


def room(canvas: Canvas) -> None:
    """Draw a room: walls with pictures, floor, furniture, and light from a lamp."""
    random = canvas.random
    box = _box(random, narrow=random.uniform(0.4, 0.8), low=random.uniform(0.6, 0.75))
    paint = varied(np.full(3, 0.8), random, 0.15)
    if random.random() < 0.4:
        paint = Palette(random).color()
    for face, light in ((box.back, 1.0), (box.left, 0.8), (box.right, 0.9)):
        canvas.project(wall(random, paint * light), face)
    canvas.project(planks(random), box.floor)
    canvas.project(wall(random, np.full(3, 0.9), bare=True), box.ceiling)
    for _ in range(int(random.integers(2, 7))):
        crate(canvas, box, Palette(random).color(), 0.22)
    lamp = random.uniform(0, 1, 2)
    far = np.hypot(canvas.x - lamp[0], canvas.y - lamp[1])
    canvas.blend(np.zeros(3), np.clip(random.uniform(0.2, 0.8) * far, 0, 0.85))


def facade(random: np.random.Generator) -> RGBImage:
    """Texture of a house front with rows of windows, HxWx3 uint8 RGB."""
    sheet = Canvas(SHEET, random)
    plaster = color_of(str(random.choice(["stone", "earth", "skin"])), random)
    sheet.blend(plaster * np.exp(0.12 * sheet.noise(1.0))[..., None])
    rows, columns = int(random.integers(3, 9)), int(random.integers(3, 9))
    glass, frame = color_of("water", random) * 0.6, varied(plaster, random, 0.4)
    wide, high = random.uniform(0.25, 0.42, 2)
    for row in range(rows):
        for column in range(columns):
            x, y = (column + 0.5) / columns, (row + 0.5) / rows
            half = np.array([wide / columns, high / rows])
            outer = rectangle(x - half[0], y - half[1], x + half[0], y + half[1])
            inner = [x, y] + 0.8 * (outer - [x, y])
            sheet.fill(outer, frame)
            sheet.fill(inner, varied(glass, random, 0.4))
            sheet.line(np.array([[x, y - half[1]], [x, y + half[1]]]), frame, 0.006)
        if random.random() < 0.4:
            ledge = rectangle(0, row / rows - 0.006, 1, row / rows + 0.006)
            sheet.fill(ledge, plaster * 0.6)
    return sheet.image


def ground(random: np.random.Generator) -> RGBImage:
    """Texture of asphalt with road markings, HxWx3 uint8 RGB."""
    sheet = Canvas(SHEET, random)
    asphalt = color_of("stone", random) * 0.8
    sheet.blend(asphalt * np.exp(0.1 * sheet.noise(0.8))[..., None])
    if random.random() < 0.5:
        for number in range(8):
            dash = rectangle(0.48, number / 8, 0.52, number / 8 + 0.07)
            sheet.fill(dash, np.full(3, 0.85))
    for x in (0.15, 0.85):
        sheet.fill(rectangle(x - 0.02, 0, x + 0.02, 1), asphalt * 1.4)
    return sheet.image


def wall(random: np.random.Generator, paint: Color, bare: bool = False) -> RGBImage:
    """Texture of a plaster wall, unless `bare` with pictures, windows or shelves; uint8 RGB."""
    sheet = Canvas(SHEET, random)
    sheet.blend(paint * np.exp(0.05 * sheet.noise(1.2))[..., None])
    if not bare and random.random() < 0.5:
        shelves(sheet)
    for _ in range(0 if bare else int(random.integers(0, 4))):
        left, top = random.uniform(0.05, 0.7), random.uniform(0.1, 0.5)
        wide, high = random.uniform(0.1, 0.35), random.uniform(0.15, 0.45)
        outer = rectangle(left, top, left + wide, top + high)
        inner = outer.mean(axis=0) + 0.86 * (outer - outer.mean(axis=0))
        sheet.shadow(outer + 0.01, 0.4, 0.01)
        sheet.fill(outer, color_of("earth", random))
        bright = random.random() < 0.4
        color = np.full(3, 0.95) if bright else Palette(random).color()
        sheet.shape(inner, Surface(color, sheet.noise(1.3), random.uniform(0.02, 0.5)))
    return sheet.image


def shelves(sheet: Canvas) -> None:
    """Draw shelves with books."""
    random = sheet.random
    palette, wood = Palette(random, spread=0.5), color_of("earth", random) * 0.7
    left, wide = random.uniform(0.0, 0.5), random.uniform(0.25, 0.6)
    high = random.uniform(0.12, 0.2)
    for bottom in np.arange(0.3, 0.95, high):
        sheet.fill(rectangle(left, bottom - high, left + wide, bottom), wood * 0.5)
        x = left + 0.01
        while x < left + wide - 0.05:
            thick = random.uniform(0.01, 0.05)
            book = rectangle(x, bottom - high * random.uniform(0.4, 0.9), x + thick, bottom)
            if random.random() < 0.85:
                sheet.fill(book, palette.color())
            x += 1.1 * thick
        sheet.line(np.array([[left, bottom], [left + wide, bottom]]), wood, 0.012)


def planks(random: np.random.Generator) -> RGBImage:
    """Texture of a floor of boards or tiles, HxWx3 uint8 RGB."""
    sheet = Canvas(SHEET, random)
    wood = color_of(str(random.choice(["earth", "stone"])), random)
    grain = sheet.noise(0.9, stretch=15, angle=np.pi / 2)
    sheet.blend(wood * np.exp(0.15 * grain)[..., None])
    count = int(random.integers(4, 16))
    for number in range(count):
        place = number / count
        sheet.line(np.array([[place, 0.0], [place, 1.0]]), wood * 0.5, 0.005)
        if random.random() < 0.7:
            joint = random.uniform(0, 1)
            sheet.line(np.array([[place, joint], [place + 1 / count, joint]]), wood * 0.5, 0.005)
    return sheet.image


def crate(canvas: Canvas, box: Box, color: Color, size: float) -> None:
    """Draw a box or a rounded object on the floor."""
    random = canvas.random
    nearness = random.uniform(0.1, 1.0)
    floor_y = box.back[2, 1] + (1.0 - box.back[2, 1]) * nearness
    wide, high = size * (0.4 + nearness) * random.uniform(0.5, 1.3, 2)
    x = random.uniform(0.0, 1.0)
    canvas.shadow(ellipse((x, floor_y), (1.2 * wide, 0.2 * wide)), 0.6, 0.1 * wide)
    surface = Surface(
        color, canvas.noise(0.9), random.uniform(0.02, 0.2), (random.uniform(-0.3, 0.3), 0.2)
    )
    if random.random() < 0.3:
        canvas.shape(ellipse((x, floor_y - high), (0.8 * wide, high)), surface)
        return
    lid, side = 0.3 * high * (1 - nearness) + 0.1 * high, 0.4 * wide * np.sign(0.5 - x)
    top = floor_y - 2 * high
    canvas.shape(rectangle(x - wide, top, x + wide, floor_y), surface)
    edge = x + wide * np.sign(side)
    flank = [[edge, top], [edge + side, top - lid], [edge + side, floor_y - lid], [edge, floor_y]]
    canvas.fill(np.array(flank), color * 0.6)
    cover = [[x - wide, top], [x + wide, top], [x + wide + side, top - lid],
             [x - wide + side, top - lid]]  # fmt: skip
    canvas.fill(np.array(cover), color * 1.3)


def _box(random: np.random.Generator, narrow: float, low: float) -> Box:
    middle = random.uniform(0.3, 0.7)
    left, right = middle - narrow / 2, middle + narrow / 2
    top = low - random.uniform(0.7, 1.2) * narrow
    back = rectangle(left, top, right, low)
    # The outer corners lie on the lines from the vanishing point through the inner ones.
    vanishing = np.array([middle, top + random.uniform(0.4, 0.8) * (low - top)])
    reach = max(
        (1.0 - vanishing[1]) / (low - vanishing[1]),
        vanishing[0] / (narrow / 2),
        (1.0 - vanishing[0]) / (narrow / 2),
    )
    outer = vanishing + reach * (back - vanishing)
    a, b, c, d = back
    oa, ob, oc, od = outer
    return Box(
        back=back,
        left=np.array([oa, a, d, od]),
        right=np.array([b, ob, oc, c]),
        floor=np.array([d, c, oc, od]),
        ceiling=np.array([oa, ob, b, a]),
    )


def _raised(outline: Outline, by: float) -> Outline:
    """Four corners with the upper edge raised."""
    return np.asarray(outline - np.array([[0, by], [0, by], [0, 0], [0, 0]]))
