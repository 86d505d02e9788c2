"""Live source interface, and pacing of sources that could be read faster than real time."""

import threading
import time
from collections.abc import Callable
from fractions import Fraction
from typing import Protocol

from vidstyle.frame import Picture

MAX_LAG_S = 0.5  # a source that is later restarts its clock instead of catching up


class LiveSource(Protocol):
    """Live source: webcam, network stream or video file, read in real time."""

    name: str  # for messages
    width: int  # of the first frame, in pixels
    height: int
    rate: Fraction  # nominal frames per second
    notes: list[str]  # messages for the user, such as modes that the camera refused

    def read(self, stop: threading.Event) -> Picture | None:
        """Wait for the next frame and return its picture; None at the end of the source.

        Called by the capture thread for every frame. Waits in Python end once `stop` is set, also
        with None; a call that blocks in a device or network is left behind by the end of a run.

        Args:
            stop: set to end the run.

        Raises:
            SourceError: the source is lost, or gives no usable frames.
        """

    def close(self) -> None:
        """Release the device or file; by the capture thread, and again at the end of the run."""


class Pacer:
    """Paces a source by its timestamps: real-time playback of files and buffered streams.

    Args:
        clock: monotonic clock, in seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self._clock = clock
        self.zero_s: float | None = None  # time of the clock at the source's timestamp 0

    def wait_for(self, time_s: float, stop: threading.Event) -> bool:
        """Wait until a timestamp of the source is due; False if `stop` was set before.

        A source that is more than `MAX_LAG_S` late, as after a suspended computer, is due at once.

        Args:
            time_s: timestamp in seconds.
            stop: set to end the wait.
        """
        now_s = self._clock()
        if self.zero_s is None or now_s - self.zero_s - time_s > MAX_LAG_S:
            self.zero_s = now_s - time_s
        wait_s = self.zero_s + time_s - now_s
        return not (stop.wait(wait_s) if wait_s > 0 else stop.is_set())

    def restart(self) -> None:
        """Make the next frame due at once; the clock starts anew at its timestamp."""
        self.zero_s = None
