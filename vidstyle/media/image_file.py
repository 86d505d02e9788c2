"""Single pictures from files and into files."""

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from vidstyle.errors import SinkError, SourceError, reason
from vidstyle.frame import RGBImage
from vidstyle.media.atomic import write_whole

PHOTO_SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff")
JPEG_QUALITY = 95


def read_photo(file: Path) -> RGBImage:
    """Read a picture as HxWx3 uint8 RGB, upright as its EXIF data say; transparency is dropped.

    Raises:
        SourceError: it is missing, empty or not a picture.
    """
    if file.is_dir():
        raise SourceError(f"{file} is a folder, not a picture.")
    try:
        encoded = np.fromfile(file, np.uint8)  # unlike cv2.imread, takes any file name
    except FileNotFoundError as error:
        raise SourceError(f"There is no file {file}.") from error
    except OSError as error:
        raise SourceError(f"{file} cannot be read: {reason(error)}.") from error
    return decode_photo(encoded, str(file))


def decode_photo(encoded: NDArray[np.uint8], name: str) -> RGBImage:
    """Decode a picture file's bytes as `read_photo` does; `name` is for the message.

    Raises:
        SourceError: they are not a picture.
    """
    try:
        bgr = cv2.imdecode(encoded, cv2.IMREAD_COLOR) if encoded.size else None
    except cv2.error:  # a picture too large for OpenCV, for one
        bgr = None
    if bgr is None:
        kinds = ", ".join(PHOTO_SUFFIXES)
        raise SourceError(f"{name} is not a picture that can be read. Known kinds: {kinds}.")
    return np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), np.uint8)


def check_photo_name(file: Path) -> None:
    """Find out before any work whether a picture can have this name.

    Raises:
        SinkError: the suffix is no picture's.
    """
    if file.suffix.lower() not in PHOTO_SUFFIXES:
        kinds = ", ".join(PHOTO_SUFFIXES)
        raise SinkError(f'Cannot write "{file.name}" as a picture: the name must end in {kinds}.')


def write_photo(
    file: Path, image: RGBImage, jpeg_quality: int = JPEG_QUALITY, *, replace: bool = True
) -> int:
    """Write HxWx3 uint8 RGB in the format of the suffix; return the size in bytes.

    Raises:
        SinkError: the suffix is no picture's, or the disk refused; nothing is left behind.
            Without `replace`, also where the name is taken; the picture is kept under a free one.
    """
    check_photo_name(file)
    bgr = cv2.cvtColor(image, cv2.COLOR_RGB2BGR)
    jpeg = file.suffix.lower() in (".jpg", ".jpeg")
    quality = [cv2.IMWRITE_JPEG_QUALITY, jpeg_quality] if jpeg else []
    _, encoded = cv2.imencode(file.suffix, bgr, quality)
    try:
        write_whole(file, encoded.tobytes(), replace=replace)
    except OSError as error:
        raise SinkError(f"Cannot write {file}: {reason(error)}.") from error
    return int(encoded.size)
