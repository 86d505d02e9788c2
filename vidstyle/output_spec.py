"""Output size, frame rate and bitrate, in the words of FFmpeg's users."""

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Self

COMPUTED = ("-1", "-2")  # FFmpeg's words for a side that follows from the other one
UNITS = {"k": 1_000, "m": 1_000_000, "g": 1_000_000_000}  # of bitrates
NTSC_TOLERANCE = 0.005  # frames per second, within which 29.97 means 30000/1001


@dataclass(frozen=True, slots=True)
class OutputSize:
    """Size that frames are brought to, with at least one side given, in pixels."""

    width: int | None = None  # None: it follows from the height
    height: int | None = None
    short_side: int | None = None  # instead of both, whichever side is the shorter one

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read "1280x720", "-1x720", "1280x-1" or "720p"; a colon may stand for the x.

        Raises:
            ValueError: the text is none of these.
        """
        text = text.lower().replace(":", "x")
        if text.endswith("p"):
            return cls(short_side=_pixels(text[:-1]))
        width, height = (None if side in COMPUTED else _pixels(side) for side in text.split("x"))
        if width is None and height is None:
            raise ValueError("no side is given")
        return cls(width, height)

    def of(self, width: int, height: int) -> tuple[int, int]:
        """Width and height for frames of a size; a side that is computed is even."""
        wide, high = self.width, self.height
        if self.short_side is not None:
            wide, high = (None, self.short_side) if height <= width else (self.short_side, None)
        if wide is None:
            assert high is not None
            return _even(high * width, height), high
        return wide, _even(wide * height, width) if high is None else high


def frame_rate(fps: float) -> Fraction:
    """Frame rate as a ratio; 23.976, 29.97 and 59.94 stand for 24000/1001 and so on."""
    ntsc = Fraction(round(fps * 1.001) * 1000, 1001)
    if abs(float(ntsc) - fps) < NTSC_TOLERANCE:
        return ntsc
    return Fraction(fps).limit_denominator(1001)


def bits_per_second(text: str) -> int:
    """Read a bitrate: "800k", "2.5M" or "2500000".

    Raises:
        ValueError: the text is none.
    """
    unit = UNITS.get(text[-1:].lower(), 1)
    bits = float(text[:-1] if unit > 1 else text) * unit
    if not math.isfinite(bits):
        raise ValueError(f"{text} is no bitrate.")
    return round(bits)


def _even(side: int, over: int) -> int:
    """Even number nearest to a quotient; the larger one of two, as in FFmpeg."""
    return 2 * ((side + over) // (2 * over))


def _pixels(text: str) -> int:
    if not text.isdecimal() or len(text) > 6:
        raise ValueError(f"{text} is no number of pixels.")
    return int(text)
