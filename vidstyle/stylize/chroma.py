"""Chroma of a painting: the photo's own chroma put back beside the painting's palette."""

from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

from vidstyle.frame import Picture, Plane, unit_of

GRAY = 128  # chroma of gray in U and V, in levels of 8 bits
PALETTE_LOSS = 0.7  # of the painting's chroma per share of the photo's; chosen blind on Udnie
MEDIAN = 5  # px of the chroma planes; edges stay, noise does not
FAINT = 6.0  # levels of the picture's chroma below which any color of the painting may stay

Levels = NDArray[np.float32]  # HxW, 0 for gray


def with_own_chroma(painting: Picture, picture: Picture, share: float) -> Picture:
    """Mix the chroma of a picture into that of its painting, which never goes against it.

    Styles that live by their strokes look better in the photo's colors, as their palette is gray
    on most photos. The part of the painting's chroma that opposes the photo's is left out, as
    skin in the shade would be green; both were chosen blind (docs/experiments.md).

    Args:
        painting: the generator's output, of 8 or 16 bits.
        picture: the generator's input, of the same size and depth.
        share: of the picture's own chroma, 0..1; the painting's counts `1 - PALETTE_LOSS * share`.
    """
    palette = 1 - PALETTE_LOSS * share
    own_u, own_v = (_levels(_smooth(plane)) for plane in (picture.u, picture.v))
    painted_u, painted_v = _levels(painting.u), _levels(painting.v)
    along = own_u * painted_u + own_v * painted_v
    opposing = np.minimum(along, 0) / (own_u * own_u + own_v * own_v + np.float32(FAINT**2))
    gain = np.float32(share) - np.float32(palette) * opposing
    u, v = (
        _plane(gain * own + np.float32(palette) * painted, painting.u)
        for own, painted in ((own_u, painted_u), (own_v, painted_v))
    )
    return Picture(painting.y, u, v, painting.color)


def _smooth(plane: Plane) -> Plane:
    return cast(Plane, cv2.medianBlur(plane, MEDIAN)) if min(plane.shape) >= MEDIAN else plane


def _levels(plane: Plane) -> Levels:
    return np.asarray(plane * np.float32(1 / unit_of(plane)) - np.float32(GRAY), np.float32)


def _plane(levels: Levels, like: Plane) -> Plane:
    values = np.rint((levels + np.float32(GRAY)) * np.float32(unit_of(like)))
    return cast(Plane, values.clip(0, np.iinfo(like.dtype).max).astype(like.dtype))
