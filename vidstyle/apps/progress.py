"""Progress reports and cancellation of a conversion, in the thread that called it."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from vidstyle.errors import Cancelled
from vidstyle.stats import Stats, per_second

MIN_INTERVAL_S = 0.1  # between reports


@dataclass(frozen=True, slots=True)
class VideoProgress:
    """State of a running `stylize_video`."""

    frames: int  # written so far
    total: int | None  # frames expected; None where the file does not say
    seconds: float  # since the start, and of interrupted runs that it goes on from
    position_s: float  # presentation time of the last frame written
    paintings: int  # keyframes optimized so far, with quality="full"
    total_paintings: int | None  # None with quality="fast", and during scene detection

    @property
    def fps(self) -> float:
        """Frames written per second, since the start."""
        return per_second(self.frames, self.seconds)


class Watch:
    """Progress reporter and cancellation check, called periodically; belongs to one thread."""

    def __init__(
        self,
        stats: Stats,
        progress: Callable[[VideoProgress], None] | None,
        cancel: threading.Event | None,
    ) -> None:
        """Create a watch.

        Args:
            stats: of the run.
            progress: called with the state by `report`; None for none.
            cancel: set by the caller to cancel the run; None for never.
        """
        self._stats, self._progress, self._cancel = stats, progress, cancel
        self._reported_s = -MIN_INTERVAL_S

    def __call__(self) -> None:
        """Report, unless the last report is less than `MIN_INTERVAL_S` old; check for cancellation.

        Raises:
            Cancelled: `cancel` is set.
            Exception: raised by `progress`.
        """
        if time.monotonic() - self._reported_s >= MIN_INTERVAL_S:
            self.report()
        if self._cancel is not None and self._cancel.is_set():
            frames = self._stats["frames"]
            raise Cancelled(f"Cancelled after {frames} frames. No output was written.")

    def report(self) -> None:
        """Call `progress` with the present state."""
        self._reported_s = time.monotonic()
        if self._progress is not None:
            self._progress(
                VideoProgress(
                    frames=self._stats["frames"],
                    total=self._stats.expected_frames,
                    seconds=self._stats.elapsed_s,
                    position_s=self._stats.position_s,
                    paintings=self._stats["paintings"],
                    total_paintings=self._stats.expected_paintings,
                )
            )


class BatchEstimate:
    """Time left of a batch, from the bytes of its inputs; callable from any thread."""

    def __init__(self, total_bytes: int, clock: Callable[[], float] = time.monotonic) -> None:
        """Start the clock.

        Args:
            total_bytes: of the inputs of all runs.
            clock: monotonic time in seconds.
        """
        self._clock, self._started_s = clock, clock()
        self._finished = self._running = 0  # bytes
        self._waiting = total_bytes
        self._lock = threading.Lock()

    def begin(self, input_bytes: int) -> None:
        """Begin the next run; the one before has ended."""
        with self._lock:
            self._finished += self._running
            self._running = input_bytes
            self._waiting -= input_bytes

    def left_s(self, done_share: float) -> float | None:
        """Return the seconds left for the whole batch; None while nothing is done or none waits.

        Args:
            done_share: of the run at work, 0 to 1.
        """
        with self._lock:
            done = self._finished + done_share * self._running
            rest = self._waiting + (1 - done_share) * self._running
            if done <= 0 or self._waiting <= 0:
                return None
            return (self._clock() - self._started_s) * rest / done
