"""Timestamps of a file that are wrong: clock restarts, and pts that go back."""

from collections.abc import Iterator
from fractions import Fraction

import av

MIN_RESTART_S = 0.5  # a smaller step back is an error of one packet


def restart_offset(time: int, last: int | None, step: int, time_base: Fraction) -> int:
    """Offset that makes timestamps continue after a clock restart.

    Args:
        time: timestamp of a frame or packet, in units of `time_base`.
        last: timestamp before it; None at the beginning.
        step: usual distance of two timestamps, in units of `time_base`.
        time_base: seconds per unit.

    Returns:
        Units to add to this and all later timestamps; 0 unless the clock was restarted here.
    """
    if last is None or (last - time) * time_base < MIN_RESTART_S:
        return 0
    return last + step - time


def in_display_order(
    frames: Iterator[av.VideoFrame], time_base: Fraction
) -> Iterator[av.VideoFrame]:
    """Yield decoded frames; two neighbors with swapped pts exchange them.

    Decoders output frames in display order. Where a container holds no pts, as AVI, FFmpeg guesses
    them, and swaps those of packed B-frames (XviD, DivX), while their dts increase.

    Args:
        frames: decoded frames of one stream.
        time_base: of the stream, in seconds per unit.
    """
    held: av.VideoFrame | None = None
    for frame in frames:
        if held is not None:
            if _are_swapped(held, frame, time_base):
                held.pts, frame.pts = frame.pts, held.pts
            yield held
        held = frame
    if held is not None:
        yield held


def _are_swapped(first: av.VideoFrame, second: av.VideoFrame, time_base: Fraction) -> bool:
    """Whether pts go back by less than a clock restart, although dts, where known, do not."""
    if first.pts is None or second.pts is None:
        return False
    decoded_in_order = first.dts is None or second.dts is None or first.dts < second.dts
    return decoded_in_order and 0 < (first.pts - second.pts) * time_base < MIN_RESTART_S
