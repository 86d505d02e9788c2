"""Smoothing of strokes along the contours of the picture and of its painting.

A small network fills planes with hatching, screens and saw-tooth edges. Averaged along the
contours, and sharpened across them, they become strokes that follow the form: chosen blind in 169
of 180 pairs (docs/experiments.md). Directions are those of the smoothed structure tensor, as in
flow-based image abstraction (Kang et al., TVCG 2009; Kyprianidis and Kang, Eurographics 2011).
Unlike there, three symmetric hops of growing length take the place of an integral along the curve,
and hops are short where a picture has corners or fine texture, so that eyes and leaves stay.
"""

from typing import NamedTuple, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from vidstyle.frame import Flow, Picture, Plane, unit_of, weighted
from vidstyle.stylize.sampling import sample_along

HOPS = 3  # each twice as long as the one before
FIRST_HOP = 1.5  # px at the size at which it is painted
SHARPENING = 0.5  # of the unsharp mask after the hops
BLUR = 2.6  # px, radius of its mean, at the size at which it is painted
TENSOR_SIDE = 7  # px at half the size, over which gradients are averaged
DETAIL = 30.0  # squared gradient, in levels of 8 bits a px of half the size, that counts by half
CROSSED, STRAIGHT = 0.3, 0.8  # coherences of gradients: none of the hop below, all of it above
CHROMA_SIDE = 3  # px of the mean over the chroma, which has no hops

Levels = NDArray[np.float32]  # HxW


def smoothed(painting: Picture, picture: Picture, amount: float, scale: float = 1.0) -> Picture:
    """Return a painting whose strokes are smoothed along the contours.

    Args:
        painting: of 8 or 16 bits.
        picture: what was painted, of the same size and depth.
        amount: length of the hops, as a factor; 0 for none.
        scale: enlargement at which it was painted.
    """
    if not amount:
        return painting
    length = amount / scale
    y = _means_along(painting.y, _steps(painting.y, picture.y, FIRST_HOP * length))
    soft = _mean_around(y, 2 * max(1, round(BLUR * length)) + 1)
    y = weighted(y, 1 + SHARPENING, soft, -SHARPENING, 0)
    u, v = (_mean_around(plane, CHROMA_SIDE) for plane in (painting.u, painting.v))
    return Picture(y, u, v, painting.color)


class _Gradients(NamedTuple):
    """Means of squared gradients, the structure tensor: gx²-gy², 2 gx gy and gx²+gy²."""

    straight: Levels
    diagonal: Levels
    energy: Levels


def _steps(painted: Plane, plain: Plane, length: float) -> Flow:
    """Steps along the contours, of that length in px, shorter where contours cross: HxWx2."""
    strokes, contours = _gradients(painted), _gradients(plain)
    straight = contours.straight + strokes.straight
    doubled_angle = cv2.phase(straight, contours.diagonal + strokes.diagonal)
    coherence = cv2.magnitude(contours.straight, contours.diagonal) / (contours.energy + 1e-3)
    crossing = np.clip((STRAIGHT - coherence) / (STRAIGHT - CROSSED), 0, 1)
    lengths = length * (1 - crossing * contours.energy / (contours.energy + DETAIL))
    x, y = cv2.polarToCart(np.asarray(lengths, np.float32), doubled_angle / 2)  # of the gradient
    along = cv2.merge([-y, x])
    double_wh = (2 * along.shape[1], 2 * along.shape[0])
    steps = cv2.resize(along, double_wh, interpolation=cv2.INTER_NEAREST)
    return np.asarray(steps[: plain.shape[0], : plain.shape[1]], np.float32)


def _gradients(luma: Plane) -> _Gradients:
    height, width = luma.shape
    half_wh = ((width + 1) // 2, (height + 1) // 2)
    half = cv2.resize(luma, half_wh, interpolation=cv2.INTER_AREA)
    unit = 1 / (32 * unit_of(luma))  # Scharr's weights add up to 32 a side
    x = cv2.Scharr(half, cv2.CV_32F, 1, 0, scale=unit)
    y = cv2.Scharr(half, cv2.CV_32F, 0, 1, scale=unit)
    parts = (x * x - y * y, 2 * x * y, x * x + y * y)
    side = (TENSOR_SIDE, TENSOR_SIDE)
    return _Gradients(*(np.asarray(cv2.blur(part, side), np.float32) for part in parts))


def _means_along(plane: Plane, steps: Flow) -> Plane:
    """Means of each pixel, weight 2, and of the two a step ahead and behind.

    Args:
        plane: HxW.
        steps: HxWx2, in px, of the first of the means; overwritten, as large arrays cost as much in
            page faults as in arithmetic.
    """
    for _ in range(HOPS):
        ahead = sample_along(plane, steps)
        behind = sample_along(plane, np.negative(steps, out=steps))
        plane = weighted(weighted(ahead, 0.5, behind, 0.5, 0), 0.5, plane, 0.5, 0)
        steps *= 2
    return plane


def _mean_around(plane: Plane, side: int) -> Plane:
    return cast(Plane, cv2.blur(plane, (side, side)))
