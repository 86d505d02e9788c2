"""Finish of a style's paintings: contrast, brightness, clarity, saturation, sharpness.

Networks trained for minutes paint softly: faces are flat and shadows gray beside those of large
networks. A finish chosen per style restores contrast for some tenths of a millisecond a frame. It
is applied to what is delivered, after warping and cross-fading, so no keyframe pops.
"""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Self, cast

import cv2

from vidstyle.frame import Picture, Plane, resize, unit_of, weighted
from vidstyle.options import SHARPNESS

MIDDLE = 128  # level of the contrast's pivot and of gray in U and V
FULL_SCALE = 255  # levels of `brightness` 1
BASE_SIGMA = 1 / 24  # of the shorter side, of the blur that clarity leaves alone
BASE_GRID = 8  # px a cell of the grid on which that blur is computed


@dataclass(frozen=True, slots=True, kw_only=True)
class Finish:
    """Numbers of a finish, as FFmpeg's `eq` filter counts them; the defaults change nothing."""

    sharpness: float = SHARPNESS  # unsharp mask of upscaled paintings, 0..2, see `warp.enlarge`
    contrast: float = 1.0  # factor of the luma around middle gray, 0..3
    brightness: float = 0.0  # added to the luma, -1..1 of full scale
    clarity: float = 0.0  # local contrast: gain of details smaller than some 1/10 picture, 0..3
    saturation: float = 1.0  # factor of the chroma, 0..3

    @classmethod
    def mixed(cls, parts: Iterable[tuple[Self, float]]) -> Self:
        """Return the weighted mean of finishes, given with weights that add up to 1."""
        parts = tuple(parts)
        names = [field.name for field in fields(cls)]
        return cls(
            **{name: sum(weight * getattr(part, name) for part, weight in parts) for name in names}
        )

    def graded(self, painting: Picture) -> Picture:
        """Return a painting with contrast, brightness, clarity and saturation applied.

        Args:
            painting: at the working size, limited or full range; not changed.
        """
        if (self.contrast, self.brightness, self.clarity, self.saturation) == (1, 0, 0, 1):
            return painting
        y, u, v = painting.planes
        y = self._with_contrast(y)
        return Picture(y, self._saturated(u), self._saturated(v), painting.color)

    def _with_contrast(self, y: Plane) -> Plane:
        unit = unit_of(y)
        offset = unit * (MIDDLE * (1 - self.contrast) + FULL_SCALE * self.brightness)
        if not self.clarity or min(y.shape) < 2 * BASE_GRID:
            return weighted(y, self.contrast, y, 0, offset)
        local = _local_contrast(y, self.contrast * self.clarity)
        return weighted(y, self.contrast, local, 1, offset - unit * MIDDLE)

    def _saturated(self, plane: Plane) -> Plane:
        offset = unit_of(plane) * MIDDLE * (1 - self.saturation)
        return weighted(plane, self.saturation, plane, 0, offset)


def _local_contrast(y: Plane, gain: float) -> Plane:
    """Difference of the luma from its blur, times a gain, plus `MIDDLE`.

    From the picture at half its size: noise and the finest detail, of one pixel, stay as they are.
    """
    height, width = y.shape
    half_wh = (width // 2, height // 2)
    half = cast(Plane, cv2.resize(y, half_wh, interpolation=cv2.INTER_AREA))
    cells_wh = (width // BASE_GRID, height // BASE_GRID)
    cells = cv2.resize(half, cells_wh, interpolation=cv2.INTER_AREA)
    sigma = BASE_SIGMA * min(height, width) / BASE_GRID
    blurred = cv2.GaussianBlur(cells, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE)
    base = resize(cast(Plane, blurred), *half_wh)
    return resize(weighted(half, gain, base, -gain, unit_of(y) * MIDDLE), width, height)
