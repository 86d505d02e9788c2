"""Live metrics: latency, frame rate and CPU use, and the report of a run."""

import math
import os
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

REMEMBERED = 1800  # pictures: a minute at 30 fps
LEAST_SPAN_S = 0.5  # shorter spans say little


class LatencyMeter:
    """Latency and rate of the pictures shown lately; may be read from any thread."""

    def __init__(self) -> None:
        self._latencies_s: deque[float] = deque(maxlen=REMEMBERED)
        self._shown_s: deque[float] = deque(maxlen=REMEMBERED)
        self.count = 0  # of all pictures so far
        self.first_s: float | None = None  # when the first was shown
        self._lock = threading.Lock()

    def note(self, captured_s: float, shown_s: float) -> None:
        """Note one picture, by when it was captured and shown on the same clock."""
        with self._lock:
            self._latencies_s.append(shown_s - captured_s)
            self._shown_s.append(shown_s)
            self.count += 1
            self.first_s = shown_s if self.first_s is None else self.first_s

    def percentile_s(self, percent: float) -> float:
        """The latency that `percent` of the recent pictures stay under; 0 without any."""
        with self._lock:
            ordered = sorted(self._latencies_s)
        if not ordered:
            return 0.0
        return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)]

    @property
    def fps(self) -> float:
        """Pictures a second, over those remembered."""
        with self._lock:
            if len(self._shown_s) < 2:
                return 0.0
            return (len(self._shown_s) - 1) / max(1e-9, self._shown_s[-1] - self._shown_s[0])


def process_cpu_s() -> float:
    """CPU seconds of all threads of this process, so far."""
    times = os.times()
    return times.user + times.system


class CpuMeter:
    """CPU seconds per second, over the last half second or more."""

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        cpu_s: Callable[[], float] = process_cpu_s,
    ) -> None:
        self._clock, self._cpu_s = clock, cpu_s
        self._since_s, self._used_s = clock(), cpu_s()
        self._cores = 0.0

    @property
    def cores(self) -> float:
        """1.0 is one core's full time."""
        now_s = self._clock()
        if now_s - self._since_s >= LEAST_SPAN_S:
            used_s = self._cpu_s()
            self._cores = (used_s - self._used_s) / (now_s - self._since_s)
            self._since_s, self._used_s = now_s, used_s
        return self._cores


@dataclass(frozen=True, slots=True)
class LiveReport:
    """What was measured while the filter ran; latency and rate are those of its last seconds."""

    seconds: float
    frames: int  # shown
    fps: float
    latency_p50_ms: float  # from capture to where the pictures went
    latency_p99_ms: float
    dropped: int  # captured, but never shown: a newer one was there
    keyframes: int
    quality: str
    cores: float  # CPU seconds per second, over all
    memory_mb: float | None  # at the end
    first_picture_s: float | None  # from the start
    recordings_cut_short: int = 0  # by a full disk, for one; they hold what was written until then
