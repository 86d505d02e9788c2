"""Result mark: metadata by which vidstyle recognizes its own pictures and videos.

JPEG holds it in a comment, PNG in a text chunk and WebP in a chunk of its own; BMP, TIFF and GIF
hold it behind their last byte, which readers ignore. Videos hold it as the name of the
video stream's handler, which every container here stores, and which the stream's new pictures need
anew anyway.
"""

import os
import zlib
from pathlib import Path

from vidstyle.errors import SourceError
from vidstyle.media.demux import open_container
from vidstyle.media.source import VIDEO_SUFFIXES

MARK = "Made by vidstyle"
KEY = "handler_name"  # of a video stream's metadata
SEARCHED = 1 << 17  # bytes at each end of a file; an EXIF segment has 65,535 at most
JPEG, PNG, RIFF = b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"RIFF"
PNG_HEADER = 33  # bytes of a PNG up to the end of its first chunk, IHDR
PNG_END = 12  # bytes of the last chunk, IEND


def marked(encoded: bytes) -> bytes:
    """Insert the mark into an encoded picture: a JPEG, PNG, WebP, BMP or TIFF file's content."""
    text = MARK.encode()
    if encoded.startswith(JPEG):
        end = 4 + int.from_bytes(encoded[4:6])  # of the first segment, which JFIF wants to be APP0
        comment = b"\xff\xfe" + (2 + len(text)).to_bytes(2) + text
        return encoded[:end] + comment + encoded[end:]
    if encoded.startswith(PNG):
        chunk = _png_chunk(b"Software\0" + text)
        return encoded[:PNG_HEADER] + chunk + encoded[PNG_HEADER:]
    if encoded.startswith(RIFF):
        chunk = _riff_chunk(text)
        size = int.from_bytes(encoded[4:8], "little") + len(chunk)
        return RIFF + size.to_bytes(4, "little") + encoded[8:] + chunk
    return encoded + text


def append_mark(file: Path) -> None:
    """Append the mark to a GIF, WebP or PNG file.

    Raises:
        OSError: the file cannot be read or written.
    """
    text = MARK.encode()
    with file.open("r+b") as opened:
        head = opened.read(8)
        if head == PNG:
            opened.seek(-PNG_END, os.SEEK_END)
            end = opened.read()
            opened.seek(-PNG_END, os.SEEK_END)
            opened.write(_png_chunk(b"Software\0" + text) + end)
            return
        opened.seek(0, os.SEEK_END)
        if not head.startswith(RIFF):
            opened.write(text)
            return
        chunk = _riff_chunk(text)
        opened.write(chunk)
        opened.seek(4)
        opened.write((int.from_bytes(head[4:], "little") + len(chunk)).to_bytes(4, "little"))


def is_marked(file: Path) -> bool:
    """Whether a picture or video file is a result of vidstyle; False if it cannot be read.

    Only the beginning and the end are read, and of a video the headers.
    """
    if not file.is_file():
        return False  # a named pipe would be waited for
    return _is_marked_at_an_end(file) or (
        file.suffix.lower() in VIDEO_SUFFIXES and _is_marked_video(file)
    )


def _is_marked_at_an_end(file: Path) -> bool:
    text = MARK.encode()
    try:
        with file.open("rb") as opened:
            if text in opened.read(SEARCHED):
                return True
            opened.seek(max(0, file.stat().st_size - SEARCHED))
            return text in opened.read()
    except OSError:
        return False


def _is_marked_video(file: Path) -> bool:
    try:
        with open_container(file) as container:
            tags = [tag for stream in container.streams.video for tag in stream.metadata.items()]
    except SourceError:
        return False
    return any(key.lower() == KEY and value == MARK for key, value in tags)  # HANDLER_NAME in .mkv


def _riff_chunk(text: bytes) -> bytes:
    return b"MARK" + len(text).to_bytes(4, "little") + text + b"\0" * (len(text) % 2)


def _png_chunk(text: bytes) -> bytes:
    content = b"tEXt" + text
    return len(text).to_bytes(4) + content + zlib.crc32(content).to_bytes(4)
