"""Live keyframes: paths from the newest frame back to them, and a stand-in for unpainted areas."""

from dataclasses import dataclass

import cv2
import numpy as np

from vidstyle.frame import Mask, Picture, Plane
from vidstyle.stylize.disocclusion import majority_filter
from vidstyle.stylize.flow import FlowPath, extend, lower_confidence_by_luma
from vidstyle.stylize.warp import blend

MOST_CONTRAST = 2.0  # times the picture's own
LEAST_HOLES = 0.002  # share of the picture


@dataclass(slots=True, eq=False)
class TrackedKeyframe:
    """A past frame that is, or will be, painted, and the path to it from the newest frame."""

    style: str | None  # it is painted in
    thumbnail: Plane
    path: FlowPath  # from the newest frame to this one

    @classmethod
    def at(cls, style: str | None, thumbnail: Plane) -> "TrackedKeyframe":
        """The newest frame as a keyframe."""
        return cls(style, thumbnail, FlowPath.identity(thumbnail.shape))

    def follow(self, to_previous: FlowPath, thumbnail: Plane) -> None:
        """Lengthen the path by the step from a new frame to the one before."""
        path = extend(self.path, to_previous)
        self.path = lower_confidence_by_luma(path, thumbnail, self.thumbnail)


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
        occlusion_mask: HxW of any size, 1 where no painting shows what the frame shows.
        tones: of a painting of this scene.
    """
    holes = majority_filter(occlusion_mask)
    if float(np.mean(holes)) < LEAST_HOLES:
        return painting
    return blend(painting, tones.applied(seen), np.asarray(cv2.blur(holes, (5, 5)), np.float32))


def _moments(plane: Plane) -> tuple[float, float]:
    mean, spread = cv2.meanStdDev(plane)
    return float(mean[0, 0]), float(spread[0, 0])
