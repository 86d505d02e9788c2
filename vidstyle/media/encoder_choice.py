"""Encoder for `--codec auto`: the hardware's, where it is clearly faster than software.

Software is the default, since it makes smaller files of the same quality on every machine;
`tools/benchmarks/encoders.py` compares them.
"""

import time
from fractions import Fraction
from functools import cache
from typing import Any

import av
import numpy as np

from vidstyle.media.encoders import (
    VideoEncoder,
    default_pixels,
    encoder_options,
    encoders_named,
    failure,
)
from vidstyle.media.scheduling import unchanged_scheduling

AUTO = "auto"
MIN_GAIN = 1.5  # times faster than software, for hardware to be chosen
SIZE_WH, FRAMES = (1280, 720), 12  # of the trial
DETAIL_PX = 4  # side of the trial's random squares, which move by 2 px a frame


@cache
def fastest_encoder(standard: str, preset: str) -> VideoEncoder:
    """Encoder of a standard that is fastest here; software, unless hardware gains enough.

    Nothing is measured where no hardware encoder starts. Measured once per process.

    Args:
        standard: "h264", "hevc" or "av1".
        preset: of software, one of `PRESETS`.
    """
    software, *others = encoders_named(standard)
    hardware = [row for row in others if row.is_hardware and not failure(row)]
    if not hardware:
        return software
    least_s = encoding_s(software, preset) / MIN_GAIN
    times_s = {row: encoding_s(row, preset) for row in hardware}
    best = min(times_s, key=lambda row: times_s[row])
    return best if times_s[best] <= least_s else software


def encoding_s(row: VideoEncoder, preset: str) -> float:
    """Seconds for the frames of the trial; infinite if the encoder does not take them."""
    context: Any = av.CodecContext.create(row.name, "w")
    context.width, context.height = SIZE_WH
    context.pix_fmt, context.time_base = default_pixels(row), Fraction(1, 25)
    context.options = encoder_options(row, preset)
    frames = [*_trial_frames(), None]
    try:
        with unchanged_scheduling():
            context.open()
        started_s = time.perf_counter()
        for frame in frames:
            context.encode(frame)
    except (ValueError, av.FFmpegError):
        return float("inf")
    return time.perf_counter() - started_s


def _trial_frames() -> list[av.VideoFrame]:
    """Moving random squares, yuv420p."""
    width, height = SIZE_WH
    random = np.random.default_rng(0)
    small = random.integers(0, 256, (height // DETAIL_PX, width // DETAIL_PX), np.uint8)
    luma = np.kron(small, np.ones((DETAIL_PX, DETAIL_PX), np.uint8))
    chroma = np.full((height // 2, width), 128, np.uint8)
    frames = []
    for number in range(FRAMES):
        planes = np.concatenate([np.roll(luma, 2 * number, axis=1), chroma])
        frame = av.VideoFrame.from_ndarray(planes, "yuv420p")
        frame.pts, frame.time_base = number, Fraction(1, 25)
        frames.append(frame)
    return frames
