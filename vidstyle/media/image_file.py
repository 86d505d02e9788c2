"""Image files: decoding to RGB arrays and encoding from them (JPEG, PNG, WebP, BMP, TIFF)."""

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from vidstyle.errors import SinkError, SourceError, reason
from vidstyle.frame import RGBImage
from vidstyle.media.atomic import write_whole
from vidstyle.media.result_mark import marked

PHOTO_SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff")
JPEG_QUALITY = 95


def read_photo(file: Path) -> RGBImage:
    """Read an image file as HxWx3 uint8 RGB, upright by its EXIF orientation, without alpha.

    Callable from any thread.

    Raises:
        SourceError: the file is missing, unreadable, empty, or not an image that OpenCV decodes.
    """
    if file.is_dir():
        raise SourceError(f"{file} is a folder, not a picture.")
    try:
        encoded = np.fromfile(file, np.uint8)  # unlike cv2.imread, for any file name
    except FileNotFoundError as error:
        raise SourceError(f"There is no file {file}.") from error
    except OSError as error:
        raise SourceError(f"{file} cannot be read: {reason(error)}.") from error
    return decode_photo(encoded, str(file))


def decode_photo(encoded: NDArray[np.uint8], name: str) -> RGBImage:
    """Decode the content of an image file to HxWx3 uint8 RGB, as `read_photo`.

    Args:
        encoded: content of the file, one-dimensional.
        name: of the file, for the error message.

    Raises:
        SourceError: the content is not an image that OpenCV decodes.
    """
    try:
        bgr = cv2.imdecode(encoded, cv2.IMREAD_COLOR) if encoded.size else None
    except cv2.error:  # as for an image too large for OpenCV
        bgr = None
    if bgr is None:
        kinds = ", ".join(PHOTO_SUFFIXES)
        raise SourceError(f"{name} is not a picture that can be read. Known kinds: {kinds}.")
    return np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), np.uint8)


def check_photo_name(file: Path) -> None:
    """Check before any work that an image can be written under a name.

    Raises:
        SinkError: the suffix is not in `PHOTO_SUFFIXES`.
    """
    if file.suffix.lower() not in PHOTO_SUFFIXES:
        kinds = ", ".join(PHOTO_SUFFIXES)
        raise SinkError(f'Cannot write "{file.name}" as a picture: the name must end in {kinds}.')


def write_photo(file: Path, image: RGBImage, jpeg_quality: int = JPEG_QUALITY) -> int:
    """Encode an image and write it atomically; callable from any thread.

    Args:
        file: its suffix decides the format; an existing one is replaced.
        image: HxWx3 uint8 RGB.
        jpeg_quality: 0..100.

    Returns:
        The file's size in bytes.

    Raises:
        SinkError: the suffix is unknown, or the file cannot be written; no partial file is left.
    """
    return _write(file, _encoded(file, image, jpeg_quality))


def write_result(file: Path, image: RGBImage, *, replace: bool = True) -> int:
    """Write an image as `write_photo`, with the mark by which results are recognized.

    Args:
        file: its suffix decides the format.
        image: HxWx3 uint8 RGB.
        replace: whether an existing file may be replaced.

    Returns:
        The file's size in bytes.

    Raises:
        SinkError: as for `write_photo`. Without `replace`, also if the name is taken; the image is
            kept under a free name.
    """
    return _write(file, marked(_encoded(file, image, JPEG_QUALITY)), replace=replace)


def _encoded(file: Path, image: RGBImage, jpeg_quality: int) -> bytes:
    check_photo_name(file)
    bgr = cv2.cvtColor(image, cv2.COLOR_RGB2BGR)
    jpeg = file.suffix.lower() in (".jpg", ".jpeg")
    quality = [cv2.IMWRITE_JPEG_QUALITY, jpeg_quality] if jpeg else []
    _, encoded = cv2.imencode(file.suffix, bgr, quality)
    return encoded.tobytes()


def _write(file: Path, content: bytes, *, replace: bool = True) -> int:
    try:
        write_whole(file, content, replace=replace)
    except OSError as error:
        raise SinkError(f"Cannot write {file}: {reason(error)}.") from error
    return len(content)
