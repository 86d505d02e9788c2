"""HEIF photos (HEIC, of iPhones and cameras): recognition, and decoding by the extra `heif`."""

import io
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vidstyle.errors import MissingExtraError, SourceError, reason
from vidstyle.extras import install_hint
from vidstyle.media.image_metadata import EXIF, ICC, XMP, Metadata

HEIF_SUFFIXES = (".heic", ".heif", ".hif")
BRANDS = {
    b"heic",
    b"heix",
    b"heim",
    b"heis",
    b"hevc",
    b"hevx",
    b"hevm",
    b"hevs",
}  # with HEVC inside
METADATA_KEYS = {"exif": EXIF, "xmp": XMP, "icc_profile": ICC}  # of pillow-heif


def is_heif(start: bytes) -> bool:
    """Whether the first bytes of a file are those of a HEIF photo with HEVC inside."""
    if start[4:8] != b"ftyp":
        return False
    brands = start[8 : min(int.from_bytes(start[:4]), 128)]
    return not BRANDS.isdisjoint(brands[at : at + 4] for at in range(0, len(brands), 4))


def decode_heif(encoded: bytes, name: str) -> tuple[NDArray[Any], Metadata]:
    """Decode a HEIF photo, upright.

    Args:
        encoded: content of the file.
        name: of the file, for error messages.

    Returns:
        HxWx3 RGB or HxWx4 RGBA, uint8, or uint16 in 0..65535 for photos of more than 8 bits; and
        the photo's metadata.

    Raises:
        MissingExtraError: pillow-heif is not installed.
        SourceError: the photo cannot be decoded.
    """
    try:
        import pillow_heif
    except ModuleNotFoundError as error:
        raise MissingExtraError(
            f"{name} is a HEIF photo, which needs the package pillow-heif. Install the extra: "
            f"{install_hint('heif')}."
        ) from error
    try:
        photo = pillow_heif.open_heif(io.BytesIO(encoded), convert_hdr_to_8bit=False)
        image = np.asarray(photo)
    except (ValueError, OSError, RuntimeError, EOFError, SyntaxError) as error:
        raise SourceError(f"{name} cannot be decoded: {reason(error)}.") from error
    if image.ndim == 2:  # gray
        image = np.dstack([image] * 3)
    return image, {
        kind: photo.info[key] for key, kind in METADATA_KEYS.items() if photo.info.get(key)
    }
