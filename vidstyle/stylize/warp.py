"""Warping of painted keyframes along flow paths, confidence-weighted cross-fade, upscaling."""

from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

from vidstyle.frame import Flow, Mask, Picture, Plane, chroma_size_wh, resize, unit_of, weighted
from vidstyle.stylize.flow import FlowPath
from vidstyle.stylize.sampling import sample_along, scaled_flow

BLUR_SIZE = (5, 5)  # px, Gaussian kernel of the unsharp mask
SHARPENING = 0.45  # makes inbetween frames as sharp as keyframes on the sample (tools/evaluate)
# Upscaling factors: up to the first no detail of the original, from the second all of it. 480 to
# 1080 lines are 2.25.
PLAIN_FACTOR, DETAIL_FACTOR = 2.3, 4.0
UNSHARP_SIGMA = 1.0  # px of the working size
WHOLE = 256  # weight of the second picture where it alone shows, in blending 8 bits
BAND_PIXELS = 1 << 16  # blended at once


def warp(picture: Picture, flow: Flow) -> Picture:
    """Warp a picture by a thumbnail-sized flow, bilinearly; border pixels are replicated."""
    y_flow = scaled_flow(flow, picture.width, picture.height)
    c_flow = scaled_flow(flow, *chroma_size_wh(picture.width, picture.height))
    y = sample_along(picture.y, y_flow)
    u, v = (sample_along(plane, c_flow) for plane in (picture.u, picture.v))
    return Picture(y, u, v, picture.color)


def propagate(painting: Picture, path: FlowPath) -> Picture:
    """Warp a keyframe's painting to a frame, sharpened.

    Args:
        painting: the keyframe's painting.
        path: flow path from the frame to the keyframe; for the identity path the painting is
            returned unchanged.
    """
    return painting if path.steps == 0 else sharpen(warp(painting, path.flow))


def cross_fade(
    first: Picture,
    first_path: FlowPath,
    second: Picture,
    second_path: FlowPath,
    progress: float,
    fallback: float,
) -> Picture:
    """Warp two keyframe paintings to one frame and mix them by confidence and time.

    Args:
        first: painting of one keyframe.
        first_path: flow path from the frame to that keyframe.
        second: painting of the other keyframe, of the same size.
        second_path: flow path from the frame to the other keyframe.
        progress: position of the frame in time, 0 at the first keyframe to 1 at the second.
        fallback: weight of the second painting, 0..1, where neither path has confidence.
    """
    first_weight = (1 - progress) * first_path.confidence
    second_weight = progress * second_path.confidence
    both = first_weight + second_weight
    share = np.where(both > 1e-3, second_weight / np.maximum(both, 1e-3), fallback)
    soft = np.asarray(cv2.blur(share.astype(np.float32), (3, 3)), np.float32)
    if second_path.steps == 0:  # the second keyframe itself: not warped, so not sharpened
        return blend(warp(first, first_path.flow), second, soft)
    return sharpen(blend(warp(first, first_path.flow), warp(second, second_path.flow), soft))


def blend(first: Picture, second: Picture, share: Mask) -> Picture:
    """Mix two pictures of the same size with a mask of any size, the second's weight (0..1)."""
    planes = zip(first.planes, second.planes, strict=True)
    if first.y.dtype == np.uint8:
        weights = np.rint(WHOLE * share).astype(np.uint16)
        y, u, v = (_blended(a, b, resize(weights, *a.shape[::-1])) for a, b in planes)
    else:
        y, u, v = (_blended_deep(a, b, resize(share, *a.shape[::-1])) for a, b in planes)
    return Picture(y, u, v, first.color)


