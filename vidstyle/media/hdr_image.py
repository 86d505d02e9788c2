"""HDR images (AVIF, HEIF and PNG in PQ or HLG): recognition, and decoding to SDR."""

import re
from fractions import Fraction

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from vidstyle.frame import BT709, ColorSpace, RGBImage
from vidstyle.media.frames import FrameConverter
from vidstyle.media.info import HDR_TRANSFERS

START_BYTES = 1 << 16  # of a file, which hold the color tags
# Primaries, transfer and matrix of ITU-T H.273: 2 bytes each in AVIF, 1 byte each in PNG.
AVIF_TAGS = re.compile(rb"colrnclx..\0(?P<transfer>.)", re.DOTALL)
PNG_TAGS = re.compile(rb"\0\0\0\x04cICP.(?P<transfer>.)", re.DOTALL)
AVIF_DEPTH = re.compile(rb"av1C..(?P<flags>.)", re.DOTALL)
HIGH_DEPTH, TWELVE_BITS = 0x40, 0x20  # flags of AV1's configuration


def hdr_transfer(encoded: NDArray[np.uint8]) -> int | None:
    """Transfer of an HDR image file's content, in FFmpeg's numbers; None for SDR."""
    start = encoded[:START_BYTES].tobytes()
    is_png = start.startswith(b"\x89PNG")
    found = PNG_TAGS.search(start.partition(b"IDAT")[0]) if is_png else AVIF_TAGS.search(start)
    transfer = ord(found["transfer"]) if found and (is_png or start[4:8] == b"ftyp") else 0
    return transfer if transfer in HDR_TRANSFERS else None


def decode_hdr(encoded: NDArray[np.uint8], transfer: int) -> RGBImage | None:
    """Decode an HDR image to HxWx3 uint8 RGB in SDR; None if OpenCV does not decode it.

    Args:
        encoded: content of the file.
        transfer: from `hdr_transfer`.
    """
    bgr = cv2.imdecode(encoded, cv2.IMREAD_COLOR | cv2.IMREAD_ANYDEPTH)
    if bgr is None:
        return None
    scaled = bgr.astype(np.float32) * (65535 / _largest(encoded, bgr))
    deep = cv2.cvtColor(scaled.round().astype(np.uint16), cv2.COLOR_BGR2RGB)
    return sdr_image(np.asarray(deep, np.uint16), transfer)


def sdr_image(deep: NDArray[np.uint16], transfer: int) -> RGBImage:
    """Tone-map an HDR image to HxWx3 uint8 RGB in SDR.

    Args:
        deep: HxWx3 uint16 RGB in BT.2020 primaries, 0..65535.
        transfer: from `hdr_transfer`.
    """
    height, width = deep.shape[:2]
    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(deep), format="rgb48le")
    frame.color_trc, frame.time_base = transfer, Fraction(1)
    return FrameConverter(width, height, ColorSpace(BT709)).convert(frame).to_rgb()


def _largest(encoded: NDArray[np.uint8], decoded: NDArray[np.generic]) -> int:
    """Largest value of a decoded image: OpenCV does not scale the 10 and 12 bits of AVIF."""
    if decoded.dtype == np.uint8:
        return 255
    found = AVIF_DEPTH.search(encoded[:START_BYTES].tobytes())
    flags = ord(found["flags"]) if found else 0
    if not flags & HIGH_DEPTH:
        return 65535
    return 4095 if flags & TWELVE_BITS else 1023
