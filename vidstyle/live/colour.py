"""Colours as programs that read cameras expect them."""

from vidstyle.frame import BT601, ColourSpace, Picture

CAMERA_COLOUR = ColourSpace(BT601)  # limited range; nobody asks a camera what it means


def as_cameras_do(picture: Picture) -> Picture:
    """Return the picture in BT.601, limited range; the picture itself where it is so already."""
    if picture.colour.full_range is False and _same_matrix(picture.colour.matrix):
        return picture
    return Picture.from_rgb(picture.to_rgb(), CAMERA_COLOUR)


def _same_matrix(matrix: int) -> bool:
    return matrix in (5, 6)  # BT.601 of 625 lines and of 525
