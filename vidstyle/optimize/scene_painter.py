"""Scene painter: keyframes from the work folder; frames between them, inpainted and polished."""

import time

import cv2
import numpy as np

from vidstyle.errors import SinkError
from vidstyle.frame import Mask, Picture, RGBImage, resize
from vidstyle.optimize.picture_optimizer import POLISHING, PictureOptimizer, Stage, memory_errors
from vidstyle.optimize.scene_detection import Scene
from vidstyle.optimize.scene_optimizer import POLISHED
from vidstyle.optimize.temporal_targets import own_target
from vidstyle.optimize.work_folder import WorkFolder, frame_name
from vidstyle.stylize.disocclusion import FEATHER, disoccluded_boxes, majority_filter
from vidstyle.stylize.keyframes import TrackedFrame
from vidstyle.stylize.warp import blend

BETWEEN = "between"
FILLING = (Stage(1.0, 12),)


class ScenePainter:
    """A `FramePainter` for one scene; its paintings are found by frame number.

    Disoccluded areas are filled by a few steps of optimizing the whole frame, of which nothing
    else is taken; then come fewer steps of all of it, held to what it is, which give it back the
    strokes that warping blurred. Finished frames are kept in the work folder.
    """

    def __init__(
        self, optimizer: PictureOptimizer, work: WorkFolder, scene: Scene, seconds: float
    ) -> None:
        """Prepare to paint.

        Args:
            optimizer: paints the frames between keyframes.
            work: has the optimized keyframes, and keeps the frames between.
            scene: whose first frame has number 0.
            seconds: that a frame between keyframes may take.
        """
        self._optimizer, self._work, self._scene = optimizer, work, scene
        self._seconds = seconds

    def paint(self, frame: TrackedFrame) -> Picture:
        """Return the optimized painting of a keyframe.

        Raises:
            SinkError: the work folder lacks it, or it is damaged.
        """
        painting = self._kept(frame, POLISHED)
        if painting is None:
            raise SinkError(f"{self._work.path} lacks a painting. Give the same command again.")
        return Picture.from_rgb(painting, frame.picture.color)

    def inpaint(self, painting: Picture, frame: TrackedFrame, occlusion_mask: Mask) -> Picture:
        """As for `FramePainter`; all of the frame is polished too.

        Raises:
            SinkError: the disk refused.
            StyleError: memory ran out.
        """
        kept = self._kept(frame, BETWEEN)
        if kept is None:
            image = frame.picture.to_rgb()
            with memory_errors(image):
                kept = self._painted(image, painting, majority_filter(occlusion_mask))
            self._work.keep(self._scene, frame_name(frame.number, BETWEEN), kept)
        return Picture.from_rgb(kept, painting.color)

    def _kept(self, frame: TrackedFrame, stage: str) -> RGBImage | None:
        size_wh = (frame.picture.width, frame.picture.height)
        return self._work.painting(self._scene, frame_name(frame.number, stage), size_wh)

    def blended(self, other: "ScenePainter", share: float) -> "ScenePainter":
        """Itself: a film keeps its style."""
        return self

    def _painted(self, image: RGBImage, painting: Picture, disoccluded: Mask) -> RGBImage:
        ends_s = time.monotonic() + self._seconds
        size_wh = (painting.width, painting.height)
        if disoccluded_boxes(disoccluded, *size_wh):
            confidence: Mask = resize(1 - disoccluded, *size_wh)
            targets = [(own_target(painting.to_rgb())[0], confidence)]
            filled = self._optimizer.paint(image, FILLING, self._seconds / 2, targets)
            share = cv2.blur(resize(disoccluded, *size_wh), (FEATHER, FEATHER))
            fresh = Picture.from_rgb(filled, painting.color)
            painting = blend(painting, fresh, np.asarray(share, np.float32))
        targets = [own_target(painting.to_rgb())]
        return self._optimizer.paint(image, POLISHING, ends_s - time.monotonic(), targets)
