"""Frame conversion: decoded frames to pictures of one size and color space, and back."""

from fractions import Fraction
from functools import partial
from typing import Any

import av
import numpy as np
from av.video.reformatter import VideoReformatter

from vidstyle.frame import (
    BT709,
    DEEP,
    Box,
    Bytes,
    ColorSpace,
    Picture,
    Plane,
    chroma_size_wh,
    over_gray,
    resize,
    to_bytes,
)
from vidstyle.media.info import FULL_RANGE, LIMITED_RANGE, is_rgb
from vidstyle.media.tone_mapping import ToneMapper, is_hdr


class FrameConverter:
    """Converter of decoded frames to pictures; belongs to one thread.

    Transparent frames are composited over white, HDR frames are mapped to SDR.
    """

    alpha: Bytes | None = None  # HxW, of the last frame; None if that was opaque

    def __init__(
        self,
        width: int,
        height: int,
        color: ColorSpace,
        *,
        keep_alpha: bool = False,
        deep: bool = False,
    ) -> None:
        """Create a converter.

        Args:
            width: of all pictures, in pixels.
            height: likewise.
            color: color space that the pictures are labeled with. RGB frames are converted to
                BT.709, HDR to BT.709 in limited range, other frames only in range.
            keep_alpha: True for pictures to be shown with `alpha` again: only fully transparent
                pixels are white.
            deep: True for pictures of 16 bits, False for 8.
        """
        self._keep_alpha, self._deep = keep_alpha, deep
        self._tone_mapper: ToneMapper | None = None
        self._width, self._height, self._color = width, height, color
        self._reformatter = VideoReformatter()  # one for all frames: each keeps megabytes

    def convert(self, frame: av.VideoFrame) -> Picture:
        """Return the frame as YUV 4:2:0.

        A frame of that format and size is not copied: the picture's planes are views of it.
        """
        self.alpha = None
        if is_hdr(frame):
            frame = self._in_sdr(frame)
        if has_alpha(frame):
            y, u, v, deep_alpha = self._planes(frame, "yuva444p")
            alpha = to_bytes(deep_alpha)
            if alpha.min() < 255:
                self.alpha = alpha
                return self._composited(y, u, v, alpha)
        y, u, v = self._planes(frame, "yuv420p")
        return Picture(y, u, v, self._color)

    def _in_sdr(self, frame: av.VideoFrame) -> av.VideoFrame:
        if self._tone_mapper is None or not self._tone_mapper.fits(frame):
            pixels = _with_depth("yuv420p", self._deep)
            self._tone_mapper = ToneMapper(frame, self._width, self._height, pixels)
        return self._tone_mapper.map(frame)

    def _planes(self, frame: av.VideoFrame, pixels: str) -> list[Plane]:
        pixels = _with_depth(pixels, self._deep)
        same_size = (frame.width, frame.height) == (self._width, self._height)
        if frame.format.name.replace("yuvj", "yuv") != pixels or not same_size:
            frame = self._reformatter.reformat(
                frame,
                self._width,
                self._height,
                pixels,
                dst_colorspace=BT709 if is_rgb(frame) else None,
                dst_color_range=FULL_RANGE if self._color.full_range else LIMITED_RANGE,
            )
        return [_plane(plane, self._deep) for plane in frame.planes]

    def _composited(self, y: Plane, u: Plane, v: Plane, alpha: Bytes) -> Picture:
        """Composite Y, U and V of full size over white; YUV is linear in R'G'B'."""
        unit = DEEP if self._deep else 1
        white, gray = unit * (255 if self._color.full_range else 235), unit * 128
        weights = alpha if not self._keep_alpha else np.where(alpha > 0, 255, 0).astype(np.uint8)
        y, u, v = (
            over_gray(plane, weights, level) for plane, level in ((y, white), (u, gray), (v, gray))
        )
        size_wh = chroma_size_wh(self._width, self._height)
        return Picture(y, resize(u, *size_wh), resize(v, *size_wh), self._color)


class FittingConverter:
    """Converter of decoded frames of changing size and pixel aspect ratio to pictures of one size.

    Frames of another shape lie between black bars. Belongs to one thread.
    """

    alpha: Bytes | None = None  # as of `FrameConverter`
    has_bars = False  # whether the last frame had another shape

    def __init__(
        self,
        width: int,
        height: int,
        color: ColorSpace,
        *,
        keep_alpha: bool = False,
        deep: bool = False,
    ) -> None:
        """Create a converter; arguments as of `FrameConverter`."""
        self._size_wh = self._decoded_wh = width, height
        self._create = partial(FrameConverter, color=color, keep_alpha=keep_alpha, deep=deep)
        self._converter = self._create(width, height)

    def convert(self, frame: av.VideoFrame, aspect: Fraction = Fraction(1)) -> Picture:
        """Return the frame as YUV 4:2:0.

        Args:
            frame: decoded frame.
            aspect: width over height of its pixels, relative to that of the pictures.
        """
        decoded_wh = frame.width, frame.height
        if decoded_wh != self._decoded_wh:
            self._decoded_wh = decoded_wh
            self._converter = self._create(*decoded_wh)
        picture, self.alpha = self._converter.convert(frame), self._converter.alpha
        self.has_bars = decoded_wh != self._size_wh or aspect != 1
        if not self.has_bars:
            return picture
        if self.alpha is not None:
            box = Box.within(picture.width * float(aspect), picture.height, *self._size_wh)
            self.alpha = box.framed(resize(self.alpha, box.width, box.height), self._size_wh, 255)
        return picture.letterboxed(*self._size_wh, float(aspect))


def has_alpha(frame: av.VideoFrame) -> bool:
    """Whether the pixel format has an alpha channel, or a palette, whose colors may have one."""
    return frame.format.has_palette or any(part.is_alpha for part in frame.format.components)


def video_frame(
    picture: Picture, width: int, height: int, alpha: Bytes | None = None
) -> av.VideoFrame:
    """Copy a picture into a yuv420p frame for an encoder, or with its alpha channel into yuva420p.

    Pictures of 16 bits go into frames of 16 bits.

    Args:
        picture: at least as large as the frame.
        width: of the frame, in pixels; columns beyond are cropped.
        height: likewise, for rows.
        alpha: HxW, of the picture's size.
    """
    deep, planes = picture.unit > 1, list(picture.planes)
    if alpha is not None:
        planes.append(alpha * np.uint16(257) if deep else alpha)  # 255 is 65535
    pixels = _with_depth("yuv420p" if alpha is None else "yuva420p", deep)
    frame = av.VideoFrame(width, height, pixels)
    for plane, source in zip(frame.planes, planes, strict=True):
        _plane(plane, deep)[:] = source[: plane.height, : plane.width]
    return frame


def _with_depth(pixels: str, deep: bool) -> str:
    """FFmpeg's name of a pixel format of 8 bits, or of the same with 16."""
    return f"{pixels}16le" if deep else pixels


def _plane(plane: Any, deep: bool) -> Plane:
    dtype = np.dtype(np.uint16 if deep else np.uint8)
    rows = np.frombuffer(plane, dtype).reshape(-1, plane.line_size // dtype.itemsize)
    return rows[: plane.height, : plane.width]
