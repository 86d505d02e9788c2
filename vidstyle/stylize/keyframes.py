"""Keyframe planner: which frames the generator paints, and flow paths of the others to them."""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from vidstyle.frame import Frame, Picture, Plane
from vidstyle.stats import Stats
from vidstyle.stylize.exposure import Curve, ExposureTracker
from vidstyle.stylize.flow import FlowPath, extend, lower_confidence_by_luma, thumbnail
from vidstyle.stylize.motion_tracker import MotionTracker

OCCLUDED_LIMIT = 0.12  # share of the picture that the last keyframe may leave without confidence


@dataclass(frozen=True, slots=True, eq=False)
class TrackedFrame:
    """A frame with its motion since the frame before and its path to the keyframe before."""

    number: int  # of the frame in its stream, from 0
    frame: Frame
    picture: Picture  # at the working size
    thumbnail: Plane
    exposure: Curve
    from_previous: FlowPath | None  # from the frame before to this one; None at a scene's start
    path: FlowPath  # from this one to the keyframe before


@dataclass(frozen=True, slots=True, eq=False)
class KeyframeSpan:
    """Two keyframes and the frames between them; `left` is None at the start of a scene."""

    left: TrackedFrame | None
    between: deque[TrackedFrame]
    right: TrackedFrame


class KeyframePlanner:
    """Cuts a stream of frames into spans between keyframes; belongs to one thread.

    A keyframe comes after `interval` frames at the latest; with `adaptive`, also as soon as the
    path to the last one is lost for too much of the picture. The last frame before a cut is a
    keyframe too, so that no frame ever has to look across one.
    """

    def __init__(self, adaptive: bool, stats: Stats, motion: bool = True) -> None:
        """Begin a stream.

        Args:
            adaptive: make keyframes also where the path to the last one is lost.
            stats: gets "cuts" and the time of stage "flow".
            motion: without it every frame is a scene of its own.
        """
        self._adaptive, self._motion, self._stats = adaptive, motion, stats
        self._tracker, self._exposure = MotionTracker(), ExposureTracker()
        self._left: TrackedFrame | None = None
        self._waiting: deque[TrackedFrame] = deque()
        self._count = 0

    def add(self, frame: Frame, picture: Picture, interval: int) -> list[KeyframeSpan]:
        """Take the next frame and return the spans that it completes: none, one or two.

        All spans together hold every frame once, in order.

        Args:
            frame: the next one.
            picture: the same at the working size.
            interval: frames from one keyframe to the next, at most.
        """
        tracked = self._track(frame, picture)
        if tracked.from_previous is None:
            before = self.end()
            self._left = tracked
            return [*before, KeyframeSpan(None, deque(), tracked)]
        self._waiting.append(tracked)
        due = len(self._waiting) >= interval
        return self.end() if due or (self._adaptive and _is_lost(tracked.path)) else []

    def end(self) -> list[KeyframeSpan]:
        """Make the last frame a keyframe, if it is none, and return the span that it completes."""
        if not self._waiting:
            return []
        right = self._waiting.pop()
        span = KeyframeSpan(self._left, self._waiting, right)
        self._left, self._waiting = right, deque()
        return [span]

    def _track(self, frame: Frame, picture: Picture) -> TrackedFrame:
        small = thumbnail(picture)
        path, from_previous = FlowPath.identity(small.shape), None
        if self._motion:
            with self._stats.timed("flow"):
                motion = self._tracker.advance(small)
                if motion is not None:
                    path = self._path_to_keyframe(motion.to_previous, small)
                    from_previous = motion.from_previous
        if self._motion and from_previous is None and self._left is not None:
            self._stats.count("cuts")
        full_range, cut = picture.color.full_range, from_previous is None
        exposure = self._exposure.measure(small, full_range, frame.time_s, cut)
        number, self._count = self._count, self._count + 1
        return TrackedFrame(number, frame, picture, small, exposure, from_previous, path)

    def _path_to_keyframe(self, to_previous: FlowPath, small: Plane) -> FlowPath:
        assert self._left is not None
        keyframe = self._left.thumbnail
        before = self._waiting[-1].path if self._waiting else FlowPath.identity(small.shape)
        return lower_confidence_by_luma(extend(before, to_previous), small, keyframe)


def paths_to(keyframe: TrackedFrame, earlier: Iterable[TrackedFrame]) -> list[FlowPath]:
    """The paths to a keyframe from the frames before it in its scene, both in reverse order."""
    path, following = FlowPath.identity(keyframe.thumbnail.shape), keyframe
    paths: list[FlowPath] = []
    for frame in earlier:
        assert following.from_previous is not None
        path = extend(path, following.from_previous)
        path = lower_confidence_by_luma(path, frame.thumbnail, keyframe.thumbnail)
        paths.append(path)
        following = frame
    return paths


def _is_lost(path: FlowPath) -> bool:
    return float(np.mean(path.confidence < 0.5)) > OCCLUDED_LIMIT
