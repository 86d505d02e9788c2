"""Optical flow (DIS) between frames, flow paths to keyframes, and their confidence masks.

Flow is computed on thumbnails: it moves whole brush strokes, and takes a millisecond at 144 lines,
a fraction of its time at full size.
"""

from dataclasses import dataclass, replace

import cv2
import numpy as np

from vidstyle.frame import Flow, Mask, Picture, Plane, resize, to_bytes
from vidstyle.stylize.lucas_kanade import refined
from vidstyle.stylize.sampling import sample_along

THUMBNAIL_SIDE = 144  # px, the shorter side
TOLERANCE_PX2 = 1.0  # squared round-trip error from noise of the flow itself
TOLERANCE_SHARE = 0.01  # of the squared motion, in addition
OUTSIDE = (1e4, 1e4, 0.0, 0.0)  # flow beyond the border: far too large to return to the start
LUMA_MATCH, LUMA_MISMATCH = 14.0, 32.0  # luma differences of confidence 1 and of confidence 0


@dataclass(frozen=True, slots=True, eq=False)
class FlowPath:
    """Optical flow from one frame to another, adjacent or not, with a confidence mask."""

    flow: Flow  # HxWx2 float32 (dx, dy) in px, on the thumbnail grid of the start frame
    confidence: Mask  # HxW float32 0..1: 0 where the end frame does not show the same content
    steps: int = 1  # number of concatenated frame-to-frame flows; 0 for the identity path

    @classmethod
    def identity(cls, shape: tuple[int, int]) -> "FlowPath":
        """Return the path from a frame to itself, for a thumbnail of (height, width)."""
        return cls(np.zeros((*shape, 2), np.float32), np.ones(shape, np.float32), steps=0)


@dataclass(frozen=True, slots=True, eq=False)
class Motion:
    """Backward and forward optical flow between a frame and the previous one."""

    to_previous: FlowPath  # starts on the grid of the frame
    from_previous: FlowPath  # starts on the grid of the previous frame


class FlowEstimator:
    """Dense inverse search (DIS; Kroeger et al., arXiv:1603.03590), both ways, with confidence.

    DIS stops at half of the thumbnail's resolution; a Lucas-Kanade step resolves the rest. This is
    as precise as DIS at the whole resolution, in two thirds of its time.

    Belongs to one thread: OpenCV's estimator keeps buffers between calls.
    """

    def __init__(self) -> None:
        self._dis = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_ULTRAFAST)
        self._dis.setGradientDescentIterations(5)  # no worse than the preset's 12

    def between(self, previous: Plane, current: Plane) -> Motion:
        """Estimate the flow between two thumbnails, HxW uint8 luma of the same size.

        Below 16 px of height or width the flow is zero with full confidence.
        """
        if min(current.shape) < 16:  # too small for the patches of DIS
            return _no_motion(current)
        to_previous = self._calculate(current, previous)
        to_next = self._calculate(previous, current)
        return Motion(
            FlowPath(to_previous, round_trip_confidence(to_previous, to_next)),
            FlowPath(to_next, round_trip_confidence(to_next, to_previous)),
        )

    def _calculate(self, here: Plane, there: Plane) -> Flow:
        # Below the usual size, half of the resolution would be too coarse at occlusion boundaries.
        scale, stride_px = (1, 5) if min(here.shape) >= THUMBNAIL_SIDE else (0, 7)
        self._dis.setFinestScale(scale)
        self._dis.setPatchStride(stride_px)
        flow = self._dis.calc(here, there, None)  # type: ignore[call-overload]  # no first guess
        return refined(np.asarray(flow, np.float32), here, there)


def thumbnail(picture: Picture) -> Plane:
    """Return the luma at a shorter side of `THUMBNAIL_SIDE`, HxW uint8; never enlarged."""
    scale = THUMBNAIL_SIDE / min(picture.height, picture.width)
    if scale >= 1:
        return np.ascontiguousarray(to_bytes(picture.y))  # DIS needs contiguous rows
    size_wh = round(picture.width * scale), round(picture.height * scale)
    return to_bytes(resize(picture.y, *size_wh))


def round_trip_confidence(there: Flow, back: Flow) -> Mask:
    """Forward-backward consistency check: confidence of each flow vector.

    The check is from Sundaram et al. (ECCV 2010), the thresholds from Ruder et al.
    (arXiv:1604.08610), softened: confidence falls from 1 to 0 between one and two times the
    threshold.

    Args:
        there: HxWx2 float32 flow in px, on the grid of the result.
        back: HxWx2 float32 flow in the opposite direction, on the grid of the other frame.

    Returns:
        HxW float32 0..1: 1 where the round trip ends at its start, 0 where it leaves the picture.
    """
    return_flow = sample_along(back, there, OUTSIDE)
    error_px2 = _squared_length(there + return_flow)
    motion_px2 = _squared_length(there) + _squared_length(return_flow)
    tolerance_px2 = TOLERANCE_SHARE * motion_px2 + TOLERANCE_PX2
    return np.asarray(np.clip(2 - error_px2 / tolerance_px2, 0, 1), np.float32)


def extend(path: FlowPath, step: FlowPath) -> FlowPath:
    """Concatenate a step to a neighboring frame with that neighbor's path to a keyframe.

    Flows are concatenated instead of warping picture by picture, so that the keyframe is resampled
    only once.

    Args:
        path: from the neighbor to the keyframe.
        step: from the frame to the neighbor.

    Returns:
        The path from the frame to the keyframe; its confidence is the minimum of the two.
    """
    flow = step.flow + sample_along(path.flow, step.flow)
    confidence = np.minimum(sample_along(path.confidence, step.flow), step.confidence)
    return FlowPath(flow, confidence, path.steps + step.steps)


def lower_confidence_by_luma(path: FlowPath, here: Plane, there: Plane) -> FlowPath:
    """Return the path with lower confidence where the luma at its two ends differs.

    Args:
        path: flow path from the frame of `here` to the frame of `there`.
        here: HxW uint8 luma thumbnail of the start frame.
        there: thumbnail of the end frame, of the same size.
    """
    difference = cv2.absdiff(sample_along(there, path.flow), here).astype(np.float32)
    luma_confidence = np.clip((LUMA_MISMATCH - difference) / (LUMA_MISMATCH - LUMA_MATCH), 0, 1)
    confidence = np.minimum(path.confidence, luma_confidence.astype(np.float32))
    return FlowPath(path.flow, confidence, path.steps)


def _squared_length(flow: Flow) -> Mask:
    x, y = flow[..., 0], flow[..., 1]  # five times faster than a sum over the last axis
    return x * x + y * y


def _no_motion(current: Plane) -> Motion:
    still = replace(FlowPath.identity(current.shape), steps=1)
    return Motion(still, still)
