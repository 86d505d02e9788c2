"""Style image: the painting of a style, read from a picture file and checked."""

from pathlib import Path

from vidstyle.errors import StyleError
from vidstyle.frame import RGBImage
from vidstyle.media.image_file import open_photo

MIN_SIDE = 64  # px; smaller pictures show no strokes
MIN_OPAQUE_SHARE = 0.1  # of the pixels, with an opacity over 0.5


def read_painting(file: Path) -> RGBImage:
    """Read a painting as HxWx3 uint8 RGB, upright by its EXIF orientation.

    Transparent pictures are composited over white. Gray and CMYK pictures become RGB, 16 bits
    become 8. Callable from any thread.

    Raises:
        SourceError: the file is missing, unreadable or not a picture.
        StyleError: it has fewer than 64 pixels on the short side, is animated, or is transparent
            nearly everywhere.
    """
    photo = open_photo(file)
    height, width = photo.image.shape[:2]
    if min(height, width) < MIN_SIDE:
        raise StyleError(
            f"{file} is too small to show how it is painted: {width}x{height} px, "
            f"and the short side must have {MIN_SIDE}."
        )
    if photo.animated:
        raise StyleError(f"{file} is animated. Give one of its pictures as a file of its own.")
    if photo.alpha is not None and float((photo.alpha > 127).mean()) < MIN_OPAQUE_SHARE:
        raise StyleError(f"{file} is transparent nearly everywhere. Give an opaque painting.")
    return photo.over_white()
