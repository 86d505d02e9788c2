"""Frame conversion: decoded frames to pictures of one size and color space, and back."""

from typing import Any

import av
import numpy as np
from av.video.reformatter import VideoReformatter

from vidstyle.frame import BT709, ColorSpace, Picture, Plane
from vidstyle.media.info import FULL_RANGE, LIMITED_RANGE, is_rgb


class FrameConverter:
    """Converter of decoded frames to pictures; belongs to one thread."""

    def __init__(self, width: int, height: int, color: ColorSpace) -> None:
        """Create a converter.

        Args:
            width: of all pictures, in pixels.
            height: likewise.
            color: color space that the pictures are labeled with. RGB frames are converted to
                BT.709, frames of other pixel formats only in range.
        """
        self._width, self._height, self._color = width, height, color
        self._reformatter = VideoReformatter()  # one for all frames: each keeps megabytes

    def convert(self, frame: av.VideoFrame) -> Picture:
        """Return the frame as 8-bit YUV 4:2:0.

        A frame of that format and size is not copied: the picture's planes are views of it.
        """
        same_size = (frame.width, frame.height) == (self._width, self._height)
        if frame.format.name not in ("yuv420p", "yuvj420p") or not same_size:
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
    """Copy a picture into a yuv420p frame for an encoder.

    Args:
        picture: at least as large as the frame.
        width: of the frame, in pixels; columns beyond are cropped.
        height: likewise, for rows.
    """
    frame = av.VideoFrame(width, height, "yuv420p")
    for plane, source in zip(frame.planes, picture.planes, strict=True):
        _plane(plane)[:] = source[: plane.height, : plane.width]
    return frame


def _plane(plane: Any) -> Plane:
    rows = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)
    return rows[: plane.height, : plane.width]
