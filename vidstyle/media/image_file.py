"""Image files: decoding to RGB arrays and encoding from them (JPEG, PNG, WebP, BMP, TIFF).

HEIF photos are decoded, too, with the extra `heif`.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from vidstyle.errors import SinkError, SourceError, reason
from vidstyle.frame import Bytes, RGBImage, over_white
from vidstyle.media.animation import is_animated
from vidstyle.media.atomic import write_whole
from vidstyle.media.hdr_image import decode_hdr, hdr_transfer, sdr_image
from vidstyle.media.heif import HEIF_SUFFIXES, decode_heif, is_heif
from vidstyle.media.image_header import (
    MAX_PIXELS,
    PNG_SIGNATURE,
    START_BYTES,
    image_size_wh,
    is_cut_off,
)
from vidstyle.media.image_metadata import (
    MAX_JPEG_BYTES,
    NO_METADATA,
    Metadata,
    fitted_metadata,
    read_metadata,
)
from vidstyle.media.info import HDR_TRANSFERS
from vidstyle.media.result_mark import marked

JPEG_SUFFIXES = (".jpg", ".jpeg", ".jpe", ".jfif")
PHOTO_SUFFIXES = (*JPEG_SUFFIXES, ".png", ".webp", ".bmp", ".tif", ".tiff")
READABLE_SUFFIXES = (
    *PHOTO_SUFFIXES, *HEIF_SUFFIXES, ".avif", ".jp2", ".dib", ".pbm", ".pgm", ".ppm", ".pnm"
)  # fmt: skip
JPEG_QUALITY = 95
MAX_FILE_BYTES = 2**31  # an uncompressed image of `MAX_PIXELS`
MAX_SIDES = dict.fromkeys(JPEG_SUFFIXES, 65500) | {".webp": 16383}  # px, of the formats
ALPHA_SUFFIXES = (".png", ".webp", ".tif", ".tiff")  # of formats written with an alpha channel
OPAQUE = (b"\xff\xd8", b"BM", b"P")  # starts of JPEG, BMP and Netpbm; BMP has unused fourth bytes


@dataclass(frozen=True, slots=True, eq=False)
class Photo:
    """Decoded image file, upright by its EXIF orientation."""

    image: RGBImage  # HxWx3 uint8, with the colors that lie under transparent pixels
    alpha: Bytes | None = None  # HxW uint8; None where every pixel is opaque
    metadata: Metadata = field(default_factory=dict)
    animated: bool = False  # more pictures follow in the file
    hdr: str | None = None  # "PQ" or "HLG" of the file; the image is in SDR

    def over_white(self) -> RGBImage:
        """HxWx3 uint8 RGB, composited over white."""
        return self.image if self.alpha is None else over_white(self.image, self.alpha)


def read_photo(file: Path) -> RGBImage:
    """Read an image file as HxWx3 uint8 RGB, upright, over white; raises as `open_photo`."""
    return open_photo(file).over_white()


def open_photo(file: Path) -> Photo:
    """Read and decode an image file; callable from any thread.

    Raises:
        SourceError: the file is missing, unreadable, empty, too large, or not an image that OpenCV
            decodes.
        MissingExtraError: it is a HEIF photo, and the extra `heif` is not installed.
    """
    if file.is_dir():
        raise SourceError(f"{file} is a folder, not a picture.")
    if file.is_char_device() or file.is_block_device():
        raise SourceError(f"{file} is a device, not a picture.")
    try:
        if file.stat().st_size > MAX_FILE_BYTES:
            raise SourceError(f"{file} is no picture: it has {file.stat().st_size / 1e9:.0f} GB.")
        # Read here, because cv2.imread does not open every file name.
        encoded = np.frombuffer(file.read_bytes(), np.uint8)
    except FileNotFoundError as error:
        raise SourceError(f"There is no file {file}.") from error
    except OSError as error:
        raise SourceError(f"{file} cannot be read: {reason(error)}.") from error
    return decode_photo(encoded, str(file))


def decode_photo(encoded: NDArray[np.uint8], name: str) -> Photo:
    """Decode the content of an image file.

    Args:
        encoded: content of the file, one-dimensional.
        name: of the file, for the error message.

    Raises:
        SourceError: the content is not an image that OpenCV decodes, or one of more than
            `MAX_PIXELS`.
        MissingExtraError: it is a HEIF photo, and the extra `heif` is not installed.
    """
    width, height = image_size_wh(encoded.data) or (0, 0)
    if width * height > MAX_PIXELS:
        raise SourceError(
            f"{name} has {width}x{height} px, over the limit of {MAX_PIXELS // 10**6} megapixels. "
            "Reduce it first."
        )
    if is_heif(encoded[:START_BYTES].tobytes()):
        return _heif_photo(encoded, name)
    try:
        decodable = encoded.size and not is_cut_off(encoded.data)
        decoded = cv2.imdecodeWithMetadata(encoded, cv2.IMREAD_COLOR) if decodable else [None]
        bgr, *metadata = decoded
    except cv2.error as error:  # as for an image too large for OpenCV
        if error.code == cv2.Error.StsNoMem:
            raise MemoryError(f"for the picture {name}") from error
        bgr = None
    if bgr is None:
        kinds = ", ".join(READABLE_SUFFIXES)
        raise SourceError(f"{name} is not a picture that can be read. Known kinds: {kinds}.")
    image = np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), np.uint8)
    transfer = hdr_transfer(encoded)
    if transfer is not None:
        deep = decode_hdr(encoded, transfer)
        image = image if deep is None else deep
    alpha = _alpha(encoded, image) if _may_be_transparent(encoded) else None
    hdr = HDR_TRANSFERS.get(transfer or 0)
    return Photo(image, alpha, read_metadata(*metadata), is_animated(encoded), hdr)


def _heif_photo(encoded: NDArray[np.uint8], name: str) -> Photo:
    image, metadata = decode_heif(encoded.tobytes(), name)
    transfer = hdr_transfer(encoded)
    if transfer is not None and image.dtype == np.uint16:
        return Photo(
            sdr_image(image[..., :3], transfer), None, metadata, hdr=HDR_TRANSFERS[transfer]
        )
    if image.dtype == np.uint16:
        image = cv2.convertScaleAbs(image, alpha=1 / 257)
    alpha = np.asarray(image[..., 3], np.uint8) if image.shape[2] == 4 else None
    if alpha is not None and alpha.min() == 255:
        alpha = None
    return Photo(np.ascontiguousarray(image[..., :3], np.uint8), alpha, metadata)


def _may_be_transparent(encoded: NDArray[np.uint8]) -> bool:
    start = encoded[:START_BYTES].tobytes()
    if start.startswith(PNG_SIGNATURE):
        return start[25] in (4, 6) or b"tRNS" in start  # color types with alpha
    return not start.startswith(OPAQUE)


def _alpha(encoded: NDArray[np.uint8], upright: RGBImage) -> Bytes | None:
    """Alpha channel, rotated like the upright image; None without one, or if it is opaque."""
    stored = cv2.imdecode(encoded, cv2.IMREAD_UNCHANGED)
    if stored is None or stored.ndim == 2 or stored.shape[2] < 4:
        return None
    if stored.dtype == np.uint16:
        stored = stored // 257
    if stored[..., 3].min() == 255:
        return None
    return np.asarray(_oriented_like(stored, upright)[..., 3], np.uint8)


def _oriented_like(stored: NDArray[Any], upright: RGBImage) -> NDArray[Any]:
    """Apply to an image as stored, HxWx4 BGRA, the EXIF orientation of the upright one.

    OpenCV returns either the alpha channel or the EXIF orientation: of the eight orientations, the
    one with the smallest difference of colors is taken.
    """
    if np.array_equal(stored[..., 2::-1], upright):
        return stored
    sides = (stored, stored[:, ::-1])
    oriented = [np.rot90(side, turns) for side in sides for turns in range(4)]
    fitting = [each for each in oriented if each.shape[:2] == upright.shape[:2]]
    return min(fitting, key=lambda each: _difference(each[..., 2::-1], upright))


def _difference(image: NDArray[Any], other: NDArray[Any]) -> float:
    return float(np.abs(image.astype(np.int16) - other).mean())


def result_suffix(suffix: str) -> str:
    """Suffix for the result of an input with this suffix: the same if it can be written.

    Else it is that of JPEG for HEIF, and of PNG for other kinds.
    """
    if suffix.lower() in HEIF_SUFFIXES:
        return ".jpg"
    return suffix if suffix.lower() in PHOTO_SUFFIXES else ".png"


def stores_alpha(file: Path) -> bool:
    """Whether the format of a file name holds an alpha channel."""
    return file.suffix.lower() in ALPHA_SUFFIXES


def check_photo_name(file: Path) -> None:
    """Check before any work that an image can be written under a name.

    Raises:
        SinkError: the suffix is not in `PHOTO_SUFFIXES`.
    """
    if file.suffix.lower() not in PHOTO_SUFFIXES:
        kinds = ", ".join(PHOTO_SUFFIXES)
        raise SinkError(f'Cannot write "{file.name}" as a picture: the name must end in {kinds}.')


def check_photo_size(file: Path, width: int, height: int) -> None:
    """Check before any work that an image of a size in pixels fits into the format of a name.

    Raises:
        SinkError: a side is longer than the format allows.
    """
    most = MAX_SIDES.get(file.suffix.lower())
    if most is not None and max(width, height) > most:
        raise SinkError(
            f"Cannot write {file}: {width}x{height} px, and {file.suffix} holds {most} at most. "
            "Choose a name in .png.",
            {"output": ...},
        )


def write_photo(file: Path, image: RGBImage, jpeg_quality: int = JPEG_QUALITY) -> int:
    """Encode an image and write it atomically; callable from any thread.

    Args:
        file: its suffix decides the format; an existing one is replaced.
        image: HxWx3 uint8 RGB, or HxWx4 for `ALPHA_SUFFIXES`.
        jpeg_quality: 0..100.

    Returns:
        The file's size in bytes.

    Raises:
        SinkError: the suffix is unknown, the image is too large for the format, or the file
            cannot be written; no partial file is left.
    """
    return _write(file, _encoded(file, image, jpeg_quality))


def write_result(
    file: Path, image: RGBImage, metadata: Metadata = NO_METADATA, *, replace: bool = True
) -> int:
    """Write an image as `write_photo`, with the mark by which results are recognized.

    Args:
        file: its suffix decides the format.
        image: HxWx3 uint8 RGB, or HxWx4 for `ALPHA_SUFFIXES`.
        metadata: of the original; the entries in `storable_metadata` are written.
        replace: whether an existing file may be replaced.

    Returns:
        The file's size in bytes.

    Raises:
        SinkError: as for `write_photo`. Without `replace`, also if the name is taken; the image is
            kept under a free name.
    """
    return _write(file, encode_result(file, image, metadata), replace=replace)


def encode_result(
    file: Path,
    image: RGBImage,
    metadata: Metadata = NO_METADATA,
    jpeg_quality: int = JPEG_QUALITY,
) -> bytes:
    """Return the content that `write_result` writes; callable from any thread.

    Raises:
        SinkError: the suffix is unknown, or the image is too large for the format.
    """
    return marked(_encoded(file, image, jpeg_quality, metadata))


def storable_metadata(file: Path, metadata: Metadata) -> Metadata:
    """The entries of metadata that the format of a file name holds."""
    suffix = file.suffix.lower()
    if suffix in JPEG_SUFFIXES:
        return {k: content for k, content in metadata.items() if len(content) <= MAX_JPEG_BYTES}
    return metadata if suffix in (".png", ".webp") else NO_METADATA


def _encoded(
    file: Path, image: RGBImage, jpeg_quality: int, metadata: Metadata = NO_METADATA
) -> bytes:
    check_photo_name(file)
    check_photo_size(file, image.shape[1], image.shape[0])
    transparent = image.shape[2] == 4
    bgr = cv2.cvtColor(image, cv2.COLOR_RGBA2BGRA if transparent else cv2.COLOR_RGB2BGR)
    suffix = file.suffix.lower()
    jpeg = suffix in JPEG_SUFFIXES
    quality = [cv2.IMWRITE_JPEG_QUALITY, jpeg_quality] if jpeg else []
    height, width = image.shape[:2]
    stored = storable_metadata(file, fitted_metadata(metadata, width, height))
    contents = [np.frombuffer(content, np.uint8) for content in stored.values()]
    _, encoded = cv2.imencodeWithMetadata(
        ".jpg" if jpeg else suffix, bgr, list(stored), contents, quality
    )
    return encoded.tobytes()


def _write(file: Path, content: bytes, *, replace: bool = True) -> int:
    try:
        write_whole(file, content, replace=replace)
    except OSError as error:
        raise SinkError(f"Cannot write {file}: {reason(error)}.") from error
    return len(content)
