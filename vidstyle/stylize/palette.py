"""Palettes: mean and covariance of colors, and the linear map from one to another."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import cv2
import numpy as np
from numpy.typing import NDArray

from vidstyle.frame import LUMA_OF_RGB, RGBImage

FRAME_SHARE = 0.04  # of a painting's sides: borders of scans, which are no part of the palette
NOISE = 0.03  # standard deviation added to both palettes, so that flat ones give no huge gains
FAINTEST = 1e-5  # variance added before a square root
DARKEST, LIGHTEST = 0.34, 0.68  # mean luma of paintings; beyond, faces would be black or bleached

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Palette:
    """Mean (3) and covariance (3x3) of RGB colors in 0..1."""

    mean: Array
    covariance: Array

    @classmethod
    def of(cls, image: RGBImage) -> Self:
        """Measure the palette of an image, HxWx3 uint8 RGB, without its borders."""
        height, width = (round(FRAME_SHARE * side) for side in image.shape[:2])
        inner = image[height : image.shape[0] - height, width : image.shape[1] - width]
        colors = inner.reshape(-1, 3) / 255
        return cls(colors.mean(axis=0), np.cov(colors.T))

    @classmethod
    def mixed(cls, parts: Sequence[tuple[Self, float]]) -> Self:
        """Mean of palettes, with weights that add up to 1: of the colors and of their spreads.

        Where spreads commute, it is the barycenter of the Gaussians (Agueh and Carlier, SIAM
        J. Math. Anal. 43, 2011); a mean of covariances would be more colorful than both.
        """
        mean = np.sum([weight * palette.mean for palette, weight in parts], axis=0)
        root = np.sum([weight * palette.root() for palette, weight in parts], axis=0)
        return cls(mean, root @ root)

    def root(self) -> Array:
        """Symmetric square root of the covariance, 3x3: spreads of the colors."""
        return _power(self.covariance + FAINTEST * np.eye(3), 0.5)

    def chroma_spread(self) -> float:
        """Standard deviation of the colors' differences from their luma."""
        chroma = np.eye(3) - np.array([LUMA_OF_RGB] * 3)
        return float(np.sqrt(np.trace(chroma @ self.covariance @ chroma.T)))

    def readable(self) -> Self:
        """The palette with its mean luma moved into a range in which faces stay readable."""
        luma = float(np.dot(LUMA_OF_RGB, self.mean))
        return type(self)(self.mean + (np.clip(luma, DARKEST, LIGHTEST) - luma), self.covariance)


@dataclass(frozen=True, slots=True, eq=False)
class PaletteMap:
    """Linear map of RGB colors in 0..1: `matrix @ color + offset`."""

    matrix: Array  # 3x3
    offset: Array  # 3

    @classmethod
    def between(cls, source: Palette, target: Palette) -> Self:
        """Return the map that gives one palette the mean and covariance of another.

        The Monge-Kantorovitch map between Gaussians (Pitie and Kokaram, CVMP 2007), which moves the
        colors least among all such maps; here both covariances have some noise added.
        """
        floor = NOISE**2 * np.eye(3)
        root, inverse = (_power(source.covariance + floor, p) for p in (0.5, -0.5))
        middle = _power(root @ (target.covariance + floor) @ root, 0.5)
        matrix = inverse @ middle @ inverse
        return cls(matrix, target.mean - matrix @ source.mean)

    def partly(self, share: float) -> Self:
        """The way from unchanged colors (share 0) to those of the map (1)."""
        matrix = (1 - share) * np.eye(3) + share * self.matrix
        return type(self)(matrix, share * self.offset)

    def keeping(self, own: float, source: Palette, target: Palette) -> Self:
        """The map with part of the source's own luma and chroma in its result.

        `perceptual.color_transfer.partial_color_map` tells why; here for palettes.

        Args:
            own: share, 0 to 1, of a painting as colorful as the source; less of a paler one.
            source: palette that is mapped.
            target: palette of the map's result.
        """
        luma = np.array([LUMA_OF_RGB] * 3)
        chroma = np.eye(3) - luma
        share = own * min(1.0, target.chroma_spread() / max(source.chroma_spread(), NOISE))
        kept = np.eye(3) - luma @ self.matrix
        shift = chroma @ source.mean + luma @ self.offset
        return type(self)(self.matrix + share * kept, self.offset - share * shift)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a map from `str(map)`.

        Raises:
            ValueError: the text is not 12 finite numbers.
        """
        numbers = np.array([float(word) for word in text.split()])
        if numbers.shape != (12,) or not np.isfinite(numbers).all():
            raise ValueError("not 12 finite numbers")
        return cls(numbers[:9].reshape(3, 3), numbers[9:])

    @property
    def numbers(self) -> list[float]:
        """The rows of the matrix, then the offset."""
        return [*map(float, (*self.matrix.flat, *self.offset))]

    def __str__(self) -> str:
        return " ".join(f"{number:.4g}" for number in self.numbers)

    def applied(self, image: RGBImage) -> RGBImage:
        """Return an HxWx3 uint8 RGB image with its colors mapped, rounded and clipped."""
        affine = np.column_stack([self.matrix, 255 * self.offset])
        return np.asarray(cv2.transform(image, affine), np.uint8)


def _power(matrix: Array, exponent: float) -> Array:
    """Power of a symmetric positive definite matrix."""
    values, vectors = np.linalg.eigh(matrix)
    return np.asarray((vectors * values**exponent) @ vectors.T)
