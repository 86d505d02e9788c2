"""One generator in ONNX Runtime: a picture in, a painted picture out."""

from pathlib import Path

import cv2
import numpy as np
import onnxruntime
from numpy.typing import NDArray

from vidstyle.errors import StyleError
from vidstyle.frame import Picture, RGBImage

GRID = 4  # px; a generator takes sides that are multiples of this
BORDER = 40  # px mirrored around the picture: zero padding paints a frame as wide as that
FATAL_ONLY = 4  # ONNX Runtime's log level; what it raises is translated below


class OnnxGenerator:
    """A network from Nx3xHxW float32 RGB 0..1 to the same, run on the CPU.

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
            result = self._run(np.zeros((1, 3, 64, 96), np.float32))
        except Exception as error:  # ONNX Runtime's errors have no common base class
            raise StyleError(
                f"{file} is not a generator that can be run: {_first_line(error)}"
            ) from error
        if result.shape != (1, 3, 64, 96):
            raise StyleError(
                f"{file} turns a picture of 1x3x64x96 into {'x'.join(map(str, result.shape))}. "
                "A generator gives a picture of the same size."
            )

    def paint(self, image: RGBImage) -> RGBImage:
        """Stylize HxWx3 uint8 RGB of any size.

        Raises:
            StyleError: the network failed, for one because memory ran out.
        """
        height, width = image.shape[:2]
        below, right = (BORDER + -side % GRID for side in (height, width))
        how = cv2.BORDER_REFLECT_101 if min(height, width) > BORDER + GRID else cv2.BORDER_REPLICATE
        bordered = cv2.copyMakeBorder(image, BORDER, below, BORDER, right, how)
        batch = np.asarray(cv2.dnn.blobFromImage(bordered, 1 / 255), np.float32)
        try:
            painted = self._run(batch)[0]
        except Exception as error:
            raise StyleError(
                f"{self._file} failed on a picture of {width}x{height}: {_first_line(error)} "
                "A smaller --max-height needs less memory."
            ) from error
        inside = painted[:, BORDER : BORDER + height, BORDER : BORDER + width]
        planes = [cv2.convertScaleAbs(np.clip(plane, 0, 1), alpha=255) for plane in inside]
        return np.asarray(cv2.merge(planes), np.uint8)

    def paint_picture(self, picture: Picture) -> Picture:
        """Stylize a picture, keeping its colour space."""
        return Picture.from_rgb(self.paint(picture.to_rgb()), picture.colour)

    def _run(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.asarray(self._session.run(None, {self._input: batch})[0])


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
