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
    """Read a painting as HxWx3 uint8 RGB, upright; where it is transparent, paper is white.

    Gray and CMYK pictures become RGB.

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
    if _pictures(encoded) > 1:
        raise StyleError(f"{file} is animated. Give one of its pictures as a file of its own.")
    opacity = _opacity(encoded)
    if opacity is None:
        return image
    if opacity.shape != image.shape[:2]:  # turned by EXIF data
        raise StyleError(f"{file} is transparent and lies on its side. Save it without either.")
    if float((opacity > 0.5).mean()) < LEAST_OPAQUE:
        raise StyleError(f"{file} is transparent nearly everywhere. Give an opaque painting.")
    mixed = image * opacity[..., None] + PAPER * (1 - opacity[..., None])
    return np.asarray(mixed.round(), np.uint8)


def _pictures(encoded: NDArray[np.uint8]) -> int:
    _, pictures = cv2.imdecodemulti(encoded, cv2.IMREAD_REDUCED_COLOR_8)
    return len(pictures)


def _opacity(encoded: NDArray[np.uint8]) -> NDArray[np.float32] | None:
    """HxW 0..1, or None where the picture has no transparency."""
    plain = cv2.imdecode(encoded, cv2.IMREAD_UNCHANGED)
    if plain is None or plain.ndim == 2 or plain.shape[2] < 4:
        return None
    opaque = 65535 if plain.dtype == np.uint16 else 255
    return np.asarray(plain[..., 3] / np.float32(opaque), np.float32)
