"""Keyframe planner: selects the frames to paint, and tracks flow paths from the others to them.

For files; the rule of live is in `live/stylizer.py`.
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from vidstyle.frame import Checkpoint, Frame, Picture, Plane
from vidstyle.stats import Stats
from vidstyle.stylize.exposure import Curve, ExposureTracker
from vidstyle.stylize.face_detector import Face
from vidstyle.stylize.flow import FlowPath, extend, lower_confidence_by_luma, thumbnail
from vidstyle.stylize.motion_tracker import MotionTracker

OCCLUDED_LIMIT = 0.12  # largest share of a frame occluded in the last keyframe (confidence < 0.5)


@dataclass(frozen=True, slots=True, eq=False)
class TrackedFrame:
    """Frame with its flow from the previous frame and its flow path to the last keyframe."""

    number: int  # index of the frame in its stream, from 0
    frame: Frame
    picture: Picture  # the frame at the working size
    thumbnail: Plane  # HxW uint8 luma, see `flow.thumbnail`
    exposure: Curve
    from_previous: FlowPath | None  # on the previous frame's grid; None at the start of a scene
    path: FlowPath  # to the last keyframe, on this frame's grid; identity at a scene's start
    scene: int = 0  # number of the scene, from 0
    to_previous: FlowPath | None = None  # on this frame's grid; None as `from_previous`
    faces: tuple[Face, ...] = ()  # to be painted finely
    style_strokes: bool = False  # painted enlarged, so that its strokes have the style's size


@dataclass(frozen=True, slots=True, eq=False)
class PassedKeyframe:
    """Keyframe that later frames have a flow path to; its pictures are not kept, 14 MB at 4K."""

    thumbnail: Plane
    from_previous: FlowPath | None  # as of `TrackedFrame`

    @classmethod
    def of(cls, keyframe: TrackedFrame) -> "PassedKeyframe":
        return cls(keyframe.thumbnail, keyframe.from_previous)


@dataclass(frozen=True, slots=True, eq=False)
class KeyframeSpan:
    """Two consecutive keyframes of a scene and the frames between them, in order."""

    left: PassedKeyframe | None  # None at the start of a scene or style, where only `right` is set
    between: deque[TrackedFrame]
    right: TrackedFrame


class KeyframePlanner:
    """Divides a stream of frames into spans between keyframes; belongs to one thread.

    A keyframe comes after `interval` frames at the latest; with `adaptive`, also as soon as too
    much of the frame is occluded in the last keyframe. The last frame before a cut is a keyframe
    too, so that no flow path crosses a cut.
    """

    def __init__(
        self,
        adaptive: bool,
        stats: Stats,
        motion: bool = True,
        checkpoint: Checkpoint | None = None,
    ) -> None:
        """Make a planner for one stream.

        Args:
            adaptive: True to add keyframes where too much of a frame is occluded.
            stats: receives the counter "cuts" and the timing of stage "flow".
            motion: False to skip optical flow; every frame is a keyframe and a scene then.
            checkpoint: of the first frame, where a stream goes on; None at its beginning.
        """
        self._adaptive, self._motion, self._stats = adaptive, motion, stats
        start = checkpoint or Checkpoint(0, 0, 0, {})
        exposure = np.array(start.exposure, np.float32) if start.exposure else None
        self._tracker, self._exposure = MotionTracker(start.change), ExposureTracker(exposure)
        self._left: PassedKeyframe | None = None
        self._waiting: deque[TrackedFrame] = deque()
        self._count, self._scene = start.frame, start.scene

    @property
    def waiting(self) -> int:
        """Number of frames in no span yet."""
        return len(self._waiting)

    def add(
        self, frame: Frame, picture: Picture, interval: int, restart: bool = False
    ) -> list[KeyframeSpan]:
        """Add the next frame and return the spans that it completes: zero, one or two.

        All spans together hold every frame exactly once, in order, as `right` or in `between`.

        Args:
            frame: the next frame of the stream.
            picture: the frame at the working size.
            interval: largest distance between keyframes, in frames.
            restart: end the spans before this frame, and begin new ones with it, as at a cut.
        """
        tracked = self._track(frame, picture)
        if tracked.from_previous is None or restart:
            tracked = replace(tracked, path=FlowPath.identity(tracked.thumbnail.shape))
            before = self.end()
            self._left = PassedKeyframe.of(tracked)
            return [*before, KeyframeSpan(None, deque(), tracked)]
        self._waiting.append(tracked)
        due = len(self._waiting) >= interval
        return self.end() if due or (self._adaptive and _is_occluded(tracked.path)) else []

    def end(self) -> list[KeyframeSpan]:
        """Make the last frame a keyframe; return the span that it completes, or an empty list.

        Called at the end of the stream; the planner calls it at cuts and due keyframes.
        """
        if not self._waiting:
            return []
        right = self._waiting.pop()
        span = KeyframeSpan(self._left, self._waiting, right)
        self._left, self._waiting = PassedKeyframe.of(right), deque()
        return [span]

    def _track(self, frame: Frame, picture: Picture) -> TrackedFrame:
        small = thumbnail(picture)
        path, from_previous, to_previous = FlowPath.identity(small.shape), None, None
        if self._motion:
            with self._stats.timed("flow"):
                motion = self._tracker.advance(small)
                if motion is not None:
                    path = self._path_to_keyframe(motion.to_previous, small)
                    from_previous, to_previous = motion.from_previous, motion.to_previous
        if self._motion and from_previous is None and self._left is not None:
            self._stats.count("cuts")
            self._scene += 1
        restarts = frame.checkpoint is not None and frame.checkpoint.restarts
        full_range, cut = picture.color.full_range, restarts or from_previous is None
        exposure = self._exposure.measure(small, full_range, frame.time_s, cut)
        number, self._count = self._count, self._count + 1
        return TrackedFrame(
            number,
            self._with_state(frame, exposure),
            picture,
            small,
            exposure,
            from_previous,
            path,
            self._scene,
            to_previous,
        )

    def _with_state(self, frame: Frame, exposure: Curve) -> Frame:
        """Add the planner's state to the frame's checkpoint, if it has one."""
        if frame.checkpoint is None:
            return frame
        checkpoint = replace(
            frame.checkpoint,
            counts=frame.checkpoint.counts | {"cuts": self._stats["cuts"]},
            scene=self._scene,
            change=self._tracker.average_change,
            exposure=tuple(exposure.tolist()),
        )
        return replace(frame, checkpoint=checkpoint)

    def _path_to_keyframe(self, to_previous: FlowPath, small: Plane) -> FlowPath:
        assert self._left is not None
        keyframe = self._left.thumbnail
        before = self._waiting[-1].path if self._waiting else FlowPath.identity(small.shape)
        return lower_confidence_by_luma(extend(before, to_previous), small, keyframe)


def paths_to(
    keyframe: TrackedFrame, earlier: Iterable[TrackedFrame | PassedKeyframe]
) -> list[FlowPath]:
    """Return flow paths from earlier frames forward to a keyframe.

    Args:
        keyframe: end of the paths.
        earlier: the frames before it in its scene without gaps, in reverse order.

    Returns:
        One path per frame, in the same reverse order.
    """
    path, paths = FlowPath.identity(keyframe.thumbnail.shape), list[FlowPath]()
    following: TrackedFrame | PassedKeyframe = keyframe
    for frame in earlier:
        assert following.from_previous is not None
        path = extend(path, following.from_previous)
        path = lower_confidence_by_luma(path, frame.thumbnail, keyframe.thumbnail)
        paths.append(path)
        following = frame
    return paths


def _is_occluded(path: FlowPath) -> bool:
    return float(np.mean(path.confidence < 0.5)) > OCCLUDED_LIMIT
