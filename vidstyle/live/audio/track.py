"""Sound beside the pictures of a recording."""

import math
from collections import Counter
from fractions import Fraction
from typing import Any

import av
import numpy as np

from vidstyle.live.audio.ring_buffer import RATE, AudioRingBuffer, ReadHead
from vidstyle.media.info import VideoInfo

MOST_AT_ONCE = RATE  # samples
BEHIND_S = 0.5  # the newest sound may not have come through its device yet


class NoAudio:
    """Nothing goes along with the pictures."""

    def __init__(
        self, like: VideoInfo, output: av.container.OutputContainer, video: av.VideoStream
    ) -> None:
        self.warnings: list[str] = []

    @property
    def copied(self) -> Counter[str]:
        return Counter()

    def advance(self, until_s: float) -> None:
        """Write nothing."""

    def close(self) -> None:
        """Let go of nothing."""


class SoundTrack:
    """What was heard while the pictures were taken, from a tape."""

    def __init__(
        self, ring_buffer: AudioRingBuffer, begun_s: float, output: av.container.OutputContainer
    ) -> None:
        """Add a stream of sound to a file.

        Args:
            tape: times on it are those of the clock that pictures are stamped with.
            begun_s: the time of the first picture.
            output: nothing has been written to it yet.
        """
        self.warnings: list[str] = []
        codec = "libopus" if output.format.name == "webm" else "aac"
        stream: Any = output.add_stream(codec, rate=RATE, layout="stereo")
        self._output, self._stream = output, stream
        self._playhead, self._begun_s = ReadHead(ring_buffer), begun_s
        self._written = 0  # samples
        self._last_picture_s = 0.0

    @property
    def copied(self) -> Counter[str]:
        return Counter(audio=1)

    def advance(self, until_s: float) -> None:
        """Write what was heard up to a time on the pictures' clock; the rest at the end."""
        if until_s == math.inf:
            self._write_until(self._last_picture_s)
            self._output.mux(self._stream.encode(None))
            return
        self._last_picture_s = until_s
        self._write_until(until_s - BEHIND_S)

    def close(self) -> None:
        """Let go of nothing: the tape goes on."""

    def _write_until(self, until_s: float) -> None:
        missing = round(until_s * RATE) - self._written
        while missing > 0:  # after a computer has slept, hours
            count = min(missing, MOST_AT_ONCE)
            self._write(count)
            missing -= count

    def _write(self, count: int) -> None:
        samples = self._playhead.read(count, self._begun_s + self._written / RATE)
        planes = np.ascontiguousarray(samples.T)
        frame = av.AudioFrame.from_ndarray(planes, format="fltp", layout="stereo")
        frame.sample_rate, frame.time_base = RATE, Fraction(1, RATE)
        frame.pts = self._written
        self._output.mux(self._stream.encode(frame))
        self._written += count
