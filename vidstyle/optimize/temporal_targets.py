"""Temporal targets: paintings of neighboring keyframes, warped to one along the flow."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from vidstyle.frame import Frame, Mask, Plane, RGBImage, resize
from vidstyle.options import Look
from vidstyle.stats import Stats
from vidstyle.stylize.flow import FlowEstimator, FlowPath, lower_confidence_by_luma, sample
from vidstyle.stylize.keyframes import KeyframePlanner, KeyframeSpan, paths_to
from vidstyle.stylize.stylizer import working_picture
from vidstyle.stylize.warp import sampling_map

LONG_TERM = (2, 4)  # keyframes back that are asked where nearer ones cannot say

Floats = NDArray[np.float32]
# A picture (HxWx3 float32 RGB 0..1) and the confidence of its pixels (HxW float32 0..1).
TemporalTarget = tuple[Floats, Mask]


@dataclass(frozen=True, slots=True, eq=False)
class SceneKeyframe:
    """A keyframe, and the paths between it and the one before; None at the start of a scene."""

    number: int  # of the frame in its scene, from 0
    image: RGBImage  # of the working size
    thumbnail: Plane
    to_previous: FlowPath | None
    from_previous: FlowPath | None


def keyframe_count(frames: int, every: int) -> int:
    """How many keyframes a scene has that holds no cut."""
    return 1 + -(-(frames - 1) // every)


def find_keyframes(frames: Iterable[Frame], look: Look) -> list[SceneKeyframe]:
    """The keyframes of a scene: those that a `VideoStylizer` of this look would paint."""
    assert look.every is not None
    planner = KeyframePlanner(adaptive=False, stats=Stats())
    spans = list[KeyframeSpan]()
    for frame in frames:
        spans += planner.add(frame, working_picture(frame.picture, look, Stats()), look.every)
    return [_keyframe(span) for span in (*spans, *planner.end())]


def _keyframe(span: KeyframeSpan) -> SceneKeyframe:
    right, back, there = span.right, None, None
    if span.left is not None:
        between = [*reversed(span.between), span.left]
        back, there = right.path, paths_to(right, between)[-1]
    return SceneKeyframe(right.number, right.picture.to_rgb(), right.thumbnail, back, there)


def linked(last: SceneKeyframe, first: SceneKeyframe) -> SceneKeyframe:
    """The first keyframe of a scene as the next one after the last of the scene before."""
    back, there = _paths_between(last, first)
    return replace(first, to_previous=back, from_previous=there)


def targets_before(
    keyframes: Sequence[SceneKeyframe], paintings: Sequence[RGBImage], index: int
) -> list[TemporalTarget]:
    """What the paintings of earlier keyframes say of one, the nearest first.

    Those further back count only as far as they are believed more than all nearer ones, which is
    where something has passed by in between: the long-term weights of Ruder et al.
    (arXiv:1604.08610, equation 8). The flow to them is estimated in one step, as there.
    """
    nearest = keyframes[index].to_previous
    if nearest is None:
        return []
    targets = [carried(paintings[index - 1], nearest)]
    for distance in LONG_TERM:
        between = keyframes[max(0, index - distance + 1) : index]
        if distance > index or any(keyframe.to_previous is None for keyframe in between):
            break
        back, _ = _paths_between(keyframes[index - distance], keyframes[index])
        picture, confidence = carried(paintings[index - distance], back)
        said = np.sum([confidence for _, confidence in targets], axis=0)
        targets.append((picture, np.maximum(confidence - said, 0)))
    return targets


def targets_after(
    keyframes: Sequence[SceneKeyframe], paintings: Sequence[RGBImage], index: int
) -> list[TemporalTarget]:
    """What the painting of the next keyframe says of one."""
    path = keyframes[index + 1].from_previous if index + 1 < len(keyframes) else None
    return [] if path is None else [carried(paintings[index + 1], path)]


def own_target(painting: RGBImage) -> TemporalTarget:
    """What holds a painting to what it is."""
    return painting.astype(np.float32) / np.float32(255), np.ones(painting.shape[:2], np.float32)


def carried(painting: RGBImage, path: FlowPath) -> TemporalTarget:
    """A painting where a path leads, and the path's trust at the same size."""
    height, width = painting.shape[:2]
    picture = painting.astype(np.float32) / np.float32(255)
    return sample(picture, sampling_map(path.flow, width, height)), resize(
        path.confidence, width, height
    )


def _paths_between(earlier: SceneKeyframe, later: SceneKeyframe) -> tuple[FlowPath, FlowPath]:
    """From the later keyframe to the earlier one, and there again."""
    motion = FlowEstimator().between(earlier.thumbnail, later.thumbnail)
    return (
        lower_confidence_by_luma(motion.to_previous, later.thumbnail, earlier.thumbnail),
        lower_confidence_by_luma(motion.from_previous, earlier.thumbnail, later.thumbnail),
    )
