"""Frames between keyframes: what no keyframe shows is painted, and all of it is polished."""

import time

import cv2
import numpy as np

from vidstyle.frame import Mask, Picture, RGBImage, resize
from vidstyle.optimize.picture_optimizer import POLISHING, PictureOptimizer, Stage, memory_errors
from vidstyle.optimize.scene_detection import Scene
from vidstyle.optimize.temporal_targets import said_of_itself
from vidstyle.optimize.work_folder import WorkFolder, file_name
from vidstyle.stylize.disocclusion import FEATHER, closed, disoccluded_boxes
from vidstyle.stylize.generator import ImageGenerator
from vidstyle.stylize.warp import blend

BETWEEN = "between"
FILLING = (Stage(1.0, 12),)


class Inpainter:
    """Fills the holes of a carried painting, and gives it back the strokes that carrying blurred.

    Holes are filled by a few steps of optimizing the whole frame, of which nothing else is taken;
    then come fewer steps of all of it, held to what it is. What has been painted is kept in the
    work folder.
    """

    def __init__(
        self, optimizer: PictureOptimizer, work: WorkFolder, scene: Scene, seconds: float
    ) -> None:
        """Take what paints and keeps, and how long a frame may take."""
        self._optimizer, self._work, self._scene = optimizer, work, scene
        self._seconds = seconds

    def __call__(
        self, painting: Picture, original: Picture, occlusion_mask: Mask, _: ImageGenerator
    ) -> Picture:
        """Do what `vidstyle.stylize.disocclusion.repaint` does with a generator, and more."""
        image = original.to_rgb()
        name = file_name(image, BETWEEN)
        kept = self._work.painting(self._scene, name)
        if kept is None:
            with memory_errors(image):
                kept = self._painted(image, painting, closed(occlusion_mask))
            self._work.keep(self._scene, name, kept)
        return Picture.from_rgb(kept, painting.color)

    def _painted(self, image: RGBImage, painting: Picture, holes: Mask) -> RGBImage:
        ends_s = time.monotonic() + self._seconds
        size_wh = (painting.width, painting.height)
        if disoccluded_boxes(holes, *size_wh):
            trust: Mask = resize(1 - holes, *size_wh)
            says = [(said_of_itself(painting.to_rgb())[0], trust)]
            filled = self._optimizer.paint(image, FILLING, self._seconds / 2, says)
            share = np.asarray(cv2.blur(resize(holes, *size_wh), (FEATHER, FEATHER)), np.float32)
            painting = blend(painting, Picture.from_rgb(filled, painting.color), share)
        says = [said_of_itself(painting.to_rgb())]
        return self._optimizer.paint(image, POLISHING, ends_s - time.monotonic(), says)
