"""Which frames go through the generator."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass

import numpy as np

from vidstyle.frame import Frame, Picture, Plane
from vidstyle.stats import Stats
from vidstyle.stylize.cut_detector import CutDetector
from vidstyle.stylize.exposure import Curve, ExposureTracker
from vidstyle.stylize.flow import (
    FlowEstimator,
    Path,
    extend,
    lower_confidence_by_luma,
    stay,
    thumbnail,
)
from vidstyle.stylize.generator import ImageGenerator

UNTRUSTED_LIMIT = 0.12  # share of the picture that the last keyframe may leave unexplained


@dataclass(frozen=True, slots=True, eq=False)
class Shot:
    """A frame on its way to a keyframe."""

    frame: Frame
    picture: Picture  # at the working size
    thumbnail: Plane
    light: Curve
    arrival: Path | None  # from the frame before to this one; None at the start of a scene
    path: Path  # from this one to the keyframe before


@dataclass(frozen=True, slots=True, eq=False)
class Keyframe:
    """A frame that is painted for itself, and its painting, which may not be ready yet."""

    shot: Shot
    generator: ImageGenerator  # what paints it
    painting: Future[Picture]


@dataclass(frozen=True, slots=True, eq=False)
class Segment:
    """Some frames and the keyframes on both sides; `left` is None at the start of a scene."""

    left: Keyframe | None
    between: deque[Shot]
    right: Keyframe


class KeyframePlanner:
    """Cuts a stream of frames into segments between keyframes.

    A keyframe comes after `interval()` frames at the latest; with `adaptive`, also as soon as the
    path to the last one is lost for too much of the picture. The last frame before a cut is a
    keyframe too, so that no frame ever has to look across one.
    """

    def __init__(
        self,
        working: Callable[[Picture], Picture],
        keyframe: Callable[[Shot], Keyframe],
        interval: Callable[[], int],
        adaptive: bool,
        stats: Stats,
        motion: bool = True,
    ) -> None:
        """Take what makes keyframes; without `motion` every frame is a scene of its own."""
        self._stats = stats
        self._working, self._keyframe = working, keyframe
        self._interval, self._adaptive, self._motion = interval, adaptive, motion
        self._flow, self._cuts, self._light = FlowEstimator(), CutDetector(), ExposureTracker()

    def segments(self, frames: Iterable[Frame]) -> Iterator[Segment | None]:
        """Yield segments that together hold every frame once, in order.

        After each frame that completes none, yield None: time to see whether a painting is done.
        """
        left: Keyframe | None = None
        pending: deque[Shot] = deque()
        for frame in frames:
            last = pending[-1] if pending else left.shot if left else None
            shot = self._follow_up(last, left, frame)
            if shot.arrival is None:
                if pending:
                    yield Segment(left, pending, self._keyframe(pending.pop()))
                left, pending = self._keyframe(shot), deque()
                yield Segment(None, deque(), left)
                continue
            pending.append(shot)
            if len(pending) >= self._interval() or (self._adaptive and _is_lost(shot.path)):
                right = self._keyframe(pending.pop())
                yield Segment(left, pending, right)
                left, pending = right, deque()
            else:
                yield None
        if pending:
            yield Segment(left, pending, self._keyframe(pending.pop()))

    def _follow_up(self, last: Shot | None, left: Keyframe | None, frame: Frame) -> Shot:
        picture = self._working(frame.picture)
        small = thumbnail(picture)

        def light(cut: bool) -> Curve:
            return self._light.measure(small, picture.color.full_range, frame.time_s, cut)

        if last is not None and left is not None and self._motion:
            with self._stats.timed("flow"):
                motion = self._flow.between(last.thumbnail, small)
                if not self._cuts.is_cut(last.thumbnail, small, motion):
                    before = stay(small.shape) if last is left.shot else last.path
                    path = extend(before, motion.to_previous, motion.previous_confidence)
                    path = lower_confidence_by_luma(path, small, left.shot.thumbnail)
                    arrival = Path(motion.to_next, motion.next_confidence)
                    return Shot(frame, picture, small, light(cut=False), arrival, path)
            self._stats.count("cuts")
        return Shot(frame, picture, small, light(cut=True), None, stay(small.shape))


def ways_to(keyframe: Shot, shots: Iterable[Shot]) -> list[Path]:
    """The paths to a keyframe of the shots before it in its scene, given and returned backwards."""
    path, following = stay(keyframe.thumbnail.shape), keyframe
    paths: list[Path] = []
    for shot in shots:
        assert following.arrival is not None
        path = extend(path, following.arrival.flow, following.arrival.trust)
        path = lower_confidence_by_luma(path, shot.thumbnail, keyframe.thumbnail)
        paths.append(path)
        following = shot
    return paths


def _is_lost(path: Path) -> bool:
    return float(np.mean(path.trust < 0.5)) > UNTRUSTED_LIMIT
