"""Image generators: the interface, and a style transfer network run by ONNX Runtime."""

import math
import threading
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any, cast

import cv2
import numpy as np
import onnxruntime
from numpy.typing import NDArray

from vidstyle.errors import StyleError, reason
from vidstyle.frame import Picture, Plane, RGBImage, check_image, chroma_size_wh
from vidstyle.options import (
    ABSTRACTION_LIMITS,
    CPU,
    FINISH_LIMITS,
    SMOOTHING_LIMITS,
    STROKE_LIMITS,
    STROKE_LINES,
)
from vidstyle.stylize.abstraction import abstracted
from vidstyle.stylize.chroma import with_own_chroma
from vidstyle.stylize.exposure import Curve, with_curve
from vidstyle.stylize.finish import Finish
from vidstyle.stylize.onnx_session import first_run, load_session, not_a_number, operators_on
from vidstyle.stylize.palette import PaletteMap
from vidstyle.stylize.providers import TABLE
from vidstyle.stylize.smoothing import smoothed

PAINTING_SCALES = (1.0, 1.5, 2.0)  # whole cells of the network in boxes of disoccluded areas
SMALLEST_SCALED = 240  # lines; thumbnails are painted as they are
GRID = 4  # px; the sides of a network's input are multiples of this
# Mirrored around the picture, in px: the reach of the network's zero padding, by size class.
BORDERS = {"17k": 24, "55k": 44, "220k": 56}
WIDEST_BORDER = max(BORDERS.values())  # also for other networks
FLOAT_PIXELS, BYTE_PIXELS = "float", "uint8"  # ONNX Runtime's names of the element types
CHANNEL_AXIS = {FLOAT_PIXELS: (1, 3), BYTE_PIXELS: (3, 4)}  # axis and number of channels

Batch = NDArray[np.float32] | NDArray[np.uint8]  # Nx3xHxW 0..1, or NxHxWx4 RGBA


class ImageGenerator(ABC):
    """Interface of a style: maps an image to a stylized image of the same size.

    Implemented by a single network, a mixture of networks, and an optimizer.
    """

    remarks: Sequence[str] = ()  # messages for the user on the images painted so far
    finish: Finish = Finish()  # of its paintings, where they are delivered
    stroke_lines: float = STROKE_LINES  # of a picture whose size suits the strokes best
    own_chroma: float = 0.0  # share of the picture's own chroma in its paintings, 0..1
    abstraction: float = 0.0  # of pictures before they are painted, see `abstraction.py`
    smoothing: float = 0.0  # of strokes along the contours, see `smoothing.py`
    normalizes_exposure = False  # True if trained on normalized exposure, see `exposure.py`

    @abstractmethod
    def paint(self, image: RGBImage) -> RGBImage:
        """Return the stylized image, of the same size.

        Called once per keyframe, and once per box of disoccluded area, from pool threads and the
        stylizer's thread, several at once.

        Args:
            image: HxWx3 uint8 RGB, any size.

        Raises:
            StyleError: a network failed, for example because memory ran out, or its output is not
                a number.
            TypeError: the image is not a uint8 array.
            ValueError: the image is not HxWx3, or has no pixels.
        """

    def with_exposure(self, picture: Picture, curve: Curve) -> Picture:
        """Return the picture with normalized exposure if the generator was trained on such.

        Args:
            picture: a picture at the working size, or a part of one.
            curve: exposure curve of the whole picture, see `exposure_curve`.
        """
        return with_curve(picture, curve) if self.normalizes_exposure else picture

    def painting_scale(self, picture: Picture) -> float:
        """Enlargement of a picture, one of `PAINTING_SCALES`, that brings its strokes to size."""
        lines = min(picture.width, picture.height)
        if lines < SMALLEST_SCALED:
            return 1.0
        wanted = self.stroke_lines / lines
        return min(PAINTING_SCALES, key=lambda scale: abs(math.log(scale / wanted)))

    def paint_picture(self, picture: Picture, scale: float = 1.0) -> Picture:
        """Return the stylized picture in the same color space and depth; raises as `paint`.

        Args:
            picture: of any size.
            scale: enlargement at which it is painted; the strokes are smaller by so much.
        """
        size_wh = (picture.width, picture.height)
        calm = abstracted(picture, self.abstraction, scale)
        large = calm.resized(*(round(scale * side) for side in size_wh))
        painting = Picture.from_rgb(self.paint(large.to_rgb()), picture.color, picture.unit)
        painting = smoothed(_reduced(painting, *size_wh), calm, self.smoothing, scale)
        return with_own_chroma(painting, picture, self.own_chroma) if self.own_chroma else painting


