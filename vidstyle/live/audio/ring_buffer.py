"""Audio ring buffer addressed by time, with read heads that resample to correct clock drift.

Independent of audio devices. Sound cards and cameras have clocks of their own; a read head that is
off plays up to 0.5 % faster or slower, which is inaudible, until it is in sync.
"""

import threading

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]  # Nx2 stereo samples, -1..1

RATE, CHANNELS = 48_000, 2  # Hz, stereo
CAPACITY_S = 10.0
JUMP_S = 0.05  # errors above it: a read head seeks, and the writer's timestamp is used unsmoothed
CLOCK_SMOOTHING = 0.98  # weight of the old value in the writer's clock: callback times jitter
MAX_SPEED_CHANGE = 0.005  # of a read head's speed: nine hundredths of a semitone
CATCH_UP_S = 1.0  # time in which a read head aims to correct an error
READ_MARGIN_S = 0.005  # from a read head to the newest sample
DELAY_DECAY = 0.002  # seconds per second by which an enforced minimum delay shrinks again
STALLED_S = 1.0  # a larger minimum delay is ignored: no audio arrives any more


class AudioRingBuffer:
    """Audio ring buffer of the last `CAPACITY_S` seconds; one writer, many readers.

    Times are seconds of `time.perf_counter`, the clock of the frames' timestamps. Positions count
    samples since the first one written. All methods are safe from any thread and wait only for
    the copy of a block.
    """

    def __init__(self) -> None:
        self._ring: Samples = np.zeros((round(CAPACITY_S * RATE), CHANNELS), np.float32)
        self._written = 0  # samples written since the beginning
        self._zero_s: float | None = None  # capture time of position 0
        self._lock = threading.Lock()

    @property
    def end_s(self) -> float | None:
        """Capture time of the newest sample, in seconds; None before the first."""
        with self._lock:
            return None if self._zero_s is None else self._zero_s + self._written / RATE

    def write(self, samples: Samples, start_s: float) -> None:
        """Append samples; called by the one writer for each block of its device or file.

        Args:
            samples: Nx2 float32, -1..1.
            start_s: capture time of the first sample; jitter is smoothed.
        """
        with self._lock:
            zero_s = start_s - self._written / RATE
            if self._zero_s is None or abs(zero_s - self._zero_s) > JUMP_S:
                self._zero_s = zero_s
            else:
                self._zero_s = CLOCK_SMOOTHING * self._zero_s + (1 - CLOCK_SMOOTHING) * zero_s
            positions = (self._written + np.arange(len(samples))) % len(self._ring)
            self._ring[positions] = samples
            self._written += len(samples)

    def position(self, time_s: float) -> float | None:
        """Position at a capture time in seconds, with fraction; None before the first sample."""
        with self._lock:
            return None if self._zero_s is None else (time_s - self._zero_s) * RATE

    def sample(self, first: float, count: int, speed: float) -> Samples:
        """Read with linear interpolation; zeros outside of the buffered range.

        Args:
            first: position of the first sample, with fraction.
            count: number of samples to return.
            speed: positions per returned sample.

        Returns:
            `count` x 2 float32, -1..1.
        """
        positions = first + speed * np.arange(count)
        whole = np.floor(positions).astype(np.int64)
        part = (positions - whole).astype(np.float32)[:, None]
        with self._lock:
            oldest = max(0, self._written - len(self._ring))
            buffered = (whole >= oldest) & (whole + 1 < self._written)
            preceding = self._ring[whole % len(self._ring)]
            following = self._ring[(whole + 1) % len(self._ring)]
        mixed = preceding * (1 - part) + following * part
        return np.asarray(np.where(buffered[:, None], mixed, 0), np.float32)


class ReadHead:
    """Read head: continuous playback from a ring buffer that follows requested times.

    Small errors are corrected by up to 0.5 % of speed, errors above `JUMP_S` by a seek. Belongs to
    one thread.
    """

    def __init__(self, ring_buffer: AudioRingBuffer) -> None:
        self._ring_buffer = ring_buffer
        self._position: float | None = None

    def read(self, count: int, start_s: float) -> Samples:
        """Read the next block of `count` samples, the first from about `start_s`.

        Returns:
            `count` x 2 float32, -1..1; continues the previous block without a gap, unless it seeks.
        """
        wanted = self._ring_buffer.position(start_s)
        if wanted is None:
            return np.zeros((count, CHANNELS), np.float32)
        if self._position is None or abs(wanted - self._position) > JUMP_S * RATE:
            self._position = wanted
        bend = (wanted - self._position) / RATE / CATCH_UP_S
        speed = 1 + float(np.clip(bend, -MAX_SPEED_CHANGE, MAX_SPEED_CHANGE))
        samples = self._ring_buffer.sample(self._position, count, speed)
        self._position += speed * count
        return samples


class DelayLine:
    """Audio delay line for lip sync; raises the delay to the latency of the audio devices.

    A frame may be displayed sooner than its audio has passed through two devices. Belongs to one
    thread.
    """

    def __init__(self, ring_buffer: AudioRingBuffer) -> None:
        self._ring_buffer, self._read_head = ring_buffer, ReadHead(ring_buffer)
        self._min_delay_s = -STALLED_S  # at which the newest samples have arrived in time

    def read(self, count: int, heard_s: float, delay_s: float) -> Samples:
        """Read the next block of samples to play.

        Args:
            count: number of samples.
            heard_s: time at which the first of them will be audible.
            delay_s: wanted delay from capture to output, in seconds.

        Returns:
            `count` x 2 float32, -1..1.
        """
        end_s = self._ring_buffer.end_s
        if end_s is not None:
            required_s = heard_s + count / RATE + READ_MARGIN_S - end_s
            if required_s < STALLED_S:
                self._min_delay_s = max(required_s, self._min_delay_s - DELAY_DECAY * count / RATE)
        return self._read_head.read(count, heard_s - max(delay_s, self._min_delay_s))


class LoudnessMeter:
    """Loudness meter with instant attack and slow release; belongs to one thread."""

    QUIET_DB, LOUD_DB = -50.0, -15.0  # power relative to full scale at level 0 and 1
    WINDOW_S, FALL = 0.1, 0.9  # FALL: decay of the level per frame

    def __init__(self, ring_buffer: AudioRingBuffer) -> None:
        self._ring_buffer, self._level = ring_buffer, 0.0

    def __call__(self) -> float:
        """Level 0..1 of the last `WINDOW_S` seconds; call it once per frame."""
        end_s = self._ring_buffer.end_s
        position = None if end_s is None else self._ring_buffer.position(end_s - self.WINDOW_S)
        if position is not None:
            heard = self._ring_buffer.sample(position, round(self.WINDOW_S * RATE) - 2, 1.0)
            power_db = 10 * np.log10(float(np.mean(heard * heard)) + 1e-12)
            level = (power_db - self.QUIET_DB) / (self.LOUD_DB - self.QUIET_DB)
            self._level = max(float(np.clip(level, 0, 1)), self.FALL * self._level)
        return self._level
