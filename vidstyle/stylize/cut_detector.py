"""Cut detector: scene cuts between neighboring frames, after motion compensation."""

import cv2
import numpy as np

from vidstyle.frame import Plane
from vidstyle.stylize.flow import Motion, follow, sample

LEAST_CHANGE = 9.0  # mean luma levels that motion does not explain; camera shake stays under 5
TIMES_USUAL = 3.0  # how far over the scene's own average
LEAST_OCCLUDED = 0.35  # share of the picture that has no counterpart in the frame before
MEMORY = 0.8  # weight of the past in the average


class CutDetector:
    """Finds hard cuts while frames stream by.

    The adaptive idea is PySceneDetect's (a frame's change against its neighbors' average), but
    what is compared is only what remains after motion compensation, so a fast pan is no cut.
    """

    def __init__(self) -> None:
        self._usual_change = 0.0

    def is_cut(self, previous: Plane, current: Plane, motion: Motion) -> bool:
        """Tell whether `current` starts a new scene. Takes two thumbnails and their motion."""
        expected = sample(previous, follow(motion.to_previous.flow))
        change = float(np.mean(cv2.absdiff(expected, current)))
        occluded = 1 - float(np.mean(motion.to_previous.confidence))
        cut = (
            change > LEAST_CHANGE
            and change > TIMES_USUAL * self._usual_change
            and occluded > LEAST_OCCLUDED
        )
        self._usual_change = 0.0 if cut else MEMORY * self._usual_change + (1 - MEMORY) * change
        return cut
