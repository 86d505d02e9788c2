"""How much of the processor this process takes."""

import os
import time
from collections.abc import Callable

LEAST_SPAN_S = 0.5  # shorter spans say little


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
