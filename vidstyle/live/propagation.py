"""Paintings that have been made, and the way to them from the picture of this moment."""

from dataclasses import dataclass

import cv2
import numpy as np

from vidstyle.frame import Flow, Mask, Picture, Plane
from vidstyle.stylize.cut_detector import CutDetector
from vidstyle.stylize.disocclusion import closed
from vidstyle.stylize.flow import FlowEstimator, Path, extend, lower_confidence_by_luma, stay
from vidstyle.stylize.warp import blend, sharpen, warp

MOST_CONTRAST = 2.0  # times the picture's own
LEAST_HOLES = 0.002  # share of the picture


@dataclass(slots=True, eq=False)
class Anchor:
    """One picture of the past that is, or will be, painted."""

    style: str | None  # it is painted in
    thumbnail: Plane
    path: Path  # from the present frame to this one
    age: int = 0  # frames since

    @classmethod
    def here(cls, style: str | None, present: Plane) -> "Anchor":
        """An anchor at the present frame."""
        return cls(style, present, stay(present.shape))

    def follow(self, step: Flow, trust: Mask, present: Plane) -> None:
        """Lengthen the path by the step from a new frame to the one before."""
        path = extend(self.path, step, trust)
        self.path = lower_confidence_by_luma(path, present, self.thumbnail)
        self.age += 1


class MotionTracker:
    """Follows the motion from frame to frame on thumbnails; belongs to one thread."""

    def __init__(self) -> None:
        self._flow, self._cuts = FlowEstimator(), CutDetector()
        self._previous: Plane | None = None

    def advance(self, present: Plane, anchors: list[Anchor]) -> bool:
        """Go on to the next frame and take the anchors along; False where a new scene begins.

        Args:
            present: the new frame's thumbnail.
            anchors: of frames before; untouched at a cut.
        """
        previous, self._previous = self._previous, present
        if previous is None or previous.shape != present.shape:
            return False
        motion = self._flow.between(previous, present)
        if self._cuts.is_cut(previous, present, motion):
            return False
        for anchor in anchors:
            anchor.follow(motion.to_previous, motion.previous_confidence, present)
        return True


@dataclass(frozen=True, slots=True)
class Tones:
    """What a painting did to brightness and colors as a whole: a factor and a sum, by plane."""

    changes: tuple[tuple[float, float], ...]

    @classmethod
    def between(cls, seen: Picture, painting: Picture) -> "Tones":
        """Compare means and deviations of a picture and its painting."""
        changes = []
        for before, after in zip(seen.planes, painting.planes, strict=True):
            (mean, spread), (new_mean, new_spread) = _moments(before), _moments(after)
            factor = min(MOST_CONTRAST, new_spread / max(spread, 1.0))
            changes.append((factor, new_mean - factor * mean))
        return cls(tuple(changes))

    def applied(self, picture: Picture) -> Picture:
        """Return a picture in the painting's tones, though without its strokes."""
        y, u, v = (
            np.asarray(cv2.addWeighted(plane, factor, plane, 0, added), np.uint8)
            for plane, (factor, added) in zip(picture.planes, self.changes, strict=True)
        )
        return Picture(y, u, v, picture.color)


def fill(painting: Picture, seen: Picture, occlusion_mask: Mask, tones: Tones) -> Picture:
    """Show what nobody has painted yet as it is, in the painting's tones.

    The generator would do it better, but the display does not wait for it.

    Args:
        painting: what could be carried.
        seen: the frame itself, of the same size.
        unexplained: HxW of any size, 1 where no painting shows what the frame shows.
        tones: of a painting of this scene.
    """
    holes = closed(occlusion_mask)
    if float(np.mean(holes)) < LEAST_HOLES:
        return painting
    return blend(painting, tones.applied(seen), np.asarray(cv2.blur(holes, (5, 5)), np.float32))


def carry(painting: Picture, anchor: Anchor) -> Picture:
    """Bring one painting to the present frame."""
    return sharpen(warp(painting, anchor.path.flow)) if anchor.age else painting


def carry_both(
    older: Picture, older_anchor: Anchor, newer: Picture, newer_anchor: Anchor, progress: float
) -> Picture:
    """Bring two paintings to the present frame and mix them, each where it can be trusted.

    Args:
        older: the painting that is going.
        older_anchor: its way from the present.
        newer: the painting that is coming.
        newer_anchor: its way from the present.
        progress: how much of the newer one is to be seen, 0..1; all where neither is trusted.
    """
    first = (1 - progress) * older_anchor.path.trust
    second = progress * newer_anchor.path.trust
    both = first + second
    share = np.where(both > 1e-3, second / np.maximum(both, 1e-3), 1.0)
    share = np.asarray(cv2.blur(share.astype(np.float32), (3, 3)), np.float32)
    if newer_anchor.age == 0:  # as sharp as painted
        return blend(warp(older, older_anchor.path.flow), newer, share)
    mixed = blend(warp(older, older_anchor.path.flow), warp(newer, newer_anchor.path.flow), share)
    return sharpen(mixed)


def _moments(plane: Plane) -> tuple[float, float]:
    mean, spread = cv2.meanStdDev(plane)
    return float(mean[0, 0]), float(spread[0, 0])
