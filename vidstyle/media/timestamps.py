"""Timestamps of a file, corrected: clock restarts, repeated times, and pts that go back."""

from collections.abc import Callable, Iterator
from fractions import Fraction

import av

MIN_RESTART_S = 0.5  # a smaller step back is an error of one packet


class FrameClock:
    """Clock of frames: starts at an origin and increases, also where that of the file does not."""

    def __init__(
        self, origin: int, step: int, time_base: Fraction, count: Callable[[str], None]
    ) -> None:
        """Start before the first frame.

        Args:
            origin: timestamp that becomes zero, in units of `time_base`.
            step: usual distance of two frames, in units of `time_base`.
            time_base: seconds per unit.
            count: called with the name of a counter of `Stats` for each correction: "clock
                restarts" or "repeated times".
        """
        self._origin, self._step, self._time_base = origin, step, time_base
        self._count = count
        self._restarts = 0  # sum of the clock restarts, in units of time_base
        self._last: int | None = None

    def pts(self, time: int | None) -> int:
        """Pts of the next frame, greater than the last one.

        Args:
            time: timestamp in the file; None where it has none.
        """
        self._last = self._following(time, self._last)
        return self._last

    def _following(self, time: int | None, last: int | None) -> int:
        if time is None:
            return 0 if last is None else last + self._step
        pts = time - self._origin + self._restarts
        restart = restart_offset(pts, last, self._step, self._time_base)
        if restart:
            self._count("clock restarts")
            self._restarts += restart
            return pts + restart
        if last is not None and pts <= last:
            self._count("repeated times")
            return last + 1
        return pts


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
