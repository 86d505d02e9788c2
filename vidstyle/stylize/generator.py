"""A picture in, a painted picture out: what a generator is, and one in ONNX Runtime."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import onnxruntime
from numpy.typing import NDArray

from vidstyle.errors import StyleError, reason
from vidstyle.frame import Picture, RGBImage, check_image
from vidstyle.stylize.exposure import Curve, with_curve

GRID = 4  # px; a generator takes sides that are multiples of this
BORDER = 48  # px mirrored around the picture: so far does zero padding reach
FATAL_ONLY = 4  # ONNX Runtime's log level; what it raises is translated below
FLOATS, BYTES = "float", "uint8"  # pixels, in ONNX Runtime's words
CHANNELS = {FLOATS: (1, 3), BYTES: (3, 4)}  # their axis, and how many

Batch = NDArray[np.float32] | NDArray[np.uint8]  # as the network takes or gives it


class ImageGenerator(ABC):
    """Whatever turns a picture into a painting: one network, a mixture of several, an optimizer."""

    remarks: Sequence[str] = ()  # what is to be said of the pictures painted so far
    normalizes_exposure = False  # whether it learned on evenly lit pictures: see `light`

    @abstractmethod
    def paint(self, image: RGBImage) -> RGBImage:
        """Stylize HxWx3 uint8 RGB of any size; may be called from several threads at once.

        Raises:
            StyleError: a network failed, for one because memory ran out.
            TypeError: the image is no array of uint8.
            ValueError: it has another shape.
        """

    def with_exposure(self, picture: Picture, curve: Curve) -> Picture:
        """The picture with normalized exposure, if the generator was trained so.

        Args:
            picture: at the working size, or a part of it.
            curve: of the whole picture, see `exposure_curve`.
        """
        return with_curve(picture, curve) if self.normalizes_exposure else picture

    def paint_picture(self, picture: Picture) -> Picture:
        """Stylize a picture, keeping its color space."""
        return Picture.from_rgb(self.paint(picture.to_rgb()), picture.color)


class OnnxGenerator(ImageGenerator):
    """A network from a picture to a picture of the same size, run on the CPU.

    Its input and output are both Nx3xHxW float32 RGB 0..1, or both NxHxWx4 uint8 RGBA. Metadata of
    `light: even` ask for evenly lit pictures.
    Each call of `paint` runs in its caller's thread, with `threads - 1` more.
    """

    def __init__(self, file: Path, threads: int = 1) -> None:
        """Load the network and try it on a small picture.

        Raises:
            StyleError: the file is missing, broken, or not image to image.
        """
        self._file = file
        if not file.is_file():
            raise StyleError(f"There is no file {file}. Give the path of an .onnx generator.")
        try:
            self._session = _session(file, threads)
        except Exception as error:  # ONNX Runtime's errors have no common base class
            raise _not_runnable(file, error) from error
        inputs = self._session.get_inputs()
        if not _is_one_picture(inputs):
            taken = " and ".join(f"{i.name} ({_kind(i)} {_shape(i.shape)})" for i in inputs)
            raise StyleError(
                f"{file} takes {taken or 'nothing'}. A generator takes one RGB picture, "
                "float Nx3xHxW or uint8 NxHxWx4."
            )
        self._input = inputs[0].name
        self._takes_bytes = _kind(inputs[0]) == BYTES
        self.normalizes_exposure = (
            self._session.get_modelmeta().custom_metadata_map.get("light") == "even"
        )
        blank = self._batch(np.zeros((64, 96, 3), np.uint8))
        try:
            result = self._run(blank)
        except Exception as error:
            raise _not_runnable(file, error) from error
        if result.shape != blank.shape:
            raise StyleError(
                f"{file} turns a picture of {_shape(blank.shape)} into {_shape(result.shape)}. "
                "A generator gives a picture of the same size."
            )
        if result.dtype != blank.dtype:
            raise StyleError(
                f"{file} turns {blank.dtype} into {result.dtype}. "
                "A generator gives the kind of picture that it takes."
            )

    def paint(self, image: RGBImage) -> RGBImage:
        check_image(image)
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
            return np.asarray(cv2.cvtColor(painted[rows, columns], cv2.COLOR_RGBA2RGB), np.uint8)
        inside = painted[:, rows, columns]
        planes = [cv2.convertScaleAbs(np.clip(plane, 0, 1), alpha=255) for plane in inside]
        return np.asarray(cv2.merge(planes), np.uint8)

    def _batch(self, image: RGBImage) -> Batch:
        if self._takes_bytes:
            return np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2RGBA), np.uint8)[np.newaxis]
        return np.asarray(cv2.dnn.blobFromImage(image, 1 / 255), np.float32)

    def _run(self, batch: Batch) -> Batch:
        return np.asarray(self._session.run(None, {self._input: batch})[0])


@cache
def _share_memory() -> None:
    """Let the networks of this process compute in the same memory, once for all.

    Else each keeps its own for as long as it is loaded: 129 MB after one picture of 480 lines.
    """
    kind, place = onnxruntime.OrtAllocatorType.ORT_ARENA_ALLOCATOR, onnxruntime.OrtMemType.DEFAULT
    memory = onnxruntime.OrtMemoryInfo("Cpu", kind, 0, place)
    onnxruntime.create_and_register_allocator(memory, None)


def _session(file: Path, threads: int) -> onnxruntime.InferenceSession:
    _share_memory()
    options = onnxruntime.SessionOptions()
    options.add_session_config_entry("session.use_env_allocators", "1")
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = FATAL_ONLY
    options.enable_mem_pattern = False  # picture sizes change, patches are smaller
    # A spinning pool takes the cores that decoder, warp and encoder need.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])


def _is_one_picture(inputs: Sequence[onnxruntime.NodeArg]) -> bool:
    if len(inputs) != 1 or _kind(inputs[0]) not in CHANNELS:
        return False
    shape, (axis, count) = inputs[0].shape, CHANNELS[_kind(inputs[0])]
    if not shape:  # the file does not say; trying will tell
        return True
    return len(shape) == 4 and (shape[axis] == count or not isinstance(shape[axis], int))


def _kind(taken: onnxruntime.NodeArg) -> str:
    return str(taken.type).removeprefix("tensor(").removesuffix(")")


def _not_runnable(file: Path, error: Exception) -> StyleError:
    return StyleError(f"{file} is not a generator that can be run: {reason(error)}")


def _shape(sides: Sequence[int | str | None]) -> str:
    return "x".join("?" if side is None else str(side) for side in sides)
