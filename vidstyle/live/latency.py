"""How old a picture is when it is shown, and how many are shown a second."""

import math
import threading
from collections import deque

REMEMBERED = 1800  # pictures: a minute at 30 fps


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
