"""Counters and stage timings of one run, for progress display and reports."""

import threading
import time
from collections import Counter, deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

REMEMBERED = 4096  # durations per stage; enough for a p99, and a long film stays small


def per_second(amount: float, seconds: float) -> float:
    """Return a rate; 0 where no time has passed, as within one step of a coarse clock."""
    return amount / seconds if seconds > 0 else 0.0


@dataclass
class StageTimes:
    """Call count, wall time and CPU time of one pipeline stage."""

    calls: int = 0
    wall_s: float = 0.0
    cpu_s: float = 0.0  # of the calling thread only, without a library's own threads
    recent_s: deque[float] = field(default_factory=lambda: deque(maxlen=REMEMBERED))

    def percentile_ms(self, percent: float) -> float:
        """Return a percentile of the recent durations in milliseconds; at least one call needed."""
        ordered = sorted(self.recent_s)
        return 1000 * ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]


class Stats:
    """Counters and stage timings of one run; thread-safe.

    Each stage writes under its own names from its own thread; any thread may read at any time.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._started = time.monotonic()
        self._counts: Counter[str] = Counter()
        self._first_s: dict[str, float] = {}  # time of the first count
        self._stages: dict[str, StageTimes] = {}
        self.expected_frames: int | None = None
        self.expected_s: float | None = None  # length of the output
        self.expected_paintings: int | None = None  # optimized paintings before the first frame
        self.time_limit_s: float | None = None  # of the whole run
        self.position_s = 0.0  # presentation time of the last frame written, from the start
        self.workers: int | None = None  # of a cluster, at work; None without one
        self.resumed_at_s: float | None = None  # where an interrupted run was taken up

    def count(self, name: str, amount: int = 1) -> None:
        """Add to a named counter: "frames", "keyframes", "corrupt packets", ..."""
        with self._lock:
            self._counts[name] += amount
            self._first_s.setdefault(name, time.monotonic())

    def set_count(self, name: str, value: int) -> None:
        """Set a named counter, for a value that was counted elsewhere."""
        with self._lock:
            self._counts[name] = value
            self._first_s.setdefault(name, time.monotonic())

    def resume(self, counts: Mapping[str, int], seconds: float, position_s: float) -> None:
        """Take over from an interrupted run.

        Args:
            counts: counters of that run, which are added.
            seconds: that it took.
            position_s: presentation time up to which its frames are there.
        """
        with self._lock:
            self._counts.update(counts)
            self._started -= seconds
            self._first_s |= dict.fromkeys(counts, self._started)
        self.position_s = self.resumed_at_s = position_s

    def __getitem__(self, name: str) -> int:
        """Return the value of a counter, 0 if it was never counted."""
        with self._lock:
            return self._counts[name]

    def seconds_since_first(self, name: str) -> float:
        """Return the seconds since a counter was first counted; 0 if it never was."""
        with self._lock:
            now_s = time.monotonic()
            return now_s - self._first_s.get(name, now_s)

    @property
    def elapsed_s(self) -> float:
        """Seconds since the run started, and those of the runs that it goes on from."""
        return time.monotonic() - self._started

    @property
    def stages(self) -> dict[str, StageTimes]:
        """Timings by stage name, a shallow copy."""
        with self._lock:
            return dict(self._stages)

    @contextmanager
    def timed(self, stage: str) -> Iterator[None]:
        """Time the `with` block as one call of `stage`; a block that raises is not counted."""
        wall, cpu = time.perf_counter(), time.thread_time()
        yield
        wall, cpu = time.perf_counter() - wall, time.thread_time() - cpu
        with self._lock:
            times = self._stages.setdefault(stage, StageTimes())
            times.calls += 1
            times.wall_s += wall
            times.cpu_s += cpu
            times.recent_s.append(wall)
