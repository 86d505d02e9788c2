"""Canvas for procedural pictures: noise fields, shapes, surfaces with texture and shading.

Coordinates and lengths are in shares of the canvas's side, y down; colors are RGB, 0..1.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from vidstyle.frame import RGBImage

Field = NDArray[np.floating]  # HxW, or 1xW and Hx1 where it varies along one side only
Color = NDArray[np.floating]  # 3, or HxWx3
Outline = NDArray[np.floating]  # Nx2 corners (x, y)
Window = tuple[slice, slice]  # rows, columns

SUBPIXELS = 4  # bits after the point in the coordinates given to OpenCV


@dataclass(frozen=True)
class Surface:
    """Material and shading of a shape."""

    color: Color
    grain: Field | None = None  # texture, HxW of the whole canvas, mean 0 and variance 1
    roughness: float = 0.15  # factor of the texture in the logarithm of the brightness
    light: tuple[float, float] = (0.0, 0.0)  # gradient of it, per half width and half height
    roundness: float = 0.0  # darkening at the rim, 1 as of a sphere


class Canvas:
    """Square RGB picture to draw on, with its random generator.

    Args:
        side: width and height, in pixels.
        random: source of all random numbers.
    """

    def __init__(self, side: int, random: np.random.Generator) -> None:
        self.side, self.random = side, random
        self.image: RGBImage = np.zeros((side, side, 3), np.uint8)
        middles = (np.arange(side, dtype=np.float32) + 0.5) / side
        self.x: Field = middles[None]
        self.y: Field = middles[:, None]

    def noise(self, slope: float = 1.1, stretch: float = 1.0, angle: float = 0.0) -> Field:
        """Random-phase noise with an amplitude of frequency to the power of -slope.

        Args:
            slope: exponent; photos have 0.9 to 1.4, white noise 0.
            stretch: anisotropy, the length of streaks over their width.
            angle: direction of the streaks in radians, 0 for horizontal.

        Returns:
            HxW float32, mean 0, variance 1.
        """
        side, (cos, sin) = self.side, (math.cos(angle), math.sin(angle))
        down = np.fft.fftfreq(side).astype(np.float32)[:, None]
        right = np.fft.rfftfreq(side).astype(np.float32)[None]
        squared = (stretch * (cos * right + sin * down)) ** 2 + (cos * down - sin * right) ** 2
        squared[0, 0] = np.inf
        spectrum = self.random.standard_normal((side, 2 * right.size), np.float32)
        spectrum = spectrum.view(np.complex64) * squared ** (-slope / 2)
        noise = np.fft.irfft2(spectrum, (side, side))
        return np.asarray(noise / noise.std(), np.float32)

    def ridge(self, slope: float = 1.3) -> Field:
        """One-dimensional noise for the outline of hills: 1xW, mean 0, variance 1."""
        length = 4 * self.side  # the noise is periodic; hills are not
        frequency = np.fft.rfftfreq(length)
        frequency[0] = np.inf
        white = np.fft.rfft(self.random.standard_normal(length))
        line = np.fft.irfft(white * frequency**-slope, length)[: self.side]
        return np.asarray((line - line.mean()) / line.std(), np.float32)[None]

    def stripes(self, period: float, angle: float) -> Field:
        """Wavy stripes, HxW, mean 0 and variance about 1."""
        across = np.cos(angle) * self.y - np.sin(angle) * self.x
        phase = across / period + 0.15 * self.noise(1.6)
        return np.asarray(1.4 * np.sin(2 * np.pi * phase), np.float32)

    def blend(
        self, colors: Color, alpha: Field | float = 1.0, window: Window | None = None
    ) -> None:
        """Blend colors (3 or HxWx3) into a window, or the whole sheet, with an alpha (HxW)."""
        part = self.image[window or (slice(None), slice(None))]
        cover = np.asarray(alpha, np.float32)[..., None] if np.ndim(alpha) == 2 else alpha
        wanted = part + (255 * np.asarray(colors, np.float32) - part) * cover
        part[...] = np.clip(wanted + 0.5, 0, 255).astype(np.uint8)

    def fill(self, outline: Outline, color: Color) -> None:
        """Fill an outline with a flat color; fast, for many small shapes."""
        r, g, b = (255 * color).tolist()
        cv2.fillPoly(self.image, [self._corners(outline)], (r, g, b), cv2.LINE_AA, SUBPIXELS)

    def line(self, points: Outline, color: Color, width: float) -> None:
        """Draw a polyline."""
        r, g, b = (255 * color).tolist()
        corners, pixels = self._corners(points), max(1, round(width * self.side))
        cv2.polylines(self.image, [corners], False, (r, g, b), pixels, cv2.LINE_AA, shift=SUBPIXELS)

    def shape(self, outline: Outline, surface: Surface, softness: float = 0.0) -> None:
        """Draw a shape with texture and shading; `softness` is the blur of its outline."""
        low, high = outline.min(axis=0), outline.max(axis=0)
        window = self._window(low - 3 * softness, high + 3 * softness)
        middle, half = (low + high) / 2, np.maximum((high - low) / 2, 1 / self.side)
        dx = (self.x[:, window[1]] - middle[0]) / half[0]
        dy = (self.y[window[0]] - middle[1]) / half[1]
        change = surface.light[0] * dx + surface.light[1] * dy
        if surface.grain is not None:
            change = change + surface.roughness * surface.grain[window]
        if surface.roundness:
            change = change - surface.roundness * np.minimum(dx**2 + dy**2, 1.5) ** 2
        colors = surface.color * np.exp(change)[..., None]
        self.blend(colors, self._stencil(outline, window, softness), window)

    def shadow(self, outline: Outline, strength: float, softness: float) -> None:
        """Darken the canvas inside an outline, blurred by `softness`."""
        low, high = outline.min(axis=0) - 3 * softness, outline.max(axis=0) + 3 * softness
        window = self._window(low, high)
        self.blend(np.zeros(3), strength * self._stencil(outline, window, softness), window)

    def project(self, texture: RGBImage, corners: Outline) -> None:
        """Draw a texture in perspective; corners from the top left, clockwise."""
        height, width = texture.shape[:2]
        flat = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
        matrix = cv2.getPerspectiveTransform(flat, (corners * self.side).astype(np.float32))
        size_wh = (self.side, self.side)
        warped = cv2.warpPerspective(texture, matrix, size_wh, borderMode=cv2.BORDER_REPLICATE)
        everywhere = (slice(None), slice(None))
        self.blend(np.asarray(warped) / 255, self._stencil(corners, everywhere, 0.0))

    def blur(self, softness: float) -> None:
        """Blur the whole canvas."""
        if softness * self.side > 0.3:
            blurred = cv2.GaussianBlur(self.image, (0, 0), softness * self.side)
            self.image[...] = np.asarray(blurred)

    def _window(self, low: Outline, high: Outline) -> Window:
        left, top = np.clip(np.floor(low * self.side).astype(int) - 1, 0, self.side)
        right, bottom = np.clip(np.ceil(high * self.side).astype(int) + 2, 0, self.side)
        return slice(int(top), int(bottom)), slice(int(left), int(right))

    def _stencil(self, outline: Outline, window: Window, softness: float) -> Field:
        """Coverage of the window's pixels by an outline, HxW float32 0..1."""
        mask = np.zeros(self.image[window].shape[:2], np.uint8)
        origin = np.array([window[1].start or 0, window[0].start or 0])
        if mask.size == 0:  # the shape is outside of the canvas
            return mask.astype(np.float32)
        corners = self._corners(outline - origin / self.side)
        cv2.fillPoly(mask, [corners], (255,), cv2.LINE_AA, SUBPIXELS)
        if softness * self.side > 0.3:
            mask = np.asarray(cv2.GaussianBlur(mask, (0, 0), softness * self.side), np.uint8)
        return mask.astype(np.float32) / 255

    def _corners(self, outline: Outline) -> NDArray[np.int32]:
        # OpenCV's origin is the center of the first pixel.
        return np.asarray(np.rint((outline * self.side - 0.5) * 2**SUBPIXELS), np.int32)


