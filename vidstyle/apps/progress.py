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
    seconds: float  # since the start
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
