"""What is known of a video before its frames are read: size, way up, rate, colors, length."""

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

from vidstyle.frame import BT601, BT709, LUMA_WEIGHTS, ColorSpace, Picture

LIMITED_RANGE, FULL_RANGE = 1, 2  # AVColorRange
HD_HEIGHT = 720  # lines from which untagged video is BT.709
DEFAULT_RATE = Fraction(25)  # for files that name none
FASTEST_RATE = 300  # frames per second; some containers say 1000 for "unknown"


@dataclass(frozen=True, slots=True)
class ColorTags:
    """What the file says of its colors, in FFmpeg's numbers; 2 is "unspecified"."""

    matrix: int
    primaries: int
    transfer: int
    range: int


@dataclass(frozen=True, slots=True)
class Orientation:
    """What must be done to a decoded frame to make it upright: mirror it, then turn it."""

    mirrored: bool
    quarter_turns: int  # counter-clockwise

    @property
    def lies_on_side(self) -> bool:
        return self.quarter_turns % 2 == 1

    def applied(self, picture: Picture) -> Picture:
        """Return the picture upright."""
        if self.mirrored:
            y, u, v = (np.ascontiguousarray(plane[:, ::-1]) for plane in picture.planes)
            picture = Picture(y, u, v, picture.color)
        return picture.turned(self.quarter_turns)


@dataclass(frozen=True, slots=True)
class VideoInfo:
    """What an output needs to know of its input. Sizes are upright: rotation is already applied."""

    path: Path
    width: int
    height: int
    sample_aspect_ratio: Fraction
    rate: Fraction  # frames per second, nominal
    time_base: Fraction
    duration_s: float | None  # of the whole file; None where it does not say
    frame_count: int | None  # likewise
    origin_s: Fraction  # the time in the file that frames call zero
    end_s: float | None  # where reading was asked to stop, on the frames' clock; None: at the end
    color: ColorTags
    tags: dict[str, str]  # title, date, place and whatever else the file says of itself

    @property
    def expected_frames(self) -> int | None:
        """How many frames will come, as far as one can tell."""
        whole = self.origin_s == 0 and self.end_s is None
        if whole and self.frame_count:
            return self.frame_count
        end_s = self.end_s
        if self.duration_s is not None:
            rest_s = self.duration_s - float(self.origin_s)
            end_s = rest_s if end_s is None else min(end_s, rest_s)
        return None if end_s is None else round(end_s * self.rate)

    def color_space(self) -> ColorSpace:
        """How to read the pictures."""
        return color_space(self.color, self.width, self.height)


def color_space(tags: ColorTags, width: int, height: int) -> ColorSpace:
    """How to read pictures with such tags; without, guessed from their size, as players do."""
    matrix = tags.matrix
    if matrix not in LUMA_WEIGHTS:
        matrix = BT709 if min(width, height) >= HD_HEIGHT else BT601
    return ColorSpace(matrix, tags.range == FULL_RANGE)


def orientation(frame: av.VideoFrame) -> Orientation:
    """Read a frame's display matrix; odd angles are rounded to quarter turns."""
    matrix: Any = frame.side_data.get("DISPLAYMATRIX")
    if matrix is None:
        return Orientation(False, 0)
    a, b, _, c, d, *_ = np.frombuffer(bytes(matrix), np.int32).astype(float)
    mirrored = bool(a * d < b * c)
    angle = frame.rotation + 180 * mirrored  # the rotation alone reads a mirrored row backwards
    return Orientation(mirrored, round(angle / 90) % 4)


def nominal_rate(stream: av.VideoStream) -> Fraction:
    """Frames per second, as the file says or FFmpeg guesses."""
    for rate in (stream.average_rate, stream.guessed_rate):
        if rate and 0 < rate <= FASTEST_RATE:
            return Fraction(rate)
    return DEFAULT_RATE


def is_rgb(frame: av.VideoFrame) -> bool:
    """Whether the pixels are RGB, with or without a palette."""
    return bool(frame.format.is_rgb or frame.format.has_palette)


def color_tags(first: av.VideoFrame) -> ColorTags:
    """The tags the output should have: those of the input, or BT.709 for what was RGB."""
    if is_rgb(first):
        return ColorTags(BT709, BT709, BT709, LIMITED_RANGE)
    full = first.format.name.startswith("yuvj") or first.color_range == FULL_RANGE
    range_ = FULL_RANGE if full else int(first.color_range)
    return ColorTags(
        int(first.colorspace), int(first.color_primaries), int(first.color_trc), range_
    )
