"""Scene painter: keyframes from the work folder, inbetween frames inpainted and polished."""

import time

import cv2
import numpy as np

from vidstyle.errors import SinkError
from vidstyle.frame import Mask, Picture, RGBImage, resize
from vidstyle.optimize.picture_optimizer import (
    POLISHING,
    SMOOTHING,
    PictureOptimizer,
    Stage,
    memory_errors,
)
from vidstyle.optimize.scene import Scene
from vidstyle.optimize.scene_optimizer import POLISHED
from vidstyle.optimize.temporal_targets import self_target
from vidstyle.optimize.work_folder import WorkFolder, frame_name
from vidstyle.stylize.chroma import with_own_chroma
from vidstyle.stylize.disocclusion import FEATHER, disoccluded_boxes, majority_filter
from vidstyle.stylize.finish import Finish
from vidstyle.stylize.keyframes import TrackedFrame
from vidstyle.stylize.smoothing import smoothed
from vidstyle.stylize.warp import blend

BETWEEN = "between"  # part of the file names of inbetween frames
FILLING = (Stage(1.0, 12),)  # for disoccluded areas


class ScenePainter:
    """`FramePainter` of one scene; its paintings are in the work folder by frame number.

    Disoccluded areas are filled by a few optimization steps on the whole frame, of which only these
    areas are used. Then the frame is polished: fewer steps with the frame itself as the temporal
    target restore the strokes that warping blurred. Finished frames are stored in the work folder.
    """

    def __init__(
        self, optimizer: PictureOptimizer, work: WorkFolder, scene: Scene, seconds: float
    ) -> None:
        """Make a painter.

        Args:
            optimizer: inpaints and polishes the frames between keyframes.
            work: work folder with the optimized keyframes; inbetween frames are added to it.
            scene: the scene; its first frame has number 0.
            seconds: time limit per inbetween frame.
        """
        self._optimizer, self._work, self._scene = optimizer, work, scene
        self._seconds = seconds

    @property
    def finish(self) -> Finish:
        return self._optimizer.finish

    def paint(self, frame: TrackedFrame) -> Picture:
        """Return the optimized painting of a keyframe, with its share of the frame's own chroma.

        Raises:
            SinkError: the painting is missing in the work folder, or damaged.
        """
        painting = self._kept(frame, POLISHED)
        if painting is None:
            raise SinkError(f"{self._work.path} lacks a painting. Give the same command again.")
        picture = _delivered(painting, frame)
        return with_own_chroma(picture, frame.picture, self._optimizer.own_chroma)

    def inpaint(self, painting: Picture, frame: TrackedFrame, occlusion_mask: Mask) -> Picture:
        """Inpaint as `FramePainter.inpaint`, and polish the whole frame.

        Raises:
            SinkError: a disk error, or the stored frame is damaged.
            StyleError: memory ran out.
        """
        kept = self._kept(frame, BETWEEN)
        if kept is None:
            image = frame.picture.to_rgb()
            with memory_errors(image):
                kept = self._painted(image, painting, majority_filter(occlusion_mask))
            self._work.keep(self._scene, frame_name(frame.number, BETWEEN), kept)
        return _delivered(kept, frame)

    def _kept(self, frame: TrackedFrame, stage: str) -> RGBImage | None:
        size_wh = (frame.picture.width, frame.picture.height)
        return self._work.painting(self._scene, frame_name(frame.number, stage), size_wh)

    def blended(self, other: "ScenePainter", share: float) -> "ScenePainter":
        """Return this painter: the style does not change within a film."""
        return self

    def _painted(self, image: RGBImage, painting: Picture, disoccluded: Mask) -> RGBImage:
        ends_s = time.monotonic() + self._seconds
        size_wh = (painting.width, painting.height)
        if disoccluded_boxes(disoccluded, *size_wh):
            confidence: Mask = resize(1 - disoccluded, *size_wh)
            targets = [(self_target(painting.to_rgb())[0], confidence)]
            filled = self._optimizer.paint(image, FILLING, self._seconds / 2, targets)
            share = cv2.blur(resize(disoccluded, *size_wh), (FEATHER, FEATHER))
            fresh = Picture.from_rgb(filled, painting.color, painting.unit)
            painting = blend(painting, fresh, np.asarray(share, np.float32))
        targets = [self_target(painting.to_rgb())]
        return self._optimizer.paint(image, POLISHING, ends_s - time.monotonic(), targets)


def _delivered(painting: RGBImage, frame: TrackedFrame) -> Picture:
    """A painting of the work folder in the frame's color space, with smoothed strokes."""
    picture = Picture.from_rgb(painting, frame.picture.color, frame.picture.unit)
    return smoothed(picture, frame.picture, SMOOTHING)
