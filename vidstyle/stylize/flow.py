"""Optical flow between frames, flow paths to keyframes, and the confidence of both.

Flow is computed on thumbnails: the paths it gives move whole strokes, and DIS at 144 lines costs
two milliseconds, a fraction of what it costs at full size.
"""

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import cast

import cv2
import numpy as np

from vidstyle.frame import Array, Flow, Mask, Picture, Plane, resize

THUMBNAIL_SIDE = 144  # px, the shorter side
FORGIVEN_PX2 = 1.0  # squared round-trip error that is just noise of the flow itself
FORGIVEN_SHARE = 0.01  # of the squared motion, on top
FAR = (1e4, 1e4, 0.0, 0.0)  # what a flow is outside of its picture: no way home
LUMA_ALIKE, LUMA_FOREIGN = 14.0, 32.0  # luma differences of full confidence, and of none


@dataclass(frozen=True, slots=True, eq=False)
class FlowPath:
    """Flow from one frame to another that need not be its neighbor, with a confidence mask."""

    flow: Flow  # HxWx2 float32 (dx, dy) in px, on the thumbnail grid of the frame it starts from
    confidence: Mask  # HxW float32 0..1: 0 where the other frame does not show the same thing
    steps: int = 1  # from frame to frame that were joined; 0: from a frame to itself

    @classmethod
    def identity(cls, shape: tuple[int, int]) -> "FlowPath":
        """The path of a frame to itself, for a thumbnail of this height and width."""
        return cls(np.zeros((*shape, 2), np.float32), np.ones(shape, np.float32), steps=0)


@dataclass(frozen=True, slots=True, eq=False)
class Motion:
    """Flow between two neighboring frames, both ways."""

    to_previous: FlowPath  # from the frame to the one before it
    from_previous: FlowPath  # from the one before it to the frame


class FlowEstimator:
    """Dense inverse search (Kroeger et al., arXiv:1603.03590), both ways, with a check."""

    def __init__(self) -> None:
        self._dis = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_ULTRAFAST)
        # The preset stops at a quarter of its input, which is right for full pictures. A thumbnail
        # goes down to its own pixels: three times the cost, half the jitter of the result.
        self._dis.setFinestScale(0)
        self._dis.setPatchStride(7)
        self._dis.setGradientDescentIterations(5)  # the preset's twelve changed nothing

    def between(self, previous: Plane, current: Plane) -> Motion:
        """Estimate the motion between two thumbnails of the same size."""
        if min(current.shape) < 16:  # DIS needs a few patches; nothing this small can move far
            return _no_motion(current)
        to_previous = self._calculate(current, previous)
        to_next = self._calculate(previous, current)
        return Motion(
            FlowPath(to_previous, round_trip_confidence(to_previous, to_next)),
            FlowPath(to_next, round_trip_confidence(to_next, to_previous)),
        )

    def _calculate(self, here: Plane, there: Plane) -> Flow:
        empty = np.zeros((*here.shape, 2), np.float32)
        return np.asarray(self._dis.calc(here, there, empty), np.float32)


def thumbnail(picture: Picture) -> Plane:
    """The luma with a shorter side of `THUMBNAIL_SIDE`; smaller pictures stay as they are."""
    scale = THUMBNAIL_SIDE / min(picture.height, picture.width)
    if scale >= 1:
        return np.ascontiguousarray(picture.y)  # DIS wants no gaps between rows
    return resize(picture.y, round(picture.width * scale), round(picture.height * scale))


@lru_cache(maxsize=8)  # three sizes a video: thumbnail, luma, chroma
def grid(height: int, width: int) -> Flow:
    """HxWx2 float32, not writable: every pixel's own (x, y)."""
    y, x = np.mgrid[:height, :width].astype(np.float32)
    places = np.dstack([x, y])
    places.flags.writeable = False
    return places


def follow(flow: Flow) -> Flow:
    """Where the flow leads: absolute (x, y) for every pixel."""
    return grid(flow.shape[0], flow.shape[1]) + flow


def sample(values: Array, places: Flow) -> Array:
    """Read an image, a flow or a mask at absolute places (HxWx2), linearly between its pixels.

    Outside of it the nearest pixel counts.
    """
    read = cv2.remap(  # type: ignore[call-overload]  # no second map: places holds x and y
        values, places, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return cast(Array, read)


def round_trip_confidence(there: Flow, back: Flow) -> Mask:
    """Confidence in each pixel of a flow: whether it comes home after going there and back.

    The check is from Sundaram et al. (ECCV 2010), the thresholds from Ruder et al.
    (arXiv:1604.08610), softened: confidence falls from 1 to 0 between one and two times the
    threshold.

    Args:
        there: HxWx2 float32, on the grid of the result.
        back: HxWx2 float32, on the grid `there` leads to.

    Returns:
        HxW float32, 1 where the round trip ends at its start, 0 where it leaves the picture.
    """
    way_back: Flow = cv2.remap(  # type: ignore[call-overload]  # outside there is no way home
        back,
        follow(there),
        None,
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=FAR,
    )
    missed_by = _squared_length(there + way_back)
    allowed = FORGIVEN_SHARE * (_squared_length(there) + _squared_length(way_back)) + FORGIVEN_PX2
    return np.asarray(np.clip(2 - missed_by / allowed, 0, 1), np.float32)


def extend(path: FlowPath, step: FlowPath) -> FlowPath:
    """Lengthen a neighbor's path to a keyframe by the step to that neighbor.

    The flows are joined, not the pictures: however long the path, the keyframe is sampled once.
    """
    places = follow(step.flow)
    flow = step.flow + sample(path.flow, places)
    confidence = np.minimum(sample(path.confidence, places), step.confidence)
    return FlowPath(flow, confidence, path.steps + step.steps)


def lower_confidence_by_luma(path: FlowPath, here: Plane, there: Plane) -> FlowPath:
    """Lower the confidence where a path ends at another brightness than it starts from.

    Args:
        path: from `here` to `there`.
        here: thumbnail of the frame that the path starts from.
        there: thumbnail of the frame that it leads to.
    """
    difference = cv2.absdiff(sample(there, follow(path.flow)), here).astype(np.float32)
    alike = np.clip((LUMA_FOREIGN - difference) / (LUMA_FOREIGN - LUMA_ALIKE), 0, 1)
    confidence = np.minimum(path.confidence, alike.astype(np.float32))
    return FlowPath(path.flow, confidence, path.steps)


def _squared_length(flow: Flow) -> Mask:
    x, y = flow[..., 0], flow[..., 1]  # slices, five times faster than a sum over the last axis
    return x * x + y * y


def _no_motion(current: Plane) -> Motion:
    still = replace(FlowPath.identity(current.shape), steps=1)
    return Motion(still, still)
