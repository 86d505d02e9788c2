"""Abstraction: a picture without its faint texture, so that a network paints planes and contours.

A small network puts a stroke wherever the picture has texture: skin, fur and walls come out as
scratches all over, like a filtered photo. Calmer input was chosen blind for most styles
(docs/experiments.md).
"""

from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

from vidstyle.frame import Picture, Plane, unit_of

RADIUS = 10.0  # px of the picture at the size at which it is painted
FAINT = 0.002  # variance of luma 0..1 that an abstraction of 1 halves
HALVED_RADIUS = 4  # px; from here on, local statistics are measured at half the size
DARK = 127.5  # level of 8 bits below which less is faint, as to the eye (Weber's law)
FULL_SCALE = 255  # levels of 8 bits

Levels = NDArray[np.float32]  # HxW


def abstracted(picture: Picture, amount: float, scale: float = 1.0) -> Picture:
    """Return a picture with its faint texture smoothed away, and its edges and chroma as they are.

    The guided filter with the luma as its own guide (He et al., ECCV 2010), whose statistics are
    measured at half the size (He and Sun, arXiv:1505.00996).

    Args:
        picture: of any size.
        amount: 0 for none; contrasts of a variance of `amount * FAINT` are halved, in the dark
            those of a smaller one.
        scale: enlargement at which it is painted.
    """
    if not amount:
        return picture
    luma = _guided(picture.y, RADIUS / scale, amount * FAINT)
    return Picture(luma, picture.u, picture.v, picture.color)


def _guided(luma: Plane, radius: float, variance: float) -> Plane:
    height, width = luma.shape
    step = 2 if radius >= HALVED_RADIUS and min(height, width) > 2 else 1
    levels = luma.astype(np.float32)
    small = _resized(levels, width // step, height // step)
    side = 2 * max(1, round(radius / step)) + 1
    mean = _mean(small, side)
    spread = np.maximum(_mean(small * small, side) - mean * mean, 0)
    unit = unit_of(luma)
    least = variance * (FULL_SCALE * unit * np.minimum(mean / (DARK * unit), 1)) ** 2
    gain = np.asarray(spread / (spread + least + unit**2), np.float32)
    offset = _resized(_mean(mean - gain * mean, side), width, height)
    gain = _resized(_mean(gain, side), width, height)
    depth = cv2.CV_8U if luma.dtype == np.uint8 else cv2.CV_16U
    return cast(Plane, cv2.add(cv2.multiply(gain, levels), offset, dtype=depth))


def _mean(plane: Levels, side: int) -> Levels:
    """Mean over a square around each pixel."""
    return np.asarray(cv2.blur(plane, (side, side)), np.float32)


def _resized(plane: Levels, width: int, height: int) -> Levels:
    if plane.shape == (height, width):
        return plane
    smaller = width < plane.shape[1]
    interpolation = cv2.INTER_AREA if smaller else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(plane, (width, height), interpolation=interpolation), np.float32)
