"""Keyframe propagation: flow paths from the newest frame, and a fill for disoccluded areas."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

from vidstyle.frame import Mask, Picture, Plane, resize
from vidstyle.stylize.boxes import Box
from vidstyle.stylize.disocclusion import majority_filter
from vidstyle.stylize.finish import Finish
from vidstyle.stylize.flow import FlowPath, extend, lower_confidence_by_luma
from vidstyle.stylize.sampling import sample_along
from vidstyle.stylize.warp import blend, propagate

PATCH_TRUST = 0.75  # confidence a frame from the second on, in a patch whose flow is in doubt
MAX_CONTRAST_GAIN = 2.0  # of a tone transfer
MIN_OCCLUDED_SHARE = 0.002  # of the picture's area; below, nothing is filled
LUMA_LIMITS = 0.01, 0.99  # quantiles of a painting; a fill beyond them would show as a streak
SPARSE = 4  # px between the samples for the quantiles
COARSE = 4  # px of the mask to a cell where a fill adapts to the painting around
ADAPTING_SIGMA = 4.0  # cells: how far a fill takes its tones from
FAINT = 0.02  # weight at which the painting around counts half; far from it, tones are unchanged


@dataclass(slots=True, eq=False)
class TrackedKeyframe:
    """Keyframe, pending or painted, and the flow path to it from the newest frame."""

    style: str | None  # name of its style
    thumbnail: Plane  # luma at 144 lines, for the check of the path
    path: FlowPath  # from the newest frame to this one
    area: Mask | None = None  # of a patch: HxW float32, 1 where it is painted; None: everywhere

    @classmethod
    def at(cls, style: str | None, thumbnail: Plane) -> "TrackedKeyframe":
        """Make the newest frame a keyframe, with the identity as its path."""
        return cls(style, thumbnail, FlowPath.identity(thumbnail.shape))

    def inside(self, boxes: Sequence[Box], picture: Picture) -> "TrackedKeyframe":
        """Return the keyframe as a patch, with no confidence outside of some boxes.

        Args:
            boxes: in pixels of `picture`.
            picture: the keyframe's frame, of any size.
        """
        height, width = self.path.confidence.shape
        scale = np.array([width / picture.width, height / picture.height] * 2)
        area = np.zeros_like(self.path.confidence)
        for box in boxes:
            left, top, right, bottom = np.rint(scale * box).astype(int)
            area[top:bottom, left:right] = 1
        path = FlowPath(self.path.flow, area * self.path.confidence, self.path.steps)
        return TrackedKeyframe(self.style, self.thumbnail, path, area)

    @property
    def patch_confidence(self) -> Mask:
        """Confidence in a patch: where its flow is in doubt, only its age counts.

        A painting that is a few pixels off is better than none, for the few frames until the next.
        """
        assert self.area is not None
        trust = PATCH_TRUST ** max(0, self.path.steps - 1)
        area = sample_along(self.area, self.path.flow, outside=(0,))  # nothing is shown there
        return np.asarray(np.maximum(self.path.confidence, trust * area), np.float32)

    def extend_path(self, to_previous: FlowPath, thumbnail: Plane) -> None:
        """Extend the path by the flow of a new frame.

        Args:
            to_previous: path from the new frame to the one before it.
            thumbnail: luma of the new frame.
        """
        path = extend(self.path, to_previous)
        self.path = lower_confidence_by_luma(path, thumbnail, self.thumbnail)


@dataclass(frozen=True, slots=True)
class ToneTransfer:
    """Global tone and color change of a painting: gain and offset for each of Y, U, V.

    Matches mean and standard deviation, as Reinhard et al. (2001) do, here in YUV.
    """

    changes: tuple[tuple[float, float], ...]  # gain and offset for Y, U, V

    @classmethod
    def between(cls, seen: Picture, painting: Picture) -> "ToneTransfer":
        """Measure the change from a picture to its painting."""
        changes = []
        for before, after in zip(seen.planes, painting.planes, strict=True):
            (mean, spread), (new_mean, new_spread) = _moments(before), _moments(after)
            factor = min(MAX_CONTRAST_GAIN, new_spread / max(spread, 1.0))
            changes.append((factor, new_mean - factor * mean))
        return cls(tuple(changes))

    def applied(self, picture: Picture) -> Picture:
        """Return a picture with gain and offset applied: the painting's tones, no brush strokes."""
        y, u, v = (
            np.asarray(cv2.addWeighted(plane, factor, plane, 0, added), np.uint8)
            for plane, (factor, added) in zip(picture.planes, self.changes, strict=True)
        )
        return Picture(y, u, v, picture.color)