class OnnxGenerator(ImageGenerator):
    """Feed-forward style transfer network in an .onnx file, run by ONNX Runtime.

    Input and output are both Nx3xHxW float32 RGB 0..1, or both NxHxWx4 uint8 RGBA. The metadata
    entry `light: even` asks for input with normalized exposure; `own_chroma` (0..1), `abstraction`,
    `smoothing`, the fields of `Finish` and `stroke_lines` are numbers; `palette` is a `PaletteMap`
    of the output's colors; `size_class` gives the border, in px, that `paint` mirrors around a
    picture and cuts off again.
    `paint` computes in the calling thread and `threads - 1` more.
    """

    def __init__(
        self,
        file: Path,
        threads: int = 1,
        metadata: Mapping[str, str] | None = None,
        provider: str = CPU,
    ) -> None:
        """Load the network and run it once on a small image.

        Args:
            file: the .onnx file.
            threads: threads of one call of `paint`.
            metadata: entries that replace the file's.
            provider: execution provider, one of `PROVIDERS` without "auto".

        Raises:
            OptionError: the provider is missing, or does not run the network.
            StyleError: the file is missing, broken, or not a network from image to image; it has
                a loop or a branch, or needs too much time or memory; or the provider does not take
                its kind of pictures.
        """
        self._file = file
        if not file.is_file():
            raise StyleError(f"There is no file {file}. Give the path of an .onnx generator.")
        self.provider = provider
        if not TABLE[provider].takes_bytes:
            _check_takes_floats(file, provider)
        self._session = load_session(file, threads, provider)
        self._turn: AbstractContextManager[Any] = (
            nullcontext() if TABLE[provider].several_runs else threading.Lock()
        )
        inputs = self._session.get_inputs()
        if not _takes_one_image(inputs):
            argument = " and ".join(
                f"{i.name} ({_element_type(i)} {_shape(i.shape)})" for i in inputs
            )
            raise StyleError(
                f"{file} takes {argument or 'nothing'}. A generator takes one RGB picture, "
                "float Nx3xHxW or uint8 NxHxWx4."
            )
        fixed = _fixed_sides(inputs[0])
        if fixed:
            raise StyleError(
                f"{file} is not a generator that can be run: it takes batches of {fixed} only. "
                "Export it with a batch of 1 and with variable height and width."
            )
        self._input = inputs[0].name
        self._takes_bytes = _element_type(inputs[0]) == BYTE_PIXELS
        metadata = self._session.get_modelmeta().custom_metadata_map | dict(metadata or {})
        self.normalizes_exposure = metadata.get("light") == "even"
        self.own_chroma = _number(file, metadata, "own_chroma", 0.0, (0, 1))
        self.abstraction = _number(file, metadata, "abstraction", 0.0, ABSTRACTION_LIMITS)
        self.smoothing = _number(file, metadata, "smoothing", 0.0, SMOOTHING_LIMITS)
        self.stroke_lines = _number(file, metadata, "stroke_lines", STROKE_LINES, STROKE_LIMITS)
        self.finish = _finish(file, metadata)
        self.palette = _palette(file, metadata)
        self.border = BORDERS.get(metadata.get("size_class", ""), WIDEST_BORDER)
        blank = self._batch(np.zeros((64, 96, 3), np.uint8))
        result = np.asarray(first_run(file, self._session, {self._input: blank}, provider))
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

    @property
    def operators(self) -> tuple[int, int]:
        """Operators that the provider runs, and all of them; not known for the CPU's provider."""
        return operators_on(self._session, self.provider)

    def paint(self, image: RGBImage) -> RGBImage:
        check_image(image)
        height, width = image.shape[:2]
        border = self.border
        below, right = (border + -side % GRID for side in (height, width))
        border_type = (
            cv2.BORDER_REFLECT_101 if min(height, width) > border + GRID else cv2.BORDER_REPLICATE
        )
        edges = (border, below, border, right)
        bordered = np.asarray(cv2.copyMakeBorder(image, *edges, border_type), np.uint8)
        try:
            painted = self._run(self._batch(bordered))[0]
        except Exception as error:
            raise StyleError(
                f"{self._file} failed on a picture of {width}x{height}: {reason(error)} "
                "A smaller working size needs less memory.",
                {"max_height": ...},
            ) from error
        rows, columns = slice(border, border + height), slice(border, border + width)
        inside = painted[rows, columns] if self._takes_bytes else painted[:, rows, columns]
        if not (self._takes_bytes or np.isfinite(inside).all()):
            raise not_a_number(self._file, f"in its painting of a picture of {width}x{height}")
        result = _image(inside)
        return result if self.palette is None else self.palette.applied(result)

    def _batch(self, image: RGBImage) -> Batch:
        if self._takes_bytes:
            return np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2RGBA), np.uint8)[np.newaxis]
        return np.asarray(cv2.dnn.blobFromImage(image, 1 / 255), np.float32)

    def _run(self, batch: Batch) -> Batch:
        with self._turn:
            return np.asarray(self._session.run(None, {self._input: batch})[0])


