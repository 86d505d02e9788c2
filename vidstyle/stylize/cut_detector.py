"""Cut detector: scene cuts between neighboring frames, after motion compensation."""

import cv2
import numpy as np

from vidstyle.frame import Plane
from vidstyle.stylize.flow import Motion
from vidstyle.stylize.sampling import sample_along

MIN_CHANGE = 9.0  # mean luma difference after motion compensation; camera shake stays under 5
MIN_RATIO = 3.0  # of that difference over its running average in the scene
MIN_OCCLUDED = 0.35  # share of the frame without a counterpart in the previous frame
AVERAGE_DECAY = 0.8  # weight of past frames in the running average


class CutDetector:
    """Streaming detector of hard cuts; keeps a running average, so feed it every frame in order.

    Adaptive threshold as in PySceneDetect (change of a frame against the average of its
    neighbors), but on the residual after motion compensation, so that a fast pan is no cut.
    """

    def __init__(self, average_change: float = 0.0) -> None:
        """Begin a stream, or go on with the `average_change` of an earlier detector."""
        self._average_change = average_change

    @property
    def average_change(self) -> float:
        """Running average of the change from frame to frame, in levels of luma."""
        return self._average_change

    def is_cut(self, previous: Plane, current: Plane, motion: Motion) -> bool:
        """Return whether `current` is the first frame of a new scene.

        Args:
            previous: HxW uint8 luma thumbnail of the previous frame.
            current: thumbnail of the frame, of the same size.
            motion: optical flow between the two, both ways.
        """
        expected = sample_along(previous, motion.to_previous.flow)
        change = float(np.mean(cv2.absdiff(expected, current)))
        occluded = 1 - float(np.mean(motion.to_previous.confidence))
        cut = (
            change > MIN_CHANGE
            and change > MIN_RATIO * self._average_change
            and occluded > MIN_OCCLUDED
        )
        self._average_change = (
            0.0 if cut else AVERAGE_DECAY * self._average_change + (1 - AVERAGE_DECAY) * change
        )
        return cut