@dataclass(frozen=True, slots=True, eq=False)
class ActiveKeyframe:
    """A painted keyframe on display, and the flow path to it from the newest frame."""

    painting: Picture
    tones: ToneTransfer
    finish: Finish
    keyframe: TrackedKeyframe

    def resized(self, width: int, height: int) -> "ActiveKeyframe":
        """Return it at another working size, in pixels; the flow path keeps its own grid."""
        return replace(self, painting=self.painting.resized(width, height))


def patched(
    painting: Picture, confidence: Mask, patch: Picture, tracked: TrackedKeyframe
) -> tuple[Picture, Mask]:
    """Cover disoccluded areas with a later painting of them, warped to the frame.

    Args:
        painting: propagated painting.
        confidence: of the painting, HxW float32 0..1 of any size, 1 where a keyframe shows the
            content.
        patch: painting of the disoccluded areas, of the size of `painting`.
        tracked: the patch's frame, with a path of the size of `confidence`.

    Returns:
        The painting with the patch, and the confidence of both.
    """
    share = np.asarray(cv2.blur(majority_filter(1 - confidence), (5, 5)), np.float32)
    patch_confidence = tracked.patch_confidence
    covered = blend(painting, propagate(patch, tracked.path), share * patch_confidence)
    return covered, np.maximum(confidence, patch_confidence)


def fill(painting: Picture, seen: Picture, occlusion_mask: Mask, tones: ToneTransfer) -> Picture:
    """Fill disoccluded areas with the frame's own picture in the tones of the painting around.

    Faster than inpainting by the generator, for which the display does not wait.

    Args:
        painting: propagated painting.
        seen: picture of the frame, of the same size.
        occlusion_mask: HxW float32 0..1 of any size, 1 where no keyframe shows the content.
        tones: tone transfer of a keyframe of this scene.
    """
    holes = majority_filter(occlusion_mask)
    if float(np.mean(holes)) < MIN_OCCLUDED_SHARE:
        return painting
    toned = _adapted(tones.applied(seen), painting, holes)
    return blend(painting, toned, np.asarray(cv2.blur(holes, (5, 5)), np.float32))


def _adapted(toned: Picture, painting: Picture, holes: Mask) -> Picture:
    """Shift a picture's planes smoothly by the painting's difference to it outside of the holes.

    Normalized convolution (Knutsson and Westin, 1993) of that difference, at a low resolution:
    the tones of a whole painting, applied to bright or dark parts of it, would be white or black.
    """
    height, width = (-(-side // COARSE) for side in holes.shape)
    weight = cv2.resize(1 - holes, (width, height), interpolation=cv2.INTER_AREA)
    norm = _smooth(np.asarray(weight, np.float32)) + FAINT

    def adapted(plane: Plane, wanted: Plane) -> Plane:
        difference = _coarse(wanted, width, height) - _coarse(plane, width, height)
        return _shifted(plane, _smooth(weight * difference) / norm)

    y, u, v = (adapted(a, b) for a, b in zip(toned.planes, painting.planes, strict=True))
    return Picture(_within(y, painting.y), u, v, toned.color)


def _smooth(plane: Mask) -> Mask:
    return np.asarray(cv2.GaussianBlur(plane, (0, 0), ADAPTING_SIGMA), np.float32)


def _coarse(plane: Plane, width: int, height: int) -> Mask:
    return resize(plane, width, height).astype(np.float32)


def _shifted(plane: Plane, shift: Mask) -> Plane:
    # Half the shift fits into 8 bits, which resize fast.
    half = np.clip(np.rint(shift / 2) + 128, 0, 255).astype(np.uint8)
    large = resize(half, plane.shape[1], plane.shape[0])
    return np.asarray(cv2.addWeighted(plane, 1, large, 2, -256), np.uint8)


def _within(luma: Plane, painting: Plane) -> Plane:
    """Return the luma clipped to the painting's range, without its extremes."""
    counts = np.bincount(painting[::SPARSE, ::SPARSE].ravel(), minlength=256)
    below = np.cumsum(counts) / counts.sum()
    low, high = np.searchsorted(below, LUMA_LIMITS).astype(np.uint8)
    return np.clip(luma, low, high)


def _moments(plane: Plane) -> tuple[float, float]:
    mean, spread = cv2.meanStdDev(plane)
    return float(mean[0, 0]), float(spread[0, 0])
