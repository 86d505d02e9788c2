"""Decoded frames as pictures of one size and one color space."""

from typing import Any

import av
import numpy as np
from av.video.reformatter import VideoReformatter

from vidstyle.frame import BT709, ColorSpace, Picture, Plane
from vidstyle.media.info import FULL_RANGE, LIMITED_RANGE, is_rgb


class PictureReader:
    """Turns a decoder's frames into pictures; belongs to one thread."""

    def __init__(self, width: int, height: int, color: ColorSpace) -> None:
        """Take the size and the color space that all pictures get."""
        self._width, self._height, self._color = width, height, color
        self._reformatter = VideoReformatter()  # one for all: each keeps megabytes

    def read(self, frame: av.VideoFrame) -> Picture:
        """Return the frame as 8-bit YUV 4:2:0, scaled and converted only where it differs."""
        alike = (frame.width, frame.height) == (self._width, self._height)
        if frame.format.name not in ("yuv420p", "yuvj420p") or not alike:
            frame = self._reformatter.reformat(
                frame,
                self._width,
                self._height,
                "yuv420p",
                dst_colorspace=BT709 if is_rgb(frame) else None,
                dst_color_range=FULL_RANGE if self._color.full_range else LIMITED_RANGE,
            )
        y, u, v = (_plane(plane) for plane in frame.planes)
        return Picture(y, u, v, self._color)


def video_frame(picture: Picture, width: int, height: int) -> av.VideoFrame:
    """Copy a picture into FFmpeg's memory, less what lies beyond width and height."""
    frame = av.VideoFrame(width, height, "yuv420p")
    for plane, source in zip(frame.planes, picture.planes, strict=True):
        _plane(plane)[:] = source[: plane.height, : plane.width]
    return frame


def _plane(plane: Any) -> Plane:
    rows = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)
    return rows[: plane.height, : plane.width]
