"""Colors and their layout as programs that read cameras expect them."""

import numpy as np
from numpy.typing import NDArray

from vidstyle.frame import BT601, ColorSpace, Picture

CAMERA_COLOR = ColorSpace(BT601)  # limited range; nobody asks a camera what it means


def as_cameras_do(picture: Picture) -> Picture:
    """Return the picture in BT.601, limited range; the picture itself where it is so already."""
    if picture.color.full_range is False and _same_matrix(picture.color.matrix):
        return picture
    return Picture.from_rgb(picture.to_rgb(), CAMERA_COLOR)


def yuyv(picture: Picture) -> NDArray[np.uint8]:
    """Return an even picture as YUYV, in which each row has chroma of its own; HxWx2."""
    interleaved = np.empty((picture.height, picture.width, 2), np.uint8)
    interleaved[:, :, 0] = picture.y
    interleaved[:, 0::2, 1] = np.repeat(picture.u, 2, axis=0)
    interleaved[:, 1::2, 1] = np.repeat(picture.v, 2, axis=0)
    return interleaved


def _same_matrix(matrix: int) -> bool:
    return matrix in (5, 6)  # BT.601 of 625 lines and of 525
