"""Temporal targets: paintings of neighboring keyframes, warped to a keyframe along the flow."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from vidstyle.frame import Frame, Mask, Plane, RGBImage, resize
from vidstyle.options import Look
from vidstyle.stats import Stats
from vidstyle.stylize.flow import FlowEstimator, FlowPath, lower_confidence_by_luma
from vidstyle.stylize.keyframes import (
    KeyframePlanner,
    KeyframeSpan,
    PassedKeyframe,
    TrackedFrame,
    paths_to,
)
from vidstyle.stylize.sampling import sample_along, scaled_flow
from vidstyle.stylize.stylizer import working_picture

LONG_TERM = (2, 4)  # keyframes back, used where nearer keyframes have no confidence

Floats = NDArray[np.float32]
# A picture (HxWx3 float32 RGB 0..1) and the confidence of its pixels (HxW float32 0..1).
TemporalTarget = tuple[Floats, Mask]


@dataclass(frozen=True, slots=True, eq=False)
class SceneKeyframe:
    """Keyframe of a scene, with flow paths to and from the previous keyframe."""

    number: int  # index of the frame in its scene, from 0
    image: RGBImage  # at the working size
    thumbnail: Plane  # HxW uint8 luma
    to_previous: FlowPath | None  # None at the start of a scene, like `from_previous`
    from_previous: FlowPath | None  # on the previous keyframe's grid


def keyframe_count(frames: int, every: int) -> int:
    """Return the number of keyframes of a scene without cuts, at an interval in frames."""
    return 1 + -(-(frames - 1) // every)


def find_keyframes(frames: Iterable[Frame], look: Look) -> list[SceneKeyframe]:
    """Return the keyframes of a scene, the same that a `VideoStylizer` of this look paints."""
    assert look.every is not None
    planner = KeyframePlanner(adaptive=False, stats=Stats())
    spans = list[KeyframeSpan]()
    for frame in frames:
        spans += planner.add(frame, working_picture(frame.picture, look, Stats()), look.every)
    return [_keyframe(span) for span in (*spans, *planner.end())]


def _keyframe(span: KeyframeSpan) -> SceneKeyframe:
    right, backward, forward = span.right, None, None
    if span.left is not None:
        earlier: list[TrackedFrame | PassedKeyframe] = [*reversed(span.between), span.left]
        backward, forward = right.path, paths_to(right, earlier)[-1]
    return SceneKeyframe(right.number, right.picture.to_rgb(), right.thumbnail, backward, forward)


def linked(last: SceneKeyframe, first: SceneKeyframe) -> SceneKeyframe:
    """Return the first keyframe of a scene with flow paths to the last one of the scene before."""
    backward, forward = _paths_between(last, first)
    return replace(first, to_previous=backward, from_previous=forward)


def targets_before(
    keyframes: Sequence[SceneKeyframe], paintings: Sequence[RGBImage], index: int
) -> list[TemporalTarget]:
    """Return the temporal targets of a keyframe from earlier keyframes, the nearest first.

    Long-term targets get only the confidence that they have beyond all nearer ones, which is where
    an object has passed by in between: the long-term weights of Ruder et al. (arXiv:1604.08610,
    equation 8). As in the paper, the flow to them is estimated directly, not concatenated.

    Args:
        keyframes: the keyframes of the scene.
        paintings: their paintings, HxWx3 uint8 RGB; those before `index` are used.
        index: of the keyframe to be painted.
    """
    nearest = keyframes[index].to_previous
    if nearest is None:
        return []
    targets = [warped_target(paintings[index - 1], nearest)]
    for distance in LONG_TERM:
        between = keyframes[max(0, index - distance + 1) : index]
        if distance > index or any(keyframe.to_previous is None for keyframe in between):
            break
        backward, _ = _paths_between(keyframes[index - distance], keyframes[index])
        picture, confidence = warped_target(paintings[index - distance], backward)
        covered = np.sum([confidence for _, confidence in targets], axis=0)
        targets.append((picture, np.maximum(confidence - covered, 0)))
    return targets


def targets_after(
    keyframes: Sequence[SceneKeyframe], paintings: Sequence[RGBImage], index: int
) -> list[TemporalTarget]:
    """Return the temporal target of a keyframe from the next one; empty for the last keyframe."""
    path = keyframes[index + 1].from_previous if index + 1 < len(keyframes) else None
    return [] if path is None else [warped_target(paintings[index + 1], path)]


def self_target(painting: RGBImage) -> TemporalTarget:
    """Return the temporal target that keeps a painting unchanged: itself, with confidence 1."""
    return painting.astype(np.float32) / np.float32(255), np.ones(painting.shape[:2], np.float32)


def warped_target(painting: RGBImage, path: FlowPath) -> TemporalTarget:
    """Return a painting warped along a flow path, with the path's confidence at its size.

    Args:
        painting: HxWx3 uint8 RGB, the painting of another keyframe.
        path: flow path from the keyframe to be painted to that other keyframe.
    """
    height, width = painting.shape[:2]
    picture = painting.astype(np.float32) / np.float32(255)
    return sample_along(picture, scaled_flow(path.flow, width, height)), resize(
        path.confidence, width, height
    )


def _paths_between(earlier: SceneKeyframe, later: SceneKeyframe) -> tuple[FlowPath, FlowPath]:
    """Flow paths from the later keyframe to the earlier one, and from the earlier to the later."""
    motion = FlowEstimator().between(earlier.thumbnail, later.thumbnail)
    return (
        lower_confidence_by_luma(motion.to_previous, later.thumbnail, earlier.thumbnail),
        lower_confidence_by_luma(motion.from_previous, earlier.thumbnail, later.thumbnail),
    )