def ellipse(
    middle: Sequence[float], radii: Sequence[float], angle: float = 0.0, corners: int = 40
) -> Outline:
    """The outline of an ellipse; the angle is in radians, clockwise."""
    return _placed(_circle(corners), middle, radii, angle)


def blob(
    middle: Sequence[float], radii: Sequence[float], random: np.random.Generator, wild: float = 0.3
) -> Outline:
    """Smooth irregular outline: an ellipse with a random radius; `wild` is its deviation."""
    x, y = _circle(48).T
    steps = (x + 1j * y) ** np.arange(2, 7)[:, None]
    waves = random.normal(0, wild, 5) * np.exp(2j * np.pi * random.random(5)) / np.arange(2, 7)
    circle = _circle(48) * np.exp((waves @ steps).real)[:, None]
    return _placed(circle, middle, radii, random.uniform(0, 2 * np.pi))


def polygon(
    middle: Sequence[float], radii: Sequence[float], random: np.random.Generator
) -> Outline:
    """Random polygon: three to six corners on an ellipse."""
    corners = int(random.integers(3, 7))
    turn = 2 * np.pi * (np.arange(corners) + random.uniform(-0.3, 0.3, corners)) / corners
    circle = np.stack([np.cos(turn), np.sin(turn)], axis=1)
    return _placed(circle, middle, radii, random.uniform(0, 2 * np.pi))


def rectangle(left: float, top: float, right: float, bottom: float) -> Outline:
    """Four corners, clockwise from the top left."""
    return np.array([[left, top], [right, top], [right, bottom], [left, bottom]])


@cache
def _circle(corners: int) -> Outline:
    turn = np.linspace(0, 2 * np.pi, corners, endpoint=False)
    return np.stack([np.cos(turn), np.sin(turn)], axis=1)


def _placed(
    circle: Outline, middle: Sequence[float], radii: Sequence[float], angle: float
) -> Outline:
    cos, sin = math.cos(angle), math.sin(angle)
    (a, b), (x, y) = radii, middle
    matrix = np.array([[a * cos, a * sin], [-b * sin, b * cos]])
    return np.asarray(circle @ matrix + np.array([x, y]))
