"""Pixel formats and color space of cameras: BT.601 limited range, I420 and YUYV."""

import numpy as np
from numpy.typing import NDArray

from vidstyle.frame import BT601, ColorSpace, Picture

CAMERA_COLOR = ColorSpace(BT601)  # limited range; programs assume it, as cameras do not tell


def to_camera_color(picture: Picture) -> Picture:
    """Convert to BT.601 limited range; returns the picture itself where it already is."""
    if picture.color.full_range is False and _is_bt601(picture.color.matrix):
        return picture
    return Picture.from_rgb(picture.to_rgb(), CAMERA_COLOR)


def to_yuyv(picture: Picture) -> NDArray[np.uint8]:
    """Pack a picture as YUYV (4:2:2), HxWx2 uint8; each chroma row serves two rows.

    Width and height must be even.
    """
    interleaved = np.empty((picture.height, picture.width, 2), np.uint8)
    interleaved[:, :, 0] = picture.y
    interleaved[:, 0::2, 1] = np.repeat(picture.u, 2, axis=0)
    interleaved[:, 1::2, 1] = np.repeat(picture.v, 2, axis=0)
    return interleaved


def _is_bt601(matrix: int) -> bool:
    return matrix in (5, 6)  # FFmpeg's numbers for BT.601 with 625 and 525 lines
