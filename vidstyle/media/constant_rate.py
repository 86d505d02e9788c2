"""Constant frame rate: frames of any times, repeated or left out, one for each slot of time."""

import math
from collections.abc import Iterable, Iterator
from fractions import Fraction

from vidstyle.frame import Frame


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
        """Yield all frames at the constant rate; the last one is shown for its duration."""
        for frame in frames:
            yield from self.add(frame)
        if self._shown is not None:
            end_s = (self._shown.pts + self._shown.duration) * self._shown.time_base
            yield from self._filled(self._slot(end_s))

    def add(self, frame: Frame) -> Iterator[Frame]:
        """Yield the last frame for slots that passed without a new one, then the next frame."""
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
        while self._shown is not None and self._slots < until:
            self.repeated += 1
            yield self._in_slot(self._shown)

    def _in_slot(self, frame: Frame) -> Frame:
        pts, self._slots = self._slots, self._slots + 1
        return Frame(frame.picture, pts, 1 / self._rate, 1, frame.alpha)
