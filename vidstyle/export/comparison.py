"""Comparison of an exported form with the generator that it was made from, on real pictures."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto

from vidstyle.assets import models_folder
from vidstyle.errors import StyleError
from vidstyle.frame import RGBImage
from vidstyle.graph.session import own_session
from vidstyle.media.image_file import read_photo
from vidstyle.metrics import structural_similarity

MIN_SIMILARITY = 0.95  # mean SSIM of int8; shipped styles have 0.965 to 0.995 on these pictures
MAX_ROUNDING = 1  # of 255; two forms in float32 round differently where a level lies between two
PICTURES = (
    "photos/portrait.jpg",
    "paintings/hokusai-great-wave.jpg",
    "paintings/seurat-grande-jatte.jpg",
    "paintings/van-gogh-wheat-field.jpg",
)

Paint = Callable[[RGBImage], RGBImage]  # HxWx3 uint8 RGB, to the same size


@dataclass(frozen=True, slots=True)
class Difference:
    """Difference between the pictures that two forms of a network paint."""

    mean: float  # absolute, of all values, in levels of 255
    largest: int  # of one value, in levels of 255
    similarity: float  # mean SSIM, 0..1

    def check(self, int8: bool) -> None:
        """Check that a form paints as its original does.

        Raises:
            StyleError: the mean SSIM of an int8 form is below 0.95, or a float32 form differs by
                more than rounding.
        """
        near = self.similarity >= MIN_SIMILARITY if int8 else self.largest <= MAX_ROUNDING
        if not near:  # NaN is not near
            cure = "Export it in float32." if int8 else "Give the style's float32 file, not int8."
            raise StyleError(
                f"The exported network paints pictures that differ by {self.largest} of 255 "
                f"levels, {self.mean:.2f} on average (SSIM {self.similarity:.3f}), from those of "
                f"the style. Nothing was written. {cure}",
                *([{"precision": "float32"}] if int8 else []),
            )


def compare(paint: Paint, original: Paint, pictures: list[RGBImage]) -> Difference:
    """Measure how much the paintings of two forms differ.

    Args:
        paint: of the exported form.
        original: of the generator that it was made from.
        pictures: HxWx3 uint8 RGB, of a size that both take; at least one.
    """
    pairs = [(paint(picture), original(picture)) for picture in pictures]
    levels = [np.abs(first.astype(np.int16) - second) for first, second in pairs]
    return Difference(
        mean=float(np.mean([each.mean() for each in levels])),
        largest=max(int(each.max()) for each in levels),
        similarity=float(
            np.mean([structural_similarity(first / 255, second / 255) for first, second in pairs])
        ),
    )


def real_pictures(width: int, height: int) -> list[RGBImage]:
    """A photo and paintings that ship with the package, filling a size, HxWx3 uint8 RGB."""
    return [_filling(models_folder() / name, width, height) for name in PICTURES]


def painter_of(model: ModelProto) -> Paint:
    """Painter that runs a generator in ONNX Runtime, in one thread and without a border.

    Args:
        model: from Nx3xHxW float32 RGB 0..1 or NxHxWx4 uint8 RGBA to the same.
    """
    session = own_session(model.SerializeToString(), threads=1)
    (given,) = session.get_inputs()

    def paint(image: RGBImage) -> RGBImage:
        if given.type == "tensor(uint8)":
            batch = np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2RGBA))[np.newaxis]
            return np.asarray(session.run(None, {given.name: batch})[0][0, ..., :3], np.uint8)
        planes = cv2.dnn.blobFromImage(image, 1 / 255)
        return as_levels(session.run(None, {given.name: planes})[0][0].transpose(1, 2, 0))

    return paint


def as_levels(painted: NDArray[np.floating[Any]]) -> RGBImage:
    """Values of 0..1 as levels of 255, rounded; values beyond are clipped."""
    return np.asarray(np.rint(painted.clip(0, 1) * 255), np.uint8)


def _filling(file: Path, width: int, height: int) -> RGBImage:
    """A picture scaled to fill a size, its middle cut out."""
    picture = read_photo(file)
    scale = max(width / picture.shape[1], height / picture.shape[0])
    sides = [
        max(least, round(scale * side))
        for least, side in ((width, picture.shape[1]), (height, picture.shape[0]))
    ]
    resized = cv2.resize(picture, sides, interpolation=cv2.INTER_AREA)
    left, top = (sides[0] - width) // 2, (sides[1] - height) // 2
    return np.ascontiguousarray(resized[top : top + height, left : left + width])
