"""Constant frame rate: frames of any times, repeated or left out, one for each slot of time."""

import math
from collections.abc import Iterable, Iterator
from fractions import Fraction

from vidstyle.errors import SourceError
from vidstyle.frame import Frame

MAX_PAUSE_S = 3600  # between two frames; damaged times make pauses of years


class ConstantRate:
    """Converter of frames to a constant rate; belongs to one thread.

    A frame goes into the slot nearest to its time, if that is free, and stays until the next one.
    """

    def __init__(self, rate: Fraction) -> None:
        """Make a converter to a rate in frames per second."""
        self.repeated = self.left_out = 0  # frames
        self._rate = rate
        self._shown: Frame | None = None
        self._slots = 0  # that are filled, counted from time zero

    def convert(self, frames: Iterable[Frame]) -> Iterator[Frame]:
        """Yield all frames at the constant rate; the last one is shown for its duration.

        Raises:
            SourceError: as `add`.
        """
        for frame in frames:
            yield from self.add(frame)
        if self._shown is not None:
            end_s = (self._shown.pts + self._shown.duration) * self._shown.time_base
            yield from self._filled(self._slot(end_s))

    def add(self, frame: Frame) -> Iterator[Frame]:
        """Yield the last frame for slots that passed without a new one, then the next frame.

        Raises:
            SourceError: the frame, or the end of the last one, is over `MAX_PAUSE_S` away.
        """
        slot = self._slot(frame.pts * frame.time_base)
        if self._shown is None:
            self._slots = slot
        yield from self._filled(slot)
        if slot < self._slots:
            self.left_out += 1
        else:
            yield self._in_slot(frame)
        self._shown = frame

    def _slot(self, time_s: Fraction) -> int:
        return math.ceil(time_s * self._rate - Fraction(1, 2))

    def _filled(self, until: int) -> Iterator[Frame]:
        pause_s = (until - self._slots) / self._rate
        if self._shown is not None and pause_s > MAX_PAUSE_S:
            raise SourceError(
                f"Two frames of the input are {float(pause_s) / 3600:,.1f} hours apart, too long "
                "to be filled at a constant frame rate. Its times may be damaged."
            )
        while self._shown is not None and self._slots < until:
            self.repeated += 1
            yield self._in_slot(self._shown)

    def _in_slot(self, frame: Frame) -> Frame:
        pts, self._slots = self._slots, self._slots + 1
        return Frame(frame.picture, pts, 1 / self._rate, 1, frame.alpha)
