"""Progress and cancellation of a conversion, in the thread that called it."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from vidstyle.errors import Cancelled
from vidstyle.stats import Stats

LEAST_INTERVAL_S = 0.1  # from one report to the next


@dataclass(frozen=True, slots=True)
class VideoProgress:
    """State of a running `stylize_video`."""

    frames: int  # written so far
    total: int | None  # frames expected; None where the file does not say
    seconds: float  # since the start
    position_s: float  # presentation time of the last frame written
    paintings: int  # optimized so far, with quality="full"; before the first frame is written
    total_paintings: int | None  # None with quality="fast", and until the scenes are found

    @property
    def fps(self) -> float:
        """Frames written per second, since the start."""
        return self.frames / self.seconds if self.seconds else 0.0


class Watch:
    """Reports progress and notices cancellation, whenever it is called; for one thread."""

    def __init__(
        self,
        stats: Stats,
        progress: Callable[[VideoProgress], None] | None,
        cancel: threading.Event | None,
    ) -> None:
        """Take the run's stats, and the two ways to its caller."""
        self._stats, self._progress, self._cancel = stats, progress, cancel
        self._reported_s = -LEAST_INTERVAL_S

    def __call__(self) -> None:
        """Notice cancellation; report unless the last report was only just now.

        Raises:
            Cancelled: the caller asked for it.
            Exception: of the progress function.
        """
        if time.monotonic() - self._reported_s >= LEAST_INTERVAL_S:
            self.report()
        if self._cancel is not None and self._cancel.is_set():
            frames = self._stats["frames"]
            raise Cancelled(f"Cancelled after {frames} frames. No output was written.")

    def report(self) -> None:
        """Report now."""
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
