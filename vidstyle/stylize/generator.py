"""One generator in ONNX Runtime: a picture in, a painted picture out."""

from pathlib import Path

import cv2
import numpy as np
import onnxruntime
from numpy.typing import NDArray

from vidstyle.errors import StyleError, reason
from vidstyle.frame import Picture, RGBImage

GRID = 4  # px; a generator takes sides that are multiples of this
BORDER = 40  # px mirrored around the picture: zero padding paints a frame as wide as that
FATAL_ONLY = 4  # ONNX Runtime's log level; what it raises is translated below

Batch = NDArray[np.float32] | NDArray[np.uint8]  # as the network takes or gives it


class OnnxGenerator:
    """A network from a picture to a picture of the same size, run on the CPU.

    Its input and output are both Nx3xHxW float32 RGB 0..1, or both NxHxWx3 uint8 RGB.
    `paint` may be called from several threads at once; each call then uses its own core.
    """

    def __init__(self, file: Path, threads: int = 1) -> None:
        """Load the network and try it on a small picture.

        Raises:
            StyleError: the file is missing, broken, or not image to image.
        """
        self._file = file
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = FATAL_ONLY
        options.enable_mem_pattern = False  # picture sizes change, patches are smaller
        # A spinning pool takes the cores that decoder, warp and encoder need.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        if not file.is_file():
            raise StyleError(f"There is no file {file}. Give the path of an .onnx generator.")
        try:
            self._session = onnxruntime.InferenceSession(
                file, options, providers=["CPUExecutionProvider"]
            )
            self._input = self._session.get_inputs()[0].name
            self._takes_bytes = self._session.get_inputs()[0].type == "tensor(uint8)"
            blank = self._batch(np.zeros((64, 96, 3), np.uint8))
            result = self._run(blank)
        except Exception as error:  # ONNX Runtime's errors have no common base class
            raise StyleError(
                f"{file} is not a generator that can be run: {reason(error)}"
            ) from error
        if result.shape != blank.shape:
            raise StyleError(
                f"{file} turns a picture of {_shape(blank)} into {_shape(result)}. "
                "A generator gives a picture of the same size."
            )
        if result.dtype != blank.dtype:
            raise StyleError(
                f"{file} turns {blank.dtype} into {result.dtype}. "
                "A generator gives the kind of picture that it takes."
            )

    def paint(self, image: RGBImage) -> RGBImage:
        """Stylize HxWx3 uint8 RGB of any size.

        Raises:
            StyleError: the network failed, for one because memory ran out.
        """
        height, width = image.shape[:2]
        below, right = (BORDER + -side % GRID for side in (height, width))
        how = cv2.BORDER_REFLECT_101 if min(height, width) > BORDER + GRID else cv2.BORDER_REPLICATE
        edges = (BORDER, below, BORDER, right)
        bordered = np.asarray(cv2.copyMakeBorder(image, *edges, how), np.uint8)
        try:
            painted = self._run(self._batch(bordered))[0]
        except Exception as error:
            raise StyleError(
                f"{self._file} failed on a picture of {width}x{height}: {reason(error)} "
                "A smaller --max-height needs less memory."
            ) from error
        rows, columns = slice(BORDER, BORDER + height), slice(BORDER, BORDER + width)
        if self._takes_bytes:
            return np.ascontiguousarray(painted[rows, columns], np.uint8)
        inside = painted[:, rows, columns]
        planes = [cv2.convertScaleAbs(np.clip(plane, 0, 1), alpha=255) for plane in inside]
        return np.asarray(cv2.merge(planes), np.uint8)

    def paint_picture(self, picture: Picture) -> Picture:
        """Stylize a picture, keeping its colour space."""
        return Picture.from_rgb(self.paint(picture.to_rgb()), picture.colour)

    def _batch(self, image: RGBImage) -> Batch:
        if self._takes_bytes:
            return image[np.newaxis]
        return np.asarray(cv2.dnn.blobFromImage(image, 1 / 255), np.float32)

    def _run(self, batch: Batch) -> Batch:
        return np.asarray(self._session.run(None, {self._input: batch})[0])


def _shape(batch: Batch) -> str:
    return "x".join(map(str, batch.shape))