def _reduced(picture: Picture, width: int, height: int) -> Picture:
    """Return a picture at a smaller size by area averages; at the same size, the picture."""
    if (picture.width, picture.height) == (width, height):
        return picture
    chroma_wh = chroma_size_wh(width, height)
    y, u, v = (
        cast(Plane, cv2.resize(plane, size_wh, interpolation=cv2.INTER_AREA))
        for plane, size_wh in zip(picture.planes, [(width, height)] + 2 * [chroma_wh], strict=True)
    )
    return Picture(y, u, v, picture.color)


def _check_takes_floats(file: Path, provider: str) -> None:
    """Check the element type of a network's input, which the provider itself fails on."""
    if any(_element_type(each) == BYTE_PIXELS for each in load_session(file, 1).get_inputs()):
        raise StyleError(
            f"{file.name} takes uint8 pictures, which {provider} refuses. Export the style in the "
            "mobile form with vidstyle export, or choose another provider.",
            {"provider": "cuda"},
        )


def _takes_one_image(inputs: Sequence[onnxruntime.NodeArg]) -> bool:
    if len(inputs) != 1 or _element_type(inputs[0]) not in CHANNEL_AXIS:
        return False
    shape, (axis, count) = inputs[0].shape, CHANNEL_AXIS[_element_type(inputs[0])]
    if not shape:  # not declared in the file; the trial run checks it
        return True
    return len(shape) == 4 and (shape[axis] == count or not isinstance(shape[axis], int))


def _fixed_sides(argument: onnxruntime.NodeArg) -> str:
    """Shape of an input that takes one size only, or batches of several; else an empty string."""
    axis, _ = CHANNEL_AXIS[_element_type(argument)]
    sides = [side for place, side in enumerate(argument.shape) if place not in (0, axis)]
    several = argument.shape and argument.shape[0] not in (1, -1)
    fixed = [*sides, *([argument.shape[0]] if several else [])]
    return _shape(argument.shape) if any(isinstance(side, int) for side in fixed) else ""


def _element_type(argument: onnxruntime.NodeArg) -> str:
    return str(argument.type).removeprefix("tensor(").removesuffix(")")


def _shape(sides: Sequence[int | str | None]) -> str:
    return "x".join("?" if side is None else str(side) for side in sides)


def _image(painted: Batch) -> RGBImage:
    """HxWx3 uint8 RGB of one output: HxWx4 uint8 RGBA, or 3xHxW float32 RGB 0..1."""
    if painted.dtype == np.uint8:
        return np.asarray(cv2.cvtColor(painted, cv2.COLOR_RGBA2RGB), np.uint8)
    planes = [cv2.convertScaleAbs(np.clip(plane, 0, 1), alpha=255) for plane in painted]
    return np.asarray(cv2.merge(planes), np.uint8)


def _palette(file: Path, metadata: Mapping[str, str]) -> PaletteMap | None:
    """The palette map in a file's metadata; None without one."""
    text = metadata.get("palette")
    try:
        return None if text is None else PaletteMap.parse(text)
    except ValueError as error:
        raise StyleError(f'{file} has the metadata palette "{text}", {error}.') from error


def _finish(file: Path, metadata: Mapping[str, str]) -> Finish:
    """The finish in a file's metadata; what it does not name keeps its default."""
    usual = Finish()
    return Finish(
        **{
            name: _number(file, metadata, name, getattr(usual, name), limits)
            for name, limits in FINISH_LIMITS.items()
        }
    )


def _number(
    file: Path, metadata: Mapping[str, str], name: str, default: float, limits: tuple[float, float]
) -> float:
    """A metadata entry that is a number within limits; `default` where there is none."""
    word, (lowest, highest) = metadata.get(name), limits
    if word is None:
        return default
    try:
        value = float(word)
    except ValueError:
        value = math.nan
    if not lowest <= value <= highest:
        raise StyleError(
            f'{file} has the metadata {name} "{word[:40]}", not a number {lowest:g}..{highest:g}.'
        )
    return value
