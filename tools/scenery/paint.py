"""Canvas of the sample's layers: fractal noise, color ramps, brush dabs, compositing."""

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from .layer import Layer, Motion, Pixels, affine

Field = NDArray[np.floating]  # HxW, or 1xW and Hx1 where it varies along one side only
Color = NDArray[np.floating]  # HxWx3, RGB in 0..1

SUBPIXELS = 4  # bits after the point in the coordinates given to OpenCV


class Canvas:
    """Rectangle of the scene in units, at a density in paint pixels per unit."""

    def __init__(
        self, left: float, top: float, right: float, bottom: float, density: float
    ) -> None:
        self.left, self.top, self.density = left, top, density
        self.width, self.height = right - left, bottom - top
        self.shape = (round(self.height * density), round(self.width * density))
        columns, rows = (np.arange(side, dtype=np.float32) + 0.5 for side in self.shape[::-1])
        self.x: Field = left + columns[None] / density
        self.y: Field = top + rows[:, None] / density

    def noise(
        self, cell: float, seed: int, *, octaves: int = 7, gain: float = 0.5, stretch: float = 1.0
    ) -> Field:
        """Fractal noise: the sum of interpolated random lattices of decreasing cell size.

        Args:
            cell: height of the largest cell, in units.
            seed: the same noise for the same seed, at every density.
            gain: strength of each octave relative to the one before.
            stretch: width of a cell over its height.

        Returns:
            HxW float32, mean about 0, nearly everything within -2..2.
        """
        total = np.zeros(self.shape, np.float32)
        strengths = gain ** np.arange(octaves)
        for octave, strength in enumerate(strengths / np.linalg.norm(strengths)):
            side = cell / 2**octave
            if side * min(1.0, stretch) * self.density < 1:
                break  # finer than the paint
            total += strength * self._lattice(side * stretch, side, (seed, octave))
        return total

    def ridge(self, cell: float, seed: int, *, octaves: int = 8, gain: float = 0.5) -> Field:
        """Fractal noise along x only: 1xW float32, for the outline of hills."""
        line = Canvas(self.left, 0, self.left + self.width, 2 * cell, self.density)
        return line.noise(cell, seed, octaves=octaves, gain=gain)[:1]

    def _lattice(self, cell_width: float, cell_height: float, seed: tuple[int, int]) -> Field:
        # Its size comes from units, not pixels, or other densities would draw other numbers.
        rows = int(np.ceil(self.height / cell_height)) + 1
        columns = int(np.ceil(self.width / cell_width)) + 1
        lattice = np.random.default_rng(seed).standard_normal((rows, columns), np.float32)
        size_wh = (columns * cell_width * self.density, rows * cell_height * self.density)
        large = cv2.resize(
            lattice, (round(size_wh[0]), round(size_wh[1])), interpolation=cv2.INTER_CUBIC
        )
        return np.asarray(large[: self.shape[0], : self.shape[1]], np.float32)

    def blank(self) -> Pixels:
        """A transparent picture."""
        return np.zeros((*self.shape, 4), np.uint8)

    def dab(
        self, pixels: Pixels, at: ArrayLike, radii: ArrayLike, angles: ArrayLike, colors: ArrayLike
    ) -> None:
        """Draw opaque ellipses, in order.

        Args:
            at: Nx2 middles, in units.
            radii: Nx2 or 2 numbers for all, in units.
            angles: N or one for all, in degrees.
            colors: Nx3 or 3 numbers for all, RGB in 0..1.
        """
        middles = self._fixed(at)
        count = len(middles)
        axes = np.round(np.asarray(radii) * self.density * 2**SUBPIXELS).astype(int)
        axes = np.broadcast_to(axes, (count, 2)).tolist()
        turns = np.broadcast_to(np.asarray(angles, float), count).tolist()
        for middle, axis, turn, color in zip(
            middles.tolist(), axes, turns, _opaque(colors, count), strict=True
        ):
            cv2.ellipse(pixels, middle, axis, turn, 0, 360, color, -1, cv2.LINE_AA, SUBPIXELS)

    def fill(self, pixels: Pixels, shapes: ArrayLike, colors: ArrayLike) -> None:
        """Fill polygons of K corners each, one after the other.

        Args:
            shapes: NxKx2 or one Kx2, in units.
            colors: Nx3 or 3 numbers for all, RGB in 0..1.
        """
        fixed = self._fixed(shapes)
        fixed = fixed.reshape(-1, *fixed.shape[-2:])
        for corners, color in zip(fixed, _opaque(colors, len(fixed)), strict=True):
            cv2.fillPoly(pixels, [corners], color, cv2.LINE_AA, SUBPIXELS)

    def stroke(self, pixels: Pixels, points: ArrayLike, color: ArrayLike, width: float) -> None:
        """Draw a line through Nx2 points; width in units."""
        thickness = max(1, round(width * self.density))
        ink = _opaque(color, 1)[0]
        cv2.polylines(pixels, [self._fixed(points)], False, ink, thickness, cv2.LINE_AA, SUBPIXELS)

    def layer(self, pixels: Pixels, motion: Motion) -> Layer:
        """Make the painting a layer."""
        step = 1 / self.density
        placing = affine(self.left + step / 2, self.top + step / 2, scale=step)
        return Layer(pixels, placing, motion)

    def _fixed(self, points: ArrayLike) -> NDArray[np.int32]:
        pixels = (np.asarray(points) - (self.left, self.top)) * self.density - 0.5
        return np.asarray(np.round(pixels * 2**SUBPIXELS), np.int32)


