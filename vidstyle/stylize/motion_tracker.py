"""Motion tracker: optical flow from frame to frame, scene by scene."""

from vidstyle.frame import Plane
from vidstyle.stylize.cut_detector import CutDetector
from vidstyle.stylize.flow import FlowEstimator, Motion


class MotionTracker:
    """Estimates the motion of each frame against the frame before; belongs to one thread."""

    def __init__(self) -> None:
        self._flow, self._cuts = FlowEstimator(), CutDetector()
        self._previous: Plane | None = None

    def advance(self, thumbnail: Plane) -> Motion | None:
        """Go on to the next frame; None where a scene begins.

        Args:
            thumbnail: HxW luma of the frame; another size than before begins a scene.
        """
        previous, self._previous = self._previous, thumbnail
        if previous is None or previous.shape != thumbnail.shape:
            return None
        motion = self._flow.between(previous, thumbnail)
        return None if self._cuts.is_cut(previous, thumbnail, motion) else motion
