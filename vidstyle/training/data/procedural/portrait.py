"""Portraits: schematic faces in front of a blurred background."""

import numpy as np

from vidstyle.training.data.procedural.canvas import Canvas, Color, Field, Surface, ellipse
from vidstyle.training.data.procedural.colors import Palette, color_of, varied
from vidstyle.training.data.procedural.landscape import landscape
from vidstyle.training.data.procedural.leaves import litter
from vidstyle.training.data.procedural.town import room


def portrait(canvas: Canvas) -> None:
    """Draw one or two persons of random size."""
    random = canvas.random
    background(canvas)
    count = 2 if random.random() < 0.2 else 1
    size = random.uniform(0.13, 0.4) / count**0.5
    for number in range(count):
        x = (number + 1) / (count + 1) + random.uniform(-0.1, 0.1)
        y = random.uniform(0.35, 0.5)
        Person(canvas, x, y, size).paint()


def background(canvas: Canvas) -> None:
    """Draw a blurred background: noise, landscape, room or leaves."""
    random = canvas.random
    choice = random.random()
    if choice < 0.25:
        canvas.blend(Palette(random).color() * np.exp(0.15 * canvas.noise(1.8))[..., None])
    elif choice < 0.5:
        landscape(canvas)
    elif choice < 0.75:
        room(canvas)
    else:
        palette = Palette(random)
        canvas.blend(palette.color())
        litter(canvas, palette, layers=1.0)
    canvas.blur(float(random.choice([0.0, 0.003, 0.01, 0.03])))


class Person:
    """Head, hair, shoulders and facial features, lit from one side."""

    def __init__(self, canvas: Canvas, x: float, y: float, size: float) -> None:
        random = canvas.random
        self.canvas, self.random = canvas, random
        self.middle, self.size = np.array([x, y]), size  # of the head; half its height
        self.tilt = random.normal(0, 0.12)
        self.turned = random.normal(0, 0.2)  # horizontal shift of the facial features
        side = random.uniform(-0.45, 0.45)
        self.light = (float(side), float(random.uniform(-0.2, 0.1)))
        self.skin = color_of("skin", random, 0.12)
        self.hair = color_of("hair", random)
        self.pores = canvas.noise(0.9)

    def paint(self) -> None:
        """Draw the person from back to front."""
        wide = self.random.uniform(0.68, 0.8)
        streaks = self.canvas.noise(0.8, stretch=20, angle=np.pi / 2 + self.random.normal(0, 0.3))
        self._hair_behind(wide, streaks)
        self._body()
        self._head(wide)
        self._face()
        self._fringe(wide, streaks)

    def _hair_behind(self, wide: float, streaks: Field) -> None:
        length = self.random.choice([0.0, 0.0, 0.5, 1.0])
        outline = ellipse(
            self._at(0, -0.15 + 0.4 * length),
            ((wide + 0.18) * self.size, (1.0 + 0.4 * length) * self.size),
            self.tilt,
        )
        self.canvas.shape(outline, self._surface(self.hair, streaks, 0.35), 0.02 * self.size)

    def _body(self) -> None:
        cloth = Palette(self.random).color()
        weave = self.canvas.noise(0.8, stretch=3, angle=self.random.uniform(0, np.pi))
        shoulders = ellipse(self._at(0, 3.0), (2.0 * self.size, 1.6 * self.size))
        self.canvas.shape(shoulders, self._surface(cloth, weave, 0.2))
        neck = ellipse(self._at(0, 1.05), (0.42 * self.size, 0.75 * self.size))
        self.canvas.shape(neck, self._surface(self.skin * 0.8, self.pores, 0.04))

    def _head(self, wide: float) -> None:
        outline = ellipse(self._at(0, 0), (wide * self.size, self.size), self.tilt)
        self.canvas.shadow(outline + np.array([0, 0.15 * self.size]), 0.35, 0.12 * self.size)
        surface = Surface(self.skin, self.pores, 0.045, self.light, roundness=0.35)
        self.canvas.shape(outline, surface)

    def _face(self) -> None:
        for side in (-1, 1):
            self._eye(side * 0.34 + self.turned, -0.1)
            self._spot(side * 0.36 + 0.9 * self.turned, 0.28, 0.2, 0.14, (1.08, 0.9, 0.86), 0.1)
        lit = -np.sign(self.light[0])
        self._spot(self.turned * 1.3 + 0.09 * lit, 0.15, 0.07, 0.26, (0.72, 0.66, 0.62), 0.04)
        self._spot(self.turned * 1.3 - 0.03 * lit, 0.18, 0.05, 0.16, (1.15, 1.12, 1.1), 0.04)
        self._spot(self.turned * 1.2, 0.36, 0.15, 0.03, (0.5, 0.42, 0.4), 0.02)
        mouth = self.random.uniform(0.04, 0.09)
        self._spot(self.turned, 0.58, 0.26, mouth, (0.85, 0.5, 0.48), 0.015)
        self._spot(self.turned, 0.58, 0.25, 0.018, (0.4, 0.24, 0.22), 0.008)

    def _eye(self, x: float, y: float) -> None:
        self._spot(x, y, 0.2, 0.14, (0.72, 0.66, 0.64), 0.04)
        self._spot(x, y - 0.18, 0.2, 0.035, tuple(self.hair / self.skin), 0.015)
        self._spot(x, y, 0.13, 0.06, tuple(np.full(3, 0.68) / self.skin), 0.01)
        self._spot(x + 0.1 * self.turned, y, 0.055, 0.06, tuple(self.hair / self.skin), 0.008)
        self._spot(x, y - 0.05, 0.14, 0.018, (0.25, 0.2, 0.2), 0.008)
        self._spot(x - 0.02, y - 0.02, 0.014, 0.014, tuple(0.95 / self.skin), 0.004)

    def _spot(
        self, x: float, y: float, wide: float, high: float, tint: Color | tuple[float, ...],
        softness: float,
    ) -> None:  # fmt: skip
        """Draw an ellipse in the skin's color times a tint."""
        shape = ellipse(self._at(x, y), (wide * self.size, high * self.size), self.tilt, 24)
        surface = Surface(self.skin * np.asarray(tint), self.pores, 0.02, self.light)
        self.canvas.shape(shape, surface, softness * self.size)

    def _fringe(self, wide: float, streaks: Field) -> None:
        outline = ellipse(
            self._at(self.random.normal(0, 0.1), -0.82),
            ((wide + 0.02) * self.size, self.random.uniform(0.28, 0.4) * self.size),
            self.tilt + self.random.normal(0, 0.15),
        )
        color = varied(self.hair, self.random, 0.1)
        self.canvas.shape(outline, self._surface(color, streaks, 0.4), 0.03 * self.size)

    def _surface(self, color: Color, grain: Field, roughness: float) -> Surface:
        return Surface(color, grain, roughness, self.light, roundness=0.25)

    def _at(self, x: float, y: float) -> list[float]:
        """Position on the canvas of a point on the head, given in half heights from its center."""
        cos, sin = np.cos(self.tilt), np.sin(self.tilt)
        moved = self.middle + self.size * np.array([cos * x - sin * y, sin * x + cos * y])
        return [float(moved[0]), float(moved[1])]
