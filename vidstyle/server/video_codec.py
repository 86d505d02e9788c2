"""H.264 of the live WebSocket: low-delay decoder and encoder, with a check of each packet.

Packets are single access units in Annex B format, as browsers' WebCodecs write and read them.
"""

import re
from collections.abc import Iterator
from fractions import Fraction
from functools import cache
from typing import Any

import av
from av.codec.context import Flags
from av.video.frame import PictureType
from av.video.reformatter import VideoReformatter

from vidstyle.frame import BT709, ColorSpace, Picture
from vidstyle.media.encoders import encoders_named, failure
from vidstyle.media.frames import FrameConverter, video_frame
from vidstyle.media.info import FULL_RANGE, LIMITED_RANGE, color_space, color_tags
from vidstyle.server import limits
from vidstyle.server.frame_codec import FrameCodec, KeyframeNeeded, check_pixels

ENCODER = "libx264"
START_CODE = re.compile(rb"\x00\x00\x01")
SLICE, DATA_PARTITION, IDR_SLICE, PARAMETERS = 1, 2, 5, 7  # types of NAL units
PROFILES = (66, 77, 100)  # Baseline, Main, High: 8 bits, 4:2:0
QUALITY = 26  # x264's crf
BITS_PER_PIXEL = 0.4  # of the paintings at most, averaged over half a second
KEYFRAME_INTERVAL = 600  # frames; others come on request


class H264Codec(FrameCodec):
    """H.264 both ways: every packet has to be decoded, in order."""

    is_stream = True

    def __init__(self, fps: float) -> None:
        """Create both sides; the encoder opens with the first painting.

        Args:
            fps: frames per second to expect.
        """
        self._fps = fps
        self._decoder, self._reformatter = _decoder(), VideoReformatter()
        self._in_sync = False  # whether the decoder has all frames since a keyframe
        self._encoder: Any = None
        self._look: tuple[int, int, ColorSpace] | None = None  # of the encoder's frames
        self._keyframe_due, self._encoded = False, 0

    def decode(self, packet: bytes) -> Picture:
        in_sync, self._in_sync = self._in_sync, False
        if is_keyframe(packet) and not in_sync:
            self._decoder, in_sync = _decoder(), True
        if not in_sync:
            raise KeyframeNeeded
        try:
            frames = self._decoder.decode(av.Packet(packet))
        except (ValueError, av.FFmpegError) as error:
            raise KeyframeNeeded from error
        if len(frames) != 1 or frames[0].is_corrupt:
            raise KeyframeNeeded
        check_pixels(frames[0].width, frames[0].height)
        self._in_sync = True
        frame = _in_hd_colors(frames[0], self._reformatter)
        return FrameConverter(frame.width, frame.height, ColorSpace()).convert(frame)

    def encode(self, picture: Picture) -> bytes:
        width, height = picture.width & ~1, picture.height & ~1
        look = width, height, picture.color
        if look != self._look:
            self._look, self._encoder = look, _encoder(*look, self._fps)
        frame = video_frame(picture, width, height)
        frame.pts, self._encoded = self._encoded, self._encoded + 1
        if self._keyframe_due:
            self._keyframe_due = False
            frame.pict_type = PictureType.I
        return b"".join(bytes(packet) for packet in self._encoder.encode(frame))

    def request_keyframe(self) -> None:
        self._keyframe_due = True


@cache
def has_h264() -> bool:
    """Whether the installed FFmpeg has the encoder, and it starts."""
    return any(row.name == ENCODER and not failure(row) for row in encoders_named(ENCODER))


def is_keyframe(packet: bytes) -> bool:
    """Whether an access unit in Annex B format is a keyframe that begins a stream.

    Raises:
        KeyframeNeeded: it is not one frame of 8 bits and 4:2:0, or has too many parts. FFmpeg
            would decode any number of frames in a packet.
    """
    first_slices, kinds = 0, set[int]()
    for number, (kind, following) in enumerate(_nal_units(packet)):
        if kind == DATA_PARTITION or number >= limits.LIVE_NAL_UNITS:
            raise KeyframeNeeded
        if kind == PARAMETERS and following not in PROFILES:
            raise KeyframeNeeded
        kinds.add(kind)
        first_slices += kind in (SLICE, IDR_SLICE) and following >= 128  # first_mb_in_slice is 0
    if first_slices != 1:
        raise KeyframeNeeded
    return {PARAMETERS, IDR_SLICE} <= kinds


def _nal_units(packet: bytes) -> Iterator[tuple[int, int]]:
    """Type of each NAL unit, and its first byte after the header."""
    for match in START_CODE.finditer(packet):
        head = packet[match.end() : match.end() + 2]
        if len(head) == 2:
            yield head[0] & 31, head[1]


def _decoder() -> Any:
    """Decoder without delay, that refuses damaged and huge frames; in the calling thread."""
    context: Any = av.CodecContext.create("h264", "r")
    context.thread_type, context.thread_count = "NONE", 1
    context.flags |= Flags.low_delay
    context.options = {"err_detect": "explode", "max_pixels": str(2 * limits.LIVE_PIXELS)}
    return context


def _encoder(width: int, height: int, color: ColorSpace, fps: float) -> Any:
    """Encoder that gives each packet at once."""
    context: Any = av.CodecContext.create(ENCODER, "w")
    context.width, context.height, context.pix_fmt = width, height, "yuv420p"
    context.framerate = Fraction(fps).limit_denominator(1000)
    context.time_base = 1 / context.framerate
    context.colorspace = color.matrix
    context.color_range = FULL_RANGE if color.full_range else LIMITED_RANGE
    context.thread_count = 1
    rate = round(BITS_PER_PIXEL * width * height * fps)
    context.options = {
        "preset": "ultrafast",
        "tune": "zerolatency",
        "profile": "baseline",
        "crf": str(QUALITY),
        "maxrate": str(rate),
        "bufsize": str(rate // 2),
        "g": str(KEYFRAME_INTERVAL),
        "forced-idr": "1",
    }
    return context


def _in_hd_colors(frame: av.VideoFrame, reformatter: VideoReformatter) -> av.VideoFrame:
    """The frame in BT.709 and limited range, which Chromium takes paintings for in any case."""
    color = color_space(color_tags(frame), frame.width, frame.height)
    if color == ColorSpace():
        return frame
    return reformatter.reformat(
        frame,
        format="yuv420p",
        src_colorspace=color.matrix,
        dst_colorspace=BT709,
        dst_color_range=LIMITED_RANGE,
    )
