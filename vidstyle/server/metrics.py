"""Metrics in the text format of Prometheus: counters, gauges and histograms of the server."""

import bisect
import itertools
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
TEXT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Histogram:
    """Counts of durations by upper bounds; belongs to one thread."""

    def __init__(self, bounds_s: Sequence[float] = BUCKETS_S) -> None:
        self._bounds_s = bounds_s
        self._counts = [0] * (len(bounds_s) + 1)
        self._sum_s = 0.0

    def observe(self, seconds: float) -> None:
        """Count a duration."""
        self._counts[bisect.bisect_left(self._bounds_s, seconds)] += 1
        self._sum_s += seconds

    def lines(self, name: str) -> Iterator[str]:
        """Yield the samples of a metric."""
        yield f"# TYPE {name} histogram"
        bounds = [*map(str, self._bounds_s), "+Inf"]
        totals = list(itertools.accumulate(self._counts))
        for bound, total in zip(bounds, totals, strict=True):
            yield f'{name}_bucket{{le="{bound}"}} {total}'
        yield f"{name}_sum {self._sum_s:.6f}"
        yield f"{name}_count {totals[-1]}"


class Metrics:
    """Numbers of one server since its start; belongs to the event loop."""

    def __init__(self) -> None:
        self.responses: Counter[int] = Counter()  # by status
        self.pictures: Counter[str] = Counter()  # by "fresh" and "cached"
        self.picture_s = Histogram()
        self.live_frames: Counter[str] = Counter()  # by "painted" and "dropped"
        self.viewers = 0
        self.received_bytes = 0

    def text(self, jobs: Mapping[str, int]) -> str:
        """All metrics as text.

        Args:
            jobs: number of jobs by state.
        """
        lines = [
            *_counter("vidstyle_http_responses_total", "status", self.responses),
            *_counter("vidstyle_pictures_total", "source", self.pictures),
            *self.picture_s.lines("vidstyle_picture_seconds"),
            *_counter("vidstyle_live_frames_total", "outcome", self.live_frames),
            *_gauge("vidstyle_live_viewers", self.viewers),
            *_counter("vidstyle_uploaded_bytes_total", "", {"": self.received_bytes}),
            "# TYPE vidstyle_jobs gauge",
            *(f'vidstyle_jobs{{state="{state}"}} {number}' for state, number in jobs.items()),
        ]
        return "\n".join(lines) + "\n"


def _counter(name: str, label: str, counts: Mapping[int, int] | Mapping[str, int]) -> Iterator[str]:
    yield f"# TYPE {name} counter"
    for value, count in sorted(counts.items()):
        yield f'{name}{{{label}="{value}"}} {count}' if label else f"{name} {count}"


def _gauge(name: str, value: int) -> Iterator[str]:
    yield f"# TYPE {name} gauge"
    yield f"{name} {value}"
