"""A painting from a picture file: what a style is when it is given as a picture."""

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from vidstyle.errors import StyleError
from vidstyle.frame import RGBImage
from vidstyle.media.image_file import read_photo

SMALLEST_SIDE = 64  # px; less has no strokes
LEAST_OPAQUE = 0.1  # share of the pixels that must be more paint than paper
PAPER = 255


def read_painting(file: Path) -> RGBImage:
    """Read a painting as HxWx3 uint8 RGB, the same for every command.

    Upright as the EXIF data say. Where the picture is transparent, it lies on white paper. Gray and
    CMYK pictures become RGB, 16 bits become 8. Animations are refused, since a style is one
    picture, and so are pictures with fewer than 64 pixels on the short side.

    Raises:
        SourceError: the file is missing, or not a picture.
        StyleError: it is too small, animated or transparent all over.
    """
    image = read_photo(file)
    height, width = image.shape[:2]
    if min(height, width) < SMALLEST_SIDE:
        raise StyleError(
            f"{file} is too small to show how it is painted: {width}x{height} px, "
            f"and the short side must have {SMALLEST_SIDE}."
        )
    encoded = np.fromfile(file, np.uint8)
    if _frames(encoded) > 1:
        raise StyleError(f"{file} is animated. Give one of its pictures as a file of its own.")
    opacity = _opacity(encoded, image)
    if opacity is None:
        return image
    if float((opacity > 0.5).mean()) < LEAST_OPAQUE:
        raise StyleError(f"{file} is transparent nearly everywhere. Give an opaque painting.")
    mixed = image * opacity[..., None] + PAPER * (1 - opacity[..., None])
    return np.asarray(mixed.round(), np.uint8)


def _frames(encoded: NDArray[np.uint8]) -> int:
    _, pictures = cv2.imdecodemulti(encoded, cv2.IMREAD_REDUCED_COLOR_8)
    return len(pictures)


def _opacity(encoded: NDArray[np.uint8], upright: RGBImage) -> NDArray[np.float32] | None:
    """HxW 0..1 on the grid of the upright picture, or None without transparency."""
    plain = cv2.imdecode(encoded, cv2.IMREAD_UNCHANGED)
    if plain is None or plain.ndim == 2 or plain.shape[2] < 4:
        return None
    depth = 65535 if plain.dtype == np.uint16 else 255
    as_stored = np.asarray(plain / np.float32(depth), np.float32)
    return _turned_like(as_stored, upright)[..., 3]


def _turned_like(as_stored: NDArray[np.float32], upright: RGBImage) -> NDArray[np.float32]:
    """A picture as it lies in its file (HxWx4 BGRA 0..1), turned the way an upright one is.

    OpenCV keeps either the transparency or the EXIF rotation: of the eight ways to turn and flip,
    the way that brings the colors together is the one.
    """
    if np.array_equal(_levels(as_stored), upright):
        return as_stored
    ways = [np.rot90(side, turns) for side in (as_stored, as_stored[:, ::-1]) for turns in range(4)]
    fitting = [way for way in ways if way.shape[:2] == upright.shape[:2]]
    return min(fitting, key=lambda way: float(np.abs(_levels(way) - upright.astype(int)).mean()))


def _levels(picture: NDArray[np.float32]) -> NDArray[np.int_]:
    return np.rint(picture[..., 2::-1] * 255).astype(int)