def _blended(first: Plane, second: Plane, weights: NDArray[np.uint16]) -> Plane:
    """Mix two planes of 8 bits; weights of the second are 0..`WHOLE`.

    In bands of rows, whose temporary arrays stay in the cache: large arrays cost several times
    the arithmetic in page faults.
    """
    mixed = np.empty_like(first)
    rows = max(1, BAND_PIXELS // first.shape[1])
    for top in range(0, len(first), rows):
        band = slice(top, top + rows)
        weight = weights[band]
        part = (WHOLE - weight) * first[band]
        part += weight * second[band]
        part += WHOLE // 2
        mixed[band] = part >> 8
    return mixed


def _blended_deep(first: Plane, second: Plane, share: Mask) -> Plane:
    # OpenCV blends 16 bits as floating point only.
    one, other = first.astype(np.float32), second.astype(np.float32)
    return np.rint(cv2.blendLinear(one, other, 1 - share, share)).astype(np.uint16)


def sharpen(picture: Picture) -> Picture:
    """Sharpen the luma with an unsharp mask, against the blur of resampling and cross-fading.

    Without it, sharpness would pulse with the keyframes.
    """
    soft = cast(Plane, cv2.GaussianBlur(picture.y, BLUR_SIZE, 0))
    y = weighted(picture.y, 1 + SHARPENING, soft, -SHARPENING, 0)
    return Picture(y, picture.u, picture.v, picture.color)


def enlarge(painting: Picture, working: Picture, original: Picture, sharpness: float) -> Picture:
    """Upscale a painting to the size of the original; unchanged at equal sizes.

    Up to `PLAIN_FACTOR` the painting alone is upscaled, sharpened: with the original's fine detail
    on top, leaves and letters were those of a photo. Beyond, where strokes would blur, that
    detail comes back by and by.

    Args:
        painting: the generator's output, at the working size.
        working: the frame at the working size, the generator's input.
        original: the frame at its full size.
        sharpness: amount of the unsharp mask, 0 for none.
    """
    if (painting.width, painting.height) == (original.width, original.height):
        return painting
    factor = min(original.width, original.height) / min(painting.width, painting.height)
    detail = float(np.clip((factor - PLAIN_FACTOR) / (DETAIL_FACTOR - PLAIN_FACTOR), 0, 1))
    pairs = list(zip(working.planes, painting.planes, original.planes, strict=True))
    if detail == 1:
        y, u, v = (_with_change(*planes) for planes in pairs)
        return Picture(y, u, v, painting.color)
    upscaled = _upscaled(painting, original, sharpness)
    if detail > 0:
        # Into the upscaled planes, one by one: temporary pictures of 4K have 12 MB each.
        for plane, planes in zip(upscaled, pairs, strict=True):
            weighted(plane, 1 - detail, _with_change(*planes), detail, 0, into=plane)
    return Picture(*upscaled, painting.color)


def _upscaled(painting: Picture, original: Picture, sharpness: float) -> tuple[Plane, Plane, Plane]:
    """New planes: the luma by an unsharp mask and bicubic interpolation, the chroma bilinear."""
    y, size_wh = painting.y, (original.width, original.height)
    if sharpness > 0:
        soft = cast(Plane, cv2.GaussianBlur(y, (0, 0), UNSHARP_SIGMA))
        y = weighted(y, 1 + sharpness, soft, -sharpness, 0)
    y = cast(Plane, cv2.resize(y, size_wh, interpolation=cv2.INTER_CUBIC))
    u, v = (resize(plane, *chroma_size_wh(*size_wh)) for plane in (painting.u, painting.v))
    return y, u, v


def _with_change(old: Plane, new: Plane, full: Plane) -> Plane:
    """A plane of the original, plus the upscaled difference between painting and working picture.

    Args:
        old: of the frame at the working size.
        new: of the painting.
        full: of the frame at its full size.
    """
    # Half the difference fits into the depth, which resizes fast; the lost bit is one luma level.
    middle = 128 * unit_of(full)
    half_change = weighted(new, 0.5, old, -0.5, middle)
    large = resize(half_change, full.shape[1], full.shape[0])
    return weighted(full, 1, large, 2, -2 * middle, into=large)


def fade(first: Picture, second: Picture, share: float) -> Picture:
    """Mix two pictures of the same size with one weight: `share` 0 is the first, 1 the second."""
    y, u, v = (
        weighted(a, 1 - share, b, share, 0)
        for a, b in zip(first.planes, second.planes, strict=True)
    )
    return Picture(y, u, v, first.color)
