"""Live metrics: latency, frame rate and CPU use; the report of a run."""

import math
import os
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from vidstyle.results import RunResult
from vidstyle.stats import per_second

WINDOW_LENGTH = 1800  # frames: a minute at 30 fps
MIN_SPAN_S = 0.5  # of a CPU measurement; shorter spans are noise


class LatencyMeter:
    """Latency and rate of the last `WINDOW_LENGTH` displayed frames; safe from any thread."""

    def __init__(self) -> None:
        self._latencies_s: deque[float] = deque(maxlen=WINDOW_LENGTH)
        self._shown_s: deque[float] = deque(maxlen=WINDOW_LENGTH)
        self.count = 0  # displayed frames since the beginning
        self.first_s: float | None = None  # time when the first frame was displayed
        self._lock = threading.Lock()

    def note(self, captured_s: float, shown_s: float) -> None:
        """Record one frame: when it was captured and displayed, in seconds of one clock."""
        with self._lock:
            self._latencies_s.append(shown_s - captured_s)
            self._shown_s.append(shown_s)
            self.count += 1
            self.first_s = shown_s if self.first_s is None else self.first_s

    def percentile_s(self, percent: float) -> float:
        """Percentile of the latency, in seconds; 0 before the first frame."""
        with self._lock:
            ordered = sorted(self._latencies_s)
        if not ordered:
            return 0.0
        return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)]

    @property
    def fps(self) -> float:
        """Displayed frames per second; 0 before the second frame."""
        with self._lock:
            if not self._shown_s:
                return 0.0
            return per_second(len(self._shown_s) - 1, self._shown_s[-1] - self._shown_s[0])


def process_cpu_s() -> float:
    """CPU time of all threads of this process since its start, in seconds."""
    times = os.times()
    return times.user + times.system


class CpuMeter:
    """CPU use of the process, averaged over the last `MIN_SPAN_S` or more; safe from any thread."""

    def __init__(
        self,
        clock: Callable[[], float] = time.perf_counter,
        cpu_s: Callable[[], float] = process_cpu_s,
    ) -> None:
        self._clock, self._cpu_s = clock, cpu_s
        # Time, CPU time and result of the last measurement; one value, for readers of all threads.
        self._last = clock(), cpu_s(), 0.0

    @property
    def cores(self) -> float:
        """CPU seconds per second: 1.0 is one core at full load."""
        now_s = self._clock()
        since_s, used_s, cores = self._last
        if now_s - since_s >= MIN_SPAN_S:
            now_used_s = self._cpu_s()
            cores = (now_used_s - used_s) / (now_s - since_s)
            self._last = now_s, now_used_s, cores
        return cores


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveReport(RunResult):
    """Measurements of a live run; latency and frame rate are of its last 1800 frames."""

    frames: int  # displayed
    fps: float
    latency_p50_ms: float  # median, from capture until the sink has taken the frame
    latency_p99_ms: float  # 99th percentile
    dropped: int  # captured, but replaced by a newer frame before rendering
    keyframes: int  # painted by the generator
    quality: str  # last quality level, for people
    cores: float  # CPU seconds per second, over the whole run
    memory_mb: float | None  # resident, at the end; None where it is unknown
    first_picture_s: float | None  # from the start to the first displayed frame
    recordings_cut_short: int = 0  # ended early, as on a full disk; their files can be played
