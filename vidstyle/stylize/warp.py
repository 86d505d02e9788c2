"""Carry stylized keyframes along a path, and blend what two of them say."""

import cv2
import numpy as np

from vidstyle.frame import Flow, Mask, Picture, Plane, chroma_size_wh
from vidstyle.stylize.flow import grid


def sampling_map(flow: Flow, width: int, height: int) -> Flow:
    """Turn a thumbnail's flow into the absolute map that samples a picture of the given size.

    Returns:
        height x width x 2 float32, (x, y) in pixels of the large picture.
    """
    scale = (width / flow.shape[1], height / flow.shape[0], 0.0, 0.0)
    large = cv2.resize(cv2.multiply(flow, scale), (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(cv2.add(large, grid(height, width), dst=large), np.float32)


def warp(picture: Picture, flow: Flow) -> Picture:
    """Sample a picture where a thumbnail-sized flow leads; beyond the border its last pixels."""
    y_map = sampling_map(flow, picture.width, picture.height)
    c_map = sampling_map(flow, *chroma_size_wh(picture.width, picture.height))
    y = _sample(picture.y, y_map)
    u, v = _sample(picture.u, c_map), _sample(picture.v, c_map)
    return Picture(y, u, v, picture.colour)


def blend(first: Picture, second: Picture, share: Mask) -> Picture:
    """Mix two pictures; `share` (0..1, of any size) says how much of the second goes in."""
    shares = [
        cv2.resize(share, (plane.shape[1], plane.shape[0]), interpolation=cv2.INTER_LINEAR)
        for plane in (first.y, first.u)
    ]
    y, u, v = (
        cv2.blendLinear(a, b, 1 - s, s)
        for a, b, s in zip(first.planes, second.planes, (shares[0], shares[1], shares[1]))
    )
    return Picture(y, u, v, first.colour)


def enlarge(painting: Picture, working: Picture, original: Picture) -> Picture:
    """Bring a painting up to the size of the original, with the original's own fine detail.

    What is enlarged is the change the painting made; the original carries it, so that edges stay
    as sharp as they were. At equal sizes the painting is returned as it is.

    Args:
        painting: of the working size.
        working: what was painted, the original at the working size.
        original: the frame at its full size.
    """
    if (painting.width, painting.height) == (original.width, original.height):
        return painting
    y, u, v = (
        _carry_change(old, new, full)
        for old, new, full in zip(working.planes, painting.planes, original.planes, strict=True)
    )
    return Picture(y, u, v, painting.colour)


def _carry_change(old: Plane, new: Plane, full: Plane) -> Plane:
    # Half the change fits 8 bits, where enlarging is cheap; the lost bit is one level.
    half_change = cv2.addWeighted(new, 0.5, old, -0.5, 128)
    large = cv2.resize(half_change, full.shape[::-1], interpolation=cv2.INTER_LINEAR)
    return np.asarray(cv2.addWeighted(full, 1, large, 2, -256), np.uint8)


def fade(first: Picture, second: Picture, share: float) -> Picture:
    """Mix two pictures evenly: 0 is the first, 1 the second."""
    y, u, v = (
        cv2.addWeighted(a, 1 - share, b, share, 0)
        for a, b in zip(first.planes, second.planes)
    )
    return Picture(y, u, v, first.colour)


def _sample(plane: Plane, places: Flow) -> Plane:
    return np.asarray(
        cv2.remap(plane, places, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), np.uint8
    )
