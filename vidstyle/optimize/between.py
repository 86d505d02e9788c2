"""Frames between keyframes, where neither keyframe shows what they show."""

import cv2
import numpy as np

from vidstyle.frame import Mask, Picture, resize
from vidstyle.optimize.picture import PictureOptimizer, Stage, memory_errors
from vidstyle.optimize.scenes import Scene
from vidstyle.optimize.work import WorkFolder, file_name
from vidstyle.stylize.generator import ImageGenerator
from vidstyle.stylize.holes import FEATHER, closed, hole_boxes
from vidstyle.stylize.warp import blend

BETWEEN = "between"
STAGES = (Stage(1.0, 12),)


class Retoucher:
    """Fills the holes of a carried painting by a few steps of optimizing the whole frame.

    Nothing else is taken from that, and frames without holes stay as they are. What has been
    painted is kept in the work folder.
    """

    def __init__(
        self, optimizer: PictureOptimizer, work: WorkFolder, scene: Scene, seconds: float
    ) -> None:
        """Take what paints and keeps, and how long a frame may take."""
        self._optimizer, self._work, self._scene = optimizer, work, scene
        self._seconds = seconds

    def __call__(
        self, painting: Picture, original: Picture, unexplained: Mask, _: ImageGenerator
    ) -> Picture:
        """Do what `vidstyle.stylize.holes.repaint` does with a generator."""
        size_wh = (painting.width, painting.height)
        holes = closed(unexplained)
        if not hole_boxes(holes, *size_wh):
            return painting
        image = original.to_rgb()
        name = file_name(image, BETWEEN)
        filled = self._work.painting(self._scene, name)
        if filled is None:
            carried = painting.to_rgb().astype(np.float32) / np.float32(255)
            trust: Mask = resize(1 - holes, *size_wh)
            with memory_errors(image):
                filled = self._optimizer.paint(image, STAGES, self._seconds, [(carried, trust)])
            self._work.keep(self._scene, name, filled)
        share = np.asarray(cv2.blur(resize(holes, *size_wh), (FEATHER, FEATHER)), np.float32)
        return blend(painting, Picture.from_rgb(filled, painting.colour), share)
