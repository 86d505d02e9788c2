"""Warping of painted keyframes along flow paths, and their confidence-weighted cross-fade."""

import cv2
import numpy as np

from vidstyle.frame import Flow, Mask, Picture, Plane, chroma_size_wh, resize
from vidstyle.stylize.flow import FlowPath, grid, sample

SOFTENED_BY = (5, 5)  # px
SHARPENING = 0.45  # makes frames between as sharp as keyframes on the sample (tools/evaluate)


def sampling_map(flow: Flow, width: int, height: int) -> Flow:
    """Turn a thumbnail's flow into the absolute map that samples a picture of the given size.

    Returns:
        height x width x 2 float32, (x, y) in pixels of the large picture.
    """
    scale = (width / flow.shape[1], height / flow.shape[0], 0.0, 0.0)
    scaled = cv2.multiply(flow, scale)  # type: ignore[call-overload]  # one factor a channel
    large: Flow = resize(scaled, width, height)
    return np.add(large, grid(height, width), out=large)


def warp(picture: Picture, flow: Flow) -> Picture:
    """Sample a picture where a thumbnail-sized flow leads; beyond the border its last pixels."""
    y_map = sampling_map(flow, picture.width, picture.height)
    c_map = sampling_map(flow, *chroma_size_wh(picture.width, picture.height))
    y, u, v = sample(picture.y, y_map), sample(picture.u, c_map), sample(picture.v, c_map)
    return Picture(y, u, v, picture.color)


def propagate(painting: Picture, path: FlowPath) -> Picture:
    """Bring a keyframe's painting to the frame that a path to the keyframe starts from."""
    return painting if path.steps == 0 else sharpen(warp(painting, path.flow))


def cross_fade(
    first: Picture,
    first_path: FlowPath,
    second: Picture,
    second_path: FlowPath,
    progress: float,
    fallback: float,
) -> Picture:
    """Bring two keyframes' paintings to one frame and mix them by confidence and time.

    Args:
        first: painting of one keyframe.
        first_path: from the frame to that keyframe.
        second: painting of the other keyframe, of the same size.
        second_path: from the frame to the other keyframe.
        progress: 0..1, how far the frame is on its way from the first to the second in time.
        fallback: share of the second, 0..1, where neither path has confidence.
    """
    first_weight = (1 - progress) * first_path.confidence
    second_weight = progress * second_path.confidence
    both = first_weight + second_weight
    share = np.where(both > 1e-3, second_weight / np.maximum(both, 1e-3), fallback)
    soft = np.asarray(cv2.blur(share.astype(np.float32), (3, 3)), np.float32)
    if second_path.steps == 0:  # the keyframe's own frame stays as sharp as it was painted
        return blend(warp(first, first_path.flow), second, soft)
    return sharpen(blend(warp(first, first_path.flow), warp(second, second_path.flow), soft))


def blend(first: Picture, second: Picture, share: Mask) -> Picture:
    """Mix two pictures; `share` (0..1, of any size) says how much of the second goes in."""
    y_share = resize(share, first.width, first.height)
    c_share = resize(share, *chroma_size_wh(first.width, first.height))
    y, u, v = (
        np.asarray(cv2.blendLinear(a, b, 1 - s, s), np.uint8)
        for a, b, s in zip(first.planes, second.planes, (y_share, c_share, c_share), strict=True)
    )
    return Picture(y, u, v, first.color)


def sharpen(picture: Picture) -> Picture:
    """Give the luma back the sharpness that sampling between pixels and fading took from it.

    Without this the picture would breathe: crisp at keyframes, soft between them.
    """
    soft = cv2.GaussianBlur(picture.y, SOFTENED_BY, 0)
    y = cv2.addWeighted(picture.y, 1 + SHARPENING, soft, -SHARPENING, 0)
    return Picture(np.asarray(y, np.uint8), picture.u, picture.v, picture.color)


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
    return Picture(y, u, v, painting.color)


def _carry_change(old: Plane, new: Plane, full: Plane) -> Plane:
    # Half the change fits 8 bits, where enlarging is cheap; the lost bit is one level.
    half_change = cv2.addWeighted(new, 0.5, old, -0.5, 128)
    large = resize(np.asarray(half_change, np.uint8), full.shape[1], full.shape[0])
    return np.asarray(cv2.addWeighted(full, 1, large, 2, -256), np.uint8)


def fade(first: Picture, second: Picture, share: float) -> Picture:
    """Mix two pictures evenly: 0 is the first, 1 the second."""
    y, u, v = (
        np.asarray(cv2.addWeighted(a, 1 - share, b, share, 0), np.uint8)
        for a, b in zip(first.planes, second.planes, strict=True)
    )
    return Picture(y, u, v, first.color)
