"""Live source interface: frames one by one, each when it is due; pacing by a source's own clock."""

import time
from collections.abc import Callable
from fractions import Fraction
from typing import Protocol

from vidstyle.frame import Picture

LATE_S = 0.5  # behind its own clock, a source gives up catching up


class LiveSource(Protocol):
    """Something that gives pictures one after the other, each when its time has come."""

    name: str  # what messages call it
    width: int
    height: int
    rate: Fraction  # pictures per second, as it promises
    notes: list[str]  # what the user should know, such as what differs from what was asked for

    def read(self) -> Picture | None:
        """Wait for the next picture; None where the source has ended.

        Raises:
            SourceError: it is lost, or gives nothing that can be used.
        """

    def close(self) -> None:
        """Let it go."""


class Pace:
    """Holds a source that could be faster to its own clock."""

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._clock, self._sleep = clock, sleep
        self.zero_s: float | None = None  # what the clock showed when the source's showed 0

    def wait_for(self, time_s: float) -> None:
        """Sleep until the source's own time has come; after a long break the clock starts anew."""
        now_s = self._clock()
        if self.zero_s is None or now_s - self.zero_s - time_s > LATE_S:
            self.zero_s = now_s - time_s
        wait_s = self.zero_s + time_s - now_s
        if wait_s > 0:
            self._sleep(wait_s)

    def restart(self) -> None:
        """Begin again at the next picture."""
        self.zero_s = None
