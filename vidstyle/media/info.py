"""Video properties known before decoding: size, orientation, rate, color tags, duration."""

from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.sidedata.sidedata import Type

from vidstyle.frame import BT601, BT709, LUMA_WEIGHTS, Bytes, ColorSpace, Picture

LIMITED_RANGE, FULL_RANGE = 1, 2  # AVColorRange
UNSPECIFIED = 2  # color primaries and transfer: readers then take sRGB
PQ, HLG = 16, 18  # AVColorTransferCharacteristic
BT2020 = 9  # AVColorSpace and AVColorPrimaries
HDR_TRANSFERS = {PQ: "PQ", HLG: "HLG"}  # names for messages
HD_HEIGHT = 720  # lines of the shorter side from which untagged video counts as BT.709
DEFAULT_RATE = Fraction(25)  # frames per second, for files without a rate
MAX_RATE = 300  # frames per second; some containers say 1000 for "unknown"


@dataclass(frozen=True, slots=True)
class ColorTags:
    """Color tags of a stream, in FFmpeg's numbers (ITU-T H.273); 2 is "unspecified"."""

    matrix: int  # AVColorSpace
    primaries: int  # AVColorPrimaries
    transfer: int  # AVColorTransferCharacteristic
    range: int  # AVColorRange: 0 unspecified, `LIMITED_RANGE` or `FULL_RANGE`


@dataclass(frozen=True, slots=True)
class Orientation:
    """Transform from a decoded frame to an upright one: a mirroring, then a rotation."""

    mirrored: bool  # left to right
    quarter_turns: int  # counter-clockwise

    @property
    def swaps_sides(self) -> bool:
        """Whether width and height change places."""
        return self.quarter_turns % 2 == 1

    def applied(self, picture: Picture) -> Picture:
        """Return a decoded picture upright; unchanged pictures are not copied."""
        if self.mirrored:
            y, u, v = (np.ascontiguousarray(plane[:, ::-1]) for plane in picture.planes)
            picture = Picture(y, u, v, picture.color)
        return picture.turned(self.quarter_turns)

    def applied_to_plane(self, plane: Bytes) -> Bytes:
        """Return a plane of a decoded picture, as its alpha channel, upright."""
        return np.ascontiguousarray(
            np.rot90(plane[:, ::-1] if self.mirrored else plane, self.quarter_turns)
        )


@dataclass(frozen=True, slots=True)
class VideoInfo:
    """Properties of an input that its output takes over; sizes are those of upright frames."""

    path: Path | None  # of a video file, which may have side streams; None for pictures
    width: int  # px
    height: int  # px
    sample_aspect_ratio: Fraction  # width over height of a pixel
    rate: Fraction  # nominal, in frames per second
    time_base: Fraction  # seconds per pts
    duration_s: float | None  # of the whole file; None where the container has none
    frame_count: int | None  # likewise
    origin_s: Fraction  # file time at which frame times are zero
    end_s: float | None  # requested end, in frame time; None for the end of the file
    color: ColorTags
    tags: dict[str, str]  # container metadata: title, date, location, ...
    has_alpha: bool = False  # whether frames come with an alpha channel
    hdr: str | None = None  # "PQ" or "HLG" of the file; its frames come in SDR

    def in_hdr(self) -> "VideoInfo":
        """Return the properties of an output in the input's HDR format."""
        transfer = next(number for number, name in HDR_TRANSFERS.items() if name == self.hdr)
        return replace(self, color=ColorTags(BT2020, BT2020, transfer, LIMITED_RANGE))

    @property
    def expected_frames(self) -> int | None:
        """Estimated number of frames from start to end; None if unknown."""
        whole = self.origin_s == 0 and self.end_s is None
        if whole and self.frame_count:
            return self.frame_count
        end_s = self.end_s
        if self.duration_s is not None:
            rest_s = self.duration_s - float(self.origin_s)
            end_s = rest_s if end_s is None else min(end_s, rest_s)
        return None if end_s is None else round(end_s * self.rate)

    def screen_tags(self) -> ColorTags:
        """Color tags of pictures for screens: the matrix and range that they have, and sRGB."""
        space = self.color_space()
        range_ = FULL_RANGE if space.full_range else LIMITED_RANGE
        return ColorTags(space.matrix, UNSPECIFIED, UNSPECIFIED, range_)

    def color_space(self) -> ColorSpace:
        """Color space of the decoded pictures."""
        return color_space(self.color, self.width, self.height)


def color_space(tags: ColorTags, width: int, height: int) -> ColorSpace:
    """Color space for color tags; an unspecified matrix is guessed from the size, as players do.

    Args:
        tags: of the stream.
        width: of the frames, in pixels.
        height: likewise.
    """
    matrix = tags.matrix
    if matrix not in LUMA_WEIGHTS:
        matrix = BT709 if min(width, height) >= HD_HEIGHT else BT601
    return ColorSpace(matrix, tags.range == FULL_RANGE)


def _unknown_type(kind: type[Type], value: object) -> Type:
    """Member of PyAV's enum for a type of side data that is newer than PyAV."""
    member: Any = object.__new__(kind)
    member._name_, member._value_ = f"UNKNOWN_{value}", value
    unknown: Type = member
    return unknown


# PyAV lists all side data of a frame, and would fail at LCEVC's and at the view of MV-HEVC.
Type._missing_ = classmethod(_unknown_type)  # type: ignore[assignment]


def orientation(frame: av.VideoFrame) -> Orientation:
    """Orientation from a frame's display matrix; other angles are rounded to quarter turns."""
    matrix: Any = frame.side_data.get("DISPLAYMATRIX")
    if matrix is None:
        return Orientation(False, 0)
    a, b, _, c, d, *_ = np.frombuffer(bytes(matrix), np.int32).astype(float)
    mirrored = bool(a * d < b * c)
    angle = frame.rotation + 180 * mirrored  # FFmpeg takes the angle from a mirrored row
    return Orientation(mirrored, round(angle / 90) % 4)


def nominal_rate(stream: av.VideoStream) -> Fraction:
    """Frames per second: the stream's average rate, else FFmpeg's guess, else `DEFAULT_RATE`."""
    for rate in (stream.average_rate, stream.guessed_rate):
        if rate and 0 < rate <= MAX_RATE:
            return Fraction(rate)
    return DEFAULT_RATE


def resized_aspect(
    aspect: Fraction, before_wh: tuple[int, int], after_wh: tuple[int, int]
) -> Fraction:
    """Shape of a pixel, width over height, after a resize that keeps the shape of the picture.

    As of FFmpeg's `scale`, but a difference that only rounds the size is none.
    """
    change = Fraction(before_wh[0] * after_wh[1], before_wh[1] * after_wh[0])
    rounded = abs(change - 1) <= Fraction(2, min(after_wh))
    return aspect if rounded else aspect * change


def is_rgb(frame: av.VideoFrame) -> bool:
    """Whether the pixel format is RGB, packed, planar or with a palette."""
    return bool(frame.format.is_rgb or frame.format.has_palette)


def color_tags(first: av.VideoFrame) -> ColorTags:
    """Color tags of the pictures: those of the first frame, or BT.709 if that is RGB or HDR."""
    if is_rgb(first) or int(first.color_trc) in HDR_TRANSFERS:
        return ColorTags(BT709, BT709, BT709, LIMITED_RANGE)
    full = first.format.name.startswith("yuvj") or first.color_range == FULL_RANGE
    range_ = FULL_RANGE if full else int(first.color_range)
    return ColorTags(
        int(first.colorspace), int(first.color_primaries), int(first.color_trc), range_
    )
