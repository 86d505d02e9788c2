"""Image metadata: EXIF, XMP and ICC profile of a photo, fitted to its upright RGB result."""

import re
import struct
from collections.abc import Mapping, Sequence
from typing import Any, Final

import cv2
import numpy as np

Metadata = Mapping[int, bytes]  # content by OpenCV's number of the kind
NO_METADATA: Final[Metadata] = {}
EXIF, XMP, ICC = (
    cv2.IMAGE_METADATA_EXIF, cv2.IMAGE_METADATA_XMP, cv2.IMAGE_METADATA_ICCP
)  # fmt: skip
NAMES = {EXIF: "EXIF (date, place)", XMP: "XMP", ICC: "color profile"}
MAX_JPEG_BYTES = 65_000  # of an entry; OpenCV writes none in several segments

ORIENTATION, EXIF_DIRECTORY, WIDTH, HEIGHT = 0x0112, 0x8769, 0xA002, 0xA003  # EXIF tags
THUMBNAIL_START, THUMBNAIL_BYTES = 0x0201, 0x0202
INTEGERS = {3: "H", 4: "I"}  # struct's letters, by the EXIF type
XMP_ORIENTATION = re.compile(rb"(tiff:Orientation(?:=[\"']|>))[1-8]")
# XMP of files with more in them than one picture: depth, gain maps, videos, panoramas.
XMP_OF_COMPOUNDS = re.compile(rb"hdrgm:|GContainer|Container:|GCamera:|GDepth:|GPano:|GImage:")


def read_metadata(kinds: Sequence[int], contents: Sequence[Any]) -> Metadata:
    """Metadata from the lists that OpenCV's `imdecodeWithMetadata` returns."""
    pairs = zip(kinds, contents, strict=True)
    found = {int(kind): np.asarray(content).tobytes() for kind, content in pairs}
    return {kind: found[kind] for kind in NAMES if found.get(kind)}


def fitted_metadata(metadata: Metadata, width: int, height: int) -> Metadata:
    """Metadata for an upright RGB image of this size in pixels.

    The orientation becomes upright and the thumbnail is deleted. Profiles of gray and CMYK images,
    and damaged or misleading entries, are left out.
    """
    fitted = {
        EXIF: upright_exif(metadata.get(EXIF, b""), width, height),
        XMP: _upright_xmp(metadata.get(XMP, b"")),
        ICC: _rgb_profile(metadata.get(ICC, b"")),
    }
    return {kind: content for kind, content in fitted.items() if content}


def upright_exif(exif: bytes, width: int, height: int) -> bytes:
    """EXIF of an upright image of this size, without a thumbnail; empty if it is damaged."""
    data = bytearray(exif.removeprefix(b"Exif\0\0"))
    order = "<" if data.startswith(b"II") else ">"
    values = {ORIENTATION: 1, WIDTH: width, HEIGHT: height}
    try:
        (place,) = struct.unpack_from(order + "I", data, 4)
        end = _set_values(data, order, place, values)
        _delete_thumbnail(data, order, end)
    except struct.error:
        return b""
    return bytes(data)


def _set_values(data: bytearray, order: str, place: int, values: Mapping[int, int]) -> int:
    """Set single integers in a directory and its EXIF directory; return where its entries end."""
    for at in _entries(data, order, place):
        tag, kind, count, value = struct.unpack_from(order + "HHII", data, at)
        if tag == EXIF_DIRECTORY and value != place:
            _set_values(data, order, value, {t: v for t, v in values.items() if t != ORIENTATION})
        elif tag in values and kind in INTEGERS and count == 1:
            struct.pack_into(order + INTEGERS[kind], data, at + 8, values[tag])
    return place + 2 + 12 * len(_entries(data, order, place))


def _entries(data: bytearray, order: str, place: int) -> range:
    (count,) = struct.unpack_from(order + "H", data, place)
    return range(place + 2, place + 2 + 12 * count, 12)


def _delete_thumbnail(data: bytearray, order: str, link: int) -> None:
    """Delete the second directory, which a link leads to, and the JPEG file that it describes."""
    (place,) = struct.unpack_from(order + "I", data, link)
    struct.pack_into(order + "I", data, link, 0)
    if not place:
        return
    entries = (struct.unpack_from(order + "HHII", data, at) for at in _entries(data, order, place))
    values = {tag: value for tag, _, _, value in entries}
    start = values.get(THUMBNAIL_START, len(data))
    end = min(len(data), start + values.get(THUMBNAIL_BYTES, 0))
    if start < end == len(data):
        del data[start:]
    elif start < end:
        data[start:end] = bytes(end - start)


def _upright_xmp(xmp: bytes) -> bytes:
    return b"" if XMP_OF_COMPOUNDS.search(xmp) else XMP_ORIENTATION.sub(rb"\g<1>1", xmp)


def _rgb_profile(profile: bytes) -> bytes:
    return profile if profile[16:20] == b"RGB " else b""
