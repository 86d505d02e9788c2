"""Animated pictures: detection, and WebP and AVIF animations as lossless video for FFmpeg."""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from vidstyle.errors import SourceError, reason
from vidstyle.media.image_header import MAX_PIXELS, has_more_pages, image_size_wh, is_cut_off

START_BYTES = 1 << 16  # of a file, which hold the marks of animations
CHUNK = 32  # frames decoded at once; OpenCV begins anew for each chunk
TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")  # first bytes
MILLISECOND = Fraction(1, 1000)


def is_animated(encoded: NDArray[np.uint8]) -> bool:
    """Whether an image file's content has several pictures: a WebP, PNG, GIF, AVIF or TIFF."""
    start = encoded[:START_BYTES].tobytes()
    if start.startswith(TIFF):
        return has_more_pages(encoded.data)
    if not _may_be_animated(start) or is_cut_off(encoded.data):
        return False
    try:
        _, pictures = cv2.imdecodemulti(encoded, cv2.IMREAD_REDUCED_COLOR_8, range=(0, 2))
    except cv2.error:
        return False
    return len(pictures) > 1


def is_animated_file(file: Path) -> bool:
    """Whether a file is an animated picture; False if it cannot be read."""
    return _may_be_animated(_start_of(file)) and is_animated(np.fromfile(file, np.uint8))


def needs_transcoding(file: Path) -> bool:
    """Whether a file is an animation that FFmpeg does not decode, or not with its alpha channel."""
    start = _start_of(file)
    return _is_webp_animation(start) or _is_avif_animation(start)


def transcode(file: Path, output: Path) -> None:
    """Write an animation as lossless video, RGBA in FFV1, with the same times.

    Args:
        file: animated WebP or AVIF.
        output: path ending in .mkv.

    Raises:
        SourceError: the file is no animation that can be decoded.
        OSError: the output cannot be written.
    """
    frames = _frames(file)
    first = next(frames, None)
    if first is None:
        raise SourceError(f"Nothing in the animation {file} can be decoded.")
    with av.open(str(output), "w") as container:
        image, duration = first
        stream: Any = container.add_stream("ffv1", rate=Fraction(1000, max(1, duration)))
        stream.height, stream.width, stream.pix_fmt = *image.shape[:2], "bgra"
        stream.codec_context.time_base = MILLISECOND
        pts = 0
        while first is not None:
            image, duration = first
            frame = av.VideoFrame.from_ndarray(image, format="bgra")
            frame.pts, frame.time_base, frame.duration = pts, MILLISECOND, duration
            for packet in stream.encode(frame):
                packet.duration = duration
                container.mux(packet)
            pts += duration
            first = next(frames, None)
        container.mux(stream.encode(None))


def _frames(file: Path) -> Iterator[tuple[NDArray[np.uint8], int]]:
    """Yield the pictures of an animation, HxWx4 uint8 BGRA, with their durations in ms."""
    encoded, start = np.fromfile(file, np.uint8), 0
    width, height = image_size_wh(encoded.data) or (0, 0)
    if width * height > MAX_PIXELS:
        raise SourceError(f"{file} has {width}x{height} px, too many for an animation.")
    while True:
        try:
            _, animation = cv2.imdecodeanimation(encoded, start, CHUNK)
        except cv2.error as error:
            raise SourceError(f"{file} cannot be decoded: {reason(error)}.") from error
        for image, duration in zip(animation.frames, animation.durations, strict=True):
            bgra = image if image.shape[2] == 4 else cv2.cvtColor(image, cv2.COLOR_BGR2BGRA)
            yield np.ascontiguousarray(bgra, np.uint8), max(1, int(duration))
        if len(animation.frames) < CHUNK:
            return
        start += CHUNK


def _start_of(file: Path) -> bytes:
    """First bytes of a file; none of a pipe, which can be read only once."""
    try:
        if not file.is_file():
            return b""
        with file.open("rb") as opened:
            return opened.read(START_BYTES)
    except OSError:
        return b""


def _may_be_animated(start: bytes) -> bool:
    return (
        start.startswith((b"GIF8", *TIFF))
        or (start.startswith(b"\x89PNG") and b"acTL" in start)
        or _is_webp_animation(start)
        or _is_avif_animation(start)
    )


def _is_webp_animation(start: bytes) -> bool:
    return start[:4] == b"RIFF" and start[8:16] == b"WEBPVP8X" and bool(start[20] & 2)


def _is_avif_animation(start: bytes) -> bool:
    return start[4:12] == b"ftypavis"
