"""Image header parser: width and height of an encoded image, without decoding it."""

import re
import struct
from contextlib import suppress

MAX_PIXELS = 250_000_000  # of images and frames; painting takes about 15 bytes for each
MAX_SIDE = 32766  # px, of frames; OpenCV's remap takes no longer sides
START_BYTES = 1 << 20  # of a file, which hold the header in all formats but TIFF
PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
NETPBM = re.compile(rb"P[1-6Ff]\s+(?:#[^\n]*\n\s*)*(\d{1,9})\s+(?:#[^\n]*\n\s*)*(\d{1,9})\s")
RADIANCE = re.compile(rb"\n[-+]Y (\d{1,9}) [-+]X (\d{1,9})\n")
TIFF_WIDTH, TIFF_HEIGHT = 256, 257  # tags
TIFF_TYPES = {1: "B", 3: "H", 4: "I", 16: "Q"}  # struct's letters, by the type of a tag
JPEG_FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}  # markers that hold the size
JPEG_BARE = {0x01, *range(0xD0, 0xD9)}  # markers without a length


def image_size_wh(encoded: bytes | memoryview) -> tuple[int, int] | None:
    """Width and height in pixels of an image file by its header; None if it is not understood.

    Knows JPEG, PNG, WebP, GIF, BMP, TIFF, AVIF, HEIF, JPEG 2000, Netpbm, PFM and Radiance HDR.

    Args:
        encoded: content of the file.
    """
    start = bytes(encoded[:START_BYTES])
    with suppress(struct.error, IndexError, KeyError, ValueError):
        if start.startswith(b"\xff\xd8"):
            return _jpeg(encoded)
        if start.startswith(PNG_SIGNATURE):
            return _read(">II", start, 16)
        if start.startswith(b"GIF8"):
            return _read("<HH", start, 6)
        if start.startswith(b"BM"):
            width, height = _read("<HH" if start[14] == 12 else "<ii", start, 18)
            return width, abs(height)
        if start[:4] == b"RIFF" and start[8:12] == b"WEBP":
            return _webp(start)
        if start[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"):
            return _tiff(encoded)
        if start[4:8] == b"ftyp":  # AVIF, HEIF: the largest image in it
            return max(_read(">II", start, m.end() + 4) for m in re.finditer(b"ispe", start))
        if start[4:8] == b"jP  ":
            height, width = _read(">II", start, start.index(b"ihdr") + 4)
            return width, height
        if start.startswith(b"\xff\x4f\xff\x51"):
            return _read(">II", start, 8)
        if start.startswith((b"#?RADIANCE", b"#?RGBE")) and (found := RADIANCE.search(start)):
            return int(found[2]), int(found[1])
        if found := NETPBM.match(start):
            return int(found[1]), int(found[2])
    return None


def is_cut_off(encoded: bytes | memoryview) -> bool:
    """Whether a PNG ends before the chunks that it announces; False for other formats.

    OpenCV does not decode such a file, but first allocates what the chunks announce, up to 2 GB.
    """
    if bytes(encoded[:8]) != PNG_SIGNATURE:
        return False
    place, kind = 8, encoded[:0]
    while place + 12 <= len(encoded):
        length, kind = int.from_bytes(encoded[place : place + 4]), encoded[place + 4 : place + 8]
        place += 12 + length
        if kind == b"IEND":
            break
    return place > len(encoded) or kind != b"IEND"


def _read(layout: str, data: bytes | memoryview, offset: int) -> tuple[int, int]:
    first, second = struct.unpack_from(layout, data, offset)
    return first, second


def _jpeg(encoded: bytes | memoryview) -> tuple[int, int] | None:
    place = 2
    while encoded[place] == 0xFF:
        marker = encoded[place + 1]
        if marker in JPEG_FRAMES:
            height, width = _read(">HH", encoded, place + 5)
            return width, height
        if marker == 0xFF:  # fill byte
            place += 1
        elif marker in JPEG_BARE:
            place += 2
        else:
            place += 2 + int.from_bytes(encoded[place + 2 : place + 4], "big")
    return None


def _webp(start: bytes) -> tuple[int, int]:
    kind = start[12:16]
    if kind == b"VP8X":
        width, height = (int.from_bytes(start[at : at + 3], "little") for at in (24, 27))
        return width + 1, height + 1
    if kind == b"VP8L":
        bits = int.from_bytes(start[21:25], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    width, height = _read("<HH", start, 26)
    return width & 0x3FFF, height & 0x3FFF


def has_more_pages(encoded: bytes | memoryview) -> bool:
    """Whether a TIFF or BigTIFF has more than one image."""
    try:
        order, layout, entries, _ = _tiff_directory(encoded)
        (link,) = struct.unpack_from(order + layout, encoded, entries.stop)
    except struct.error:
        return False
    return bool(link)


def _tiff(encoded: bytes | memoryview) -> tuple[int, int]:
    """Size of the first image of a TIFF or BigTIFF."""
    order, _, entries, value_at = _tiff_directory(encoded)
    sides = {}
    for at in entries[:1000]:
        tag, kind = _read(order + "HH", encoded, at)
        if tag in (TIFF_WIDTH, TIFF_HEIGHT):
            (sides[tag],) = struct.unpack_from(order + TIFF_TYPES[kind], encoded, at + value_at)
    return sides[TIFF_WIDTH], sides[TIFF_HEIGHT]


def _tiff_directory(encoded: bytes | memoryview) -> tuple[str, str, range, int]:
    """First directory: byte order, letter of offsets, places of entries, offset of their values."""
    order = "<" if encoded[:2] == b"II" else ">"
    big = bytes(encoded[2:4]).strip(b"\0") == b"+"
    layout, entry, value_at = ("Q", 20, 12) if big else ("I", 12, 8)
    (place,) = struct.unpack_from(order + layout, encoded, 8 if big else 4)
    (count,) = struct.unpack_from(order + ("Q" if big else "H"), encoded, place)
    place += 8 if big else 2
    return order, layout, range(place, place + entry * count, entry), value_at
