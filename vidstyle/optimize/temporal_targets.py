"""The keyframes of a scene, and what their paintings say about each other."""

from collections.abc import Iterable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from vidstyle.frame import Frame, Mask, Plane, RGBImage, resize
from vidstyle.options import Look
from vidstyle.stats import Stats
from vidstyle.stylize.flow import FlowEstimator, Path, lower_confidence_by_luma, sample
from vidstyle.stylize.keyframes import Keyframe, KeyframePlanner, Shot, ways_to
from vidstyle.stylize.mixture import Mixture
from vidstyle.stylize.warp import sampling_map

LONG_TERM = (2, 4)  # keyframes back that are asked where nearer ones cannot say

Floats = NDArray[np.float32]
Saying = tuple[Floats, Mask]  # a picture (HxWx3, 0..1) and where it can be believed (HxW, 0..1)


@dataclass(frozen=True, slots=True, eq=False)
class Key:
    """A keyframe, and the ways between it and the one before; None at the start of a scene."""

    image: RGBImage  # of the working size
    thumbnail: Plane
    to_previous: Path | None
    from_previous: Path | None


def keys_in(frames: int, every: int) -> int:
    """How many keyframes a scene has that holds no cut."""
    return 1 + -(-(frames - 1) // every)


def find_keys(frames: Iterable[Frame], look: Look) -> list[Key]:
    """The keyframes of a scene: those that a `Stylizer` of this look would paint."""
    assert look.every is not None
    every = look.every
    planner = KeyframePlanner(
        lambda picture: picture.resized(*look.working_size_wh(picture.width, picture.height)),
        lambda shot: Keyframe(shot, Mixture([]), Future()),  # painted later, all together
        lambda: every,
        adaptive=False,
        stats=Stats(),
    )
    keys = []
    for segment in planner.segments(frames):
        if segment is None:
            continue
        shot, back, there = segment.right.shot, None, None
        if segment.left is not None:
            between: list[Shot] = [*reversed(segment.between), segment.left.shot]
            back, there = shot.path, ways_to(shot, between)[-1]
        keys.append(Key(shot.picture.to_rgb(), shot.thumbnail, back, there))
    return keys


def following(last: Key, first: Key) -> Key:
    """The first keyframe of a scene as the next one after the last of the scene before."""
    back, there = _ways_between(last, first)
    return replace(first, to_previous=back, from_previous=there)


def said_before(keys: Sequence[Key], paintings: Sequence[RGBImage], index: int) -> list[Saying]:
    """What the paintings of earlier keyframes say of one, the nearest first.

    Those further back count only as far as they are believed more than all nearer ones, which is
    where something has passed by in between: the long-term weights of Ruder et al.
    (arXiv:1604.08610, equation 8). The flow to them is estimated in one step, as there.
    """
    nearest = keys[index].to_previous
    if nearest is None:
        return []
    sayings = [carried(paintings[index - 1], nearest)]
    for distance in LONG_TERM:
        between = keys[max(0, index - distance + 1) : index]
        if distance > index or any(key.to_previous is None for key in between):
            break
        back, _ = _ways_between(keys[index - distance], keys[index])
        picture, trust = carried(paintings[index - distance], back)
        said = np.sum([trust for _, trust in sayings], axis=0)
        sayings.append((picture, np.maximum(trust - said, 0)))
    return sayings


def said_after(keys: Sequence[Key], paintings: Sequence[RGBImage], index: int) -> list[Saying]:
    """What the painting of the next keyframe says of one."""
    path = keys[index + 1].from_previous if index + 1 < len(keys) else None
    return [] if path is None else [carried(paintings[index + 1], path)]


def said_of_itself(painting: RGBImage) -> Saying:
    """What holds a painting to what it is."""
    return painting.astype(np.float32) / np.float32(255), np.ones(painting.shape[:2], np.float32)


def carried(painting: RGBImage, path: Path) -> Saying:
    """A painting where a path leads, and the path's trust at the same size."""
    height, width = painting.shape[:2]
    picture = painting.astype(np.float32) / np.float32(255)
    return sample(picture, sampling_map(path.flow, width, height)), resize(
        path.trust, width, height
    )


def _ways_between(earlier: Key, later: Key) -> tuple[Path, Path]:
    """From the later keyframe to the earlier one, and there again."""
    motion = FlowEstimator().between(earlier.thumbnail, later.thumbnail)
    back = Path(motion.to_previous, motion.previous_confidence)
    there = Path(motion.to_next, motion.next_confidence)
    return (
        lower_confidence_by_luma(back, later.thumbnail, earlier.thumbnail),
        lower_confidence_by_luma(there, earlier.thumbnail, later.thumbnail),
    )
