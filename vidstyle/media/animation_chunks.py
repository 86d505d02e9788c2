"""Chunks of animated WebP and PNG files: the durations of their frames.

FFmpeg's muxers guess the duration of the last frame.
"""

import zlib
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import BinaryIO

WEBP_HEADER, PNG_HEADER = 12, 8  # bytes
WEBP_FRAME, PNG_FRAME = b"ANMF", b"fcTL"
WEBP_DURATION = 12  # offset in the content of a frame's chunk: 24 bits, little-endian, in ms
WEBP_FLAGS, WEBP_ALPHA = 20, 0x10  # place of the header's flags, and one of them
PNG_DURATION = 20  # offset likewise: numerator and denominator of seconds, 16 bits each
MAX_WEBP_DURATION, MAX_PNG_DURATION = (1 << 24) - 1, (1 << 16) - 1


def webp_durations(file: Path) -> list[int]:
    """Durations of the frames of a WebP animation, in ms; empty for a still picture.

    Raises:
        OSError: the file cannot be read.
    """
    durations = []
    with file.open("rb") as opened:
        for place in _webp_frames(opened):
            opened.seek(place + WEBP_DURATION)
            durations.append(int.from_bytes(opened.read(3), "little"))
    return durations


def set_last_webp_duration(file: Path, duration_ms: int) -> None:
    """Set the duration of the last frame of a WebP animation; still pictures stay as they are.

    Raises:
        OSError: the file cannot be read or written.
    """
    with file.open("r+b") as opened:
        for place in list(_webp_frames(opened))[-1:]:
            opened.seek(place + WEBP_DURATION)
            opened.write(min(duration_ms, MAX_WEBP_DURATION).to_bytes(3, "little"))


def flag_webp_transparency(file: Path) -> None:
    """Say in the header of a WebP animation that it has transparent pixels.

    libwebp does not where all of them are beside the rectangles of the frames.

    Raises:
        OSError: the file cannot be read or written.
    """
    with file.open("r+b") as opened:
        if _read(opened, WEBP_HEADER, 4) == b"VP8X":
            flags = _read(opened, WEBP_FLAGS, 1)[0]
            opened.seek(WEBP_FLAGS)
            opened.write(bytes([flags | WEBP_ALPHA]))


def set_last_png_duration(file: Path, duration_s: Fraction) -> None:
    """Set the duration of the last frame of an animated PNG.

    Raises:
        OSError: the file cannot be read or written.
    """
    exact = duration_s.limit_denominator(MAX_PNG_DURATION)
    numerator, denominator = min(exact.numerator, MAX_PNG_DURATION), exact.denominator
    with file.open("r+b") as opened:
        for place, size in list(_png_frames(opened))[-1:]:
            opened.seek(place)
            content = bytearray(opened.read(size))
            content[PNG_DURATION : PNG_DURATION + 4] = numerator.to_bytes(2) + denominator.to_bytes(
                2
            )
            opened.seek(place)
            opened.write(content + zlib.crc32(PNG_FRAME + content).to_bytes(4))


def _webp_frames(opened: BinaryIO) -> Iterator[int]:
    """Yield where the contents of the frames' chunks begin."""
    place = WEBP_HEADER
    while len(header := _read(opened, place, 8)) == 8:
        place += 8
        if header.startswith(WEBP_FRAME):
            yield place
        size = int.from_bytes(header[4:], "little")
        place += size + size % 2


def _png_frames(opened: BinaryIO) -> Iterator[tuple[int, int]]:
    """Yield where the contents of the frames' control chunks begin, and their sizes."""
    place = PNG_HEADER
    while len(header := _read(opened, place, 8)) == 8:
        size = int.from_bytes(header[:4])
        if header.endswith(PNG_FRAME):
            yield place + 8, size
        place += 8 + size + 4


def _read(opened: BinaryIO, place: int, size: int) -> bytes:
    opened.seek(place)
    return opened.read(size)
