"""Sound of the last seconds by the time it was heard, and playheads that follow a time on it.

Knows no device. Sound cards and cameras have clocks of their own; a playhead that is off goes a
little faster or slower, which nobody hears, until it is where it should be.
"""

import threading

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]  # Nx2, -1..1

RATE, CHANNELS = 48_000, 2  # Hz
KEPT_S = 10.0
JUMP_S = 0.05  # off by more, a playhead jumps, and a writer's clock is believed at once
CLOCK_MEMORY = 0.98  # weight of the past in the writer's clock: callbacks come at odd moments
MOST_BEND = 0.005  # of the speed: nine hundredths of a semitone
CATCH_UP_S = 1.0  # in which a playhead wants to be right again
SPARE_S = 0.005  # between a playhead and the newest sound
EASE = 0.002  # seconds a second by which a delay that devices forced grows shorter again
LONGEST_WAY_S = 1.0  # through all devices; sound that is older has stopped coming


class AudioRingBuffer:
    """Written by one thread, read by many."""

    def __init__(self) -> None:
        self._ring: Samples = np.zeros((round(KEPT_S * RATE), CHANNELS), np.float32)
        self._written = 0  # samples since the beginning
        self._zero_s: float | None = None  # when the first of all samples was heard
        self._lock = threading.Lock()

    @property
    def end_s(self) -> float | None:
        """The time of the newest sample; None before the first."""
        with self._lock:
            return None if self._zero_s is None else self._zero_s + self._written / RATE

    def write(self, samples: Samples, start_s: float) -> None:
        """Append samples, the first of which was heard at about `start_s`."""
        with self._lock:
            zero_s = start_s - self._written / RATE
            if self._zero_s is None or abs(zero_s - self._zero_s) > JUMP_S:
                self._zero_s = zero_s
            else:
                self._zero_s = CLOCK_MEMORY * self._zero_s + (1 - CLOCK_MEMORY) * zero_s
            places = (self._written + np.arange(len(samples))) % len(self._ring)
            self._ring[places] = samples
            self._written += len(samples)

    def place(self, time_s: float) -> float | None:
        """How many samples had been heard at a time; None before the first."""
        with self._lock:
            return None if self._zero_s is None else (time_s - self._zero_s) * RATE

    def sample(self, first: float, count: int, speed: float) -> Samples:
        """Read from a place on, linearly between samples; silence where there is nothing."""
        places = first + speed * np.arange(count)
        whole = np.floor(places).astype(np.int64)
        part = (places - whole).astype(np.float32)[:, None]
        with self._lock:
            oldest = max(0, self._written - len(self._ring))
            there = (whole >= oldest) & (whole + 1 < self._written)
            here = self._ring[whole % len(self._ring)]
            following = self._ring[(whole + 1) % len(self._ring)]
        mixed = here * (1 - part) + following * part
        return np.asarray(np.where(there[:, None], mixed, 0), np.float32)


class ReadHead:
    """Reads a tape from one end to the other, as close as can be to the times it is asked for."""

    def __init__(self, ring_buffer: AudioRingBuffer) -> None:
        self._ring_buffer = ring_buffer
        self._place: float | None = None

    def read(self, count: int, start_s: float) -> Samples:
        """Return so many samples, the first from about `start_s`; Nx2 float32, without breaks."""
        wanted = self._ring_buffer.place(start_s)
        if wanted is None:
            return np.zeros((count, CHANNELS), np.float32)
        if self._place is None or abs(wanted - self._place) > JUMP_S * RATE:
            self._place = wanted
        bend = (wanted - self._place) / RATE / CATCH_UP_S
        speed = 1 + float(np.clip(bend, -MOST_BEND, MOST_BEND))
        samples = self._ring_buffer.sample(self._place, count, speed)
        self._place += speed * count
        return samples


class DelayLine:
    """Reads a tape so much later, or as little later as the sound can be had at all.

    A picture may be shown sooner than sound finds its way through two devices.
    """

    def __init__(self, ring_buffer: AudioRingBuffer) -> None:
        self._ring_buffer, self._playhead = ring_buffer, ReadHead(ring_buffer)
        self._way_s = -LONGEST_WAY_S  # from being heard to being on tape, at least

    def read(self, count: int, heard_s: float, delay_s: float) -> Samples:
        """Return so many samples; Nx2 float32, without breaks.

        Args:
            count: how many.
            heard_s: when the first of them will be heard.
            delay_s: how much earlier it should have been on tape.
        """
        end_s = self._ring_buffer.end_s
        if end_s is not None:
            way_s = heard_s + count / RATE + SPARE_S - end_s
            if way_s < LONGEST_WAY_S:
                self._way_s = max(way_s, self._way_s - EASE * count / RATE)
        return self._playhead.read(count, heard_s - max(delay_s, self._way_s))


class Loudness:
    """How loud the sound is, 0..1, rising at once and falling slowly."""

    QUIET_DB, LOUD_DB = -50.0, -15.0
    WINDOW_S, FALL = 0.1, 0.9  # FALL: what is left of the level after one picture

    def __init__(self, ring_buffer: AudioRingBuffer) -> None:
        self._ring_buffer, self._level = ring_buffer, 0.0

    def __call__(self) -> float:
        """The level of this moment; asked once a picture."""
        end_s = self._ring_buffer.end_s
        place = None if end_s is None else self._ring_buffer.place(end_s - self.WINDOW_S)
        if place is not None:
            heard = self._ring_buffer.sample(place, round(self.WINDOW_S * RATE) - 2, 1.0)
            power_db = 10 * np.log10(float(np.mean(heard * heard)) + 1e-12)
            level = (power_db - self.QUIET_DB) / (self.LOUD_DB - self.QUIET_DB)
            self._level = max(float(np.clip(level, 0, 1)), self.FALL * self._level)
        return self._level
