"""Style image: the painting of a style, read from a picture file and checked."""

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from vidstyle.errors import StyleError
from vidstyle.frame import RGBImage
from vidstyle.media.image_file import read_photo

MIN_SIDE = 64  # px; smaller pictures show no strokes
MIN_OPAQUE_SHARE = 0.1  # of the pixels, with an opacity over 0.5
BACKGROUND = 255  # white, behind transparent pixels


def read_painting(file: Path) -> RGBImage:
    """Read a painting as HxWx3 uint8 RGB, upright by its EXIF orientation.

    Transparent pictures are composited over white. Gray and CMYK pictures become RGB, 16 bits
    become 8. Callable from any thread.

    Raises:
        SourceError: the file is missing, unreadable or not a picture.
        StyleError: it has fewer than 64 pixels on the short side, is animated, or is transparent
            nearly everywhere.
    """
    image = read_photo(file)
    height, width = image.shape[:2]
    if min(height, width) < MIN_SIDE:
        raise StyleError(
            f"{file} is too small to show how it is painted: {width}x{height} px, "
            f"and the short side must have {MIN_SIDE}."
        )
    encoded = np.fromfile(file, np.uint8)
    if _frame_count(encoded) > 1:
        raise StyleError(f"{file} is animated. Give one of its pictures as a file of its own.")
    opacity = _opacity(encoded, image)
    if opacity is None:
        return image
    if float((opacity > 0.5).mean()) < MIN_OPAQUE_SHARE:
        raise StyleError(f"{file} is transparent nearly everywhere. Give an opaque painting.")
    mixed = image * opacity[..., None] + BACKGROUND * (1 - opacity[..., None])
    return np.asarray(mixed.round(), np.uint8)


def _frame_count(encoded: NDArray[np.uint8]) -> int:
    _, pictures = cv2.imdecodemulti(encoded, cv2.IMREAD_REDUCED_COLOR_8)
    return len(pictures)


def _opacity(encoded: NDArray[np.uint8], upright: RGBImage) -> NDArray[np.float32] | None:
    """Alpha channel, HxW float32 0..1, rotated like the upright picture; None without one."""
    plain = cv2.imdecode(encoded, cv2.IMREAD_UNCHANGED)
    if plain is None or plain.ndim == 2 or plain.shape[2] < 4:
        return None
    depth = 65535 if plain.dtype == np.uint16 else 255
    as_stored = np.asarray(plain / np.float32(depth), np.float32)
    return _oriented_like(as_stored, upright)[..., 3]


def _oriented_like(as_stored: NDArray[np.float32], upright: RGBImage) -> NDArray[np.float32]:
    """Apply to a picture as stored (HxWx4 BGRA 0..1) the EXIF orientation of the upright one.

    OpenCV returns either the alpha channel or the EXIF orientation: of the eight orientations, the
    one with the smallest difference of colors is taken.
    """
    if np.array_equal(_levels(as_stored), upright):
        return as_stored
    sides = (as_stored, as_stored[:, ::-1])
    oriented = [np.rot90(side, turns) for side in sides for turns in range(4)]
    fitting = [each for each in oriented if each.shape[:2] == upright.shape[:2]]
    return min(fitting, key=lambda each: float(np.abs(_levels(each) - upright.astype(int)).mean()))


def _levels(picture: NDArray[np.float32]) -> NDArray[np.int_]:
    """HxWx3 RGB in 0..255, of HxWx4 BGRA in 0..1."""
    return np.rint(picture[..., 2::-1] * 255).astype(int)
