"""Motion tracker: optical flow between consecutive frames, interrupted at scene cuts."""

from vidstyle.frame import Plane
from vidstyle.stylize.cut_detector import CutDetector
from vidstyle.stylize.flow import FlowEstimator, Motion


class MotionTracker:
    """Optical flow between each frame and the previous one; belongs to one thread."""

    def __init__(self, average_change: float = 0.0) -> None:
        """Begin a stream; see `CutDetector` for the average change."""
        self._flow, self._cuts = FlowEstimator(), CutDetector(average_change)
        self._previous: Plane | None = None

    @property
    def average_change(self) -> float:
        """Running average of `CutDetector`."""
        return self._cuts.average_change

    def advance(self, thumbnail: Plane) -> Motion | None:
        """Return the motion since the previous frame; None at the first frame of a scene.

        Args:
            thumbnail: HxW uint8 luma of the next frame; a change of size starts a new scene.
        """
        previous, self._previous = self._previous, thumbnail
        if previous is None or previous.shape != thumbnail.shape:
            return None
        motion = self._flow.between(previous, thumbnail)
        return None if self._cuts.is_cut(previous, thumbnail, motion) else motion
