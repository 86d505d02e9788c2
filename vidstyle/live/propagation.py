"""Keyframe propagation: flow paths from the newest frame, and a fill for disoccluded areas."""

from dataclasses import dataclass

import cv2
import numpy as np

from vidstyle.frame import Mask, Picture, Plane
from vidstyle.stylize.disocclusion import majority_filter
from vidstyle.stylize.flow import FlowPath, extend, lower_confidence_by_luma
from vidstyle.stylize.warp import blend

MAX_CONTRAST_GAIN = 2.0  # of a tone transfer
MIN_OCCLUDED_SHARE = 0.002  # of the picture's area; below, nothing is filled


@dataclass(slots=True, eq=False)
class TrackedKeyframe:
    """Keyframe, pending or painted, and the flow path to it from the newest frame."""

    style: str | None  # name of its style
    thumbnail: Plane  # luma at 144 lines, for the check of the path
    path: FlowPath  # from the newest frame to this one

    @classmethod
    def at(cls, style: str | None, thumbnail: Plane) -> "TrackedKeyframe":
        """Make the newest frame a keyframe, with the identity as its path."""
        return cls(style, thumbnail, FlowPath.identity(thumbnail.shape))

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


def fill(painting: Picture, seen: Picture, occlusion_mask: Mask, tones: ToneTransfer) -> Picture:
    """Fill disoccluded areas with the frame's own picture in the painting's tones.

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
    return blend(painting, tones.applied(seen), np.asarray(cv2.blur(holes, (5, 5)), np.float32))


def _moments(plane: Plane) -> tuple[float, float]:
    mean, spread = cv2.meanStdDev(plane)
    return float(mean[0, 0]), float(spread[0, 0])