def rectangle(corner: ArrayLike, opposite: ArrayLike) -> NDArray[np.float64]:
    """The four corners of an upright rectangle."""
    (left, top), (right, bottom) = np.asarray(corner), np.asarray(opposite)
    return np.array([(left, top), (right, top), (right, bottom), (left, bottom)])


def pack(color: Color, alpha: Field | float = 1.0) -> Pixels:
    """Color and coverage, both 0..1, as pixels."""
    height, width = color.shape[:2]
    coverage = np.broadcast_to(np.asarray(alpha, np.float32), (height, width)).clip(0, 1)[..., None]
    stacked = np.concatenate([color.clip(0, 1) * coverage, coverage], axis=2)
    return np.asarray(stacked * 255 + 0.5, np.uint8)


def over(below: Pixels, above: Pixels) -> Pixels:
    """Composite one painting over another of the same size."""
    see_through = 255 - cv2.merge([above[..., 3]] * 4)
    return np.asarray(cv2.add(above, cv2.multiply(below, see_through, scale=1 / 255)), np.uint8)


def tinted(pixels: Pixels, factor: Color | Field) -> Pixels:
    """Multiply the colors by a factor; alpha stays."""
    factor = factor if factor.ndim == 3 else factor[..., None]
    color = (pixels[..., :3] * factor).clip(0, 255).astype(np.uint8)
    return np.concatenate([color, pixels[..., 3:]], axis=2)


def rgb(name: str) -> NDArray[np.float32]:
    """A color written as "f2b46a", as RGB in 0..1."""
    return np.asarray(list(bytes.fromhex(name)), np.float32) / np.float32(255)


def ramp(value: Field, *stops: tuple[float, str]) -> Color:
    """Color a field: between two stops the colors blend, beyond the ends they stay."""
    places = np.array([place for place, _ in stops], np.float32)
    colors = np.stack([rgb(name) for _, name in stops])
    fine = np.interp(np.linspace(places[0], places[-1], 1024), places, np.arange(len(places)))
    low = np.minimum(fine.astype(int), len(places) - 2)
    share = (fine - low)[:, None].astype(np.float32)
    table = colors[low] * (1 - share) + colors[low + 1] * share
    steps = (value - places[0]) / (places[-1] - places[0]) * 1023
    return np.asarray(table[steps.clip(0, 1023).astype(np.int32)], np.float32)


def mix(below: ArrayLike, above: ArrayLike, share: Field) -> Color:
    """Blend two colors or color fields; a share of 1 is all of the second."""
    weight = np.asarray(share, np.float32)[..., None]
    return np.asarray(np.asarray(below) * (1 - weight) + np.asarray(above) * weight, np.float32)


def smooth(value: Field, low: float, high: float) -> Field:
    """0 below `low`, 1 above `high`, an S-curve between."""
    share = ((value - low) / (high - low)).clip(0, 1)
    return np.asarray(share * share * (3 - 2 * share), np.float32)


def relief(field: Field, canvas: Canvas, light: tuple[float, float]) -> Field:
    """How much each slope of a height field faces the light, in -1..1.

    Args:
        field: HxW heights, in units.
        light: (x, y) towards the light, any length; longer is harsher.
    """
    slope_y, slope_x = np.gradient(field * canvas.density)
    return np.asarray(np.tanh(-slope_x * light[0] - slope_y * light[1]), np.float32)


def _opaque(colors: ArrayLike, count: int) -> list[list[float]]:
    """Colors 0..1 as OpenCV wants them: RGBA in 0..255."""
    full = np.full((count, 4), 255.0)
    full[:, :3] = np.asarray(colors).clip(0, 1) * 255
    return full.tolist()
