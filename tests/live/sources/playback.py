"""A clock for paced sources, and all pictures of a source."""

import math
import threading

from vidstyle.frame import Picture
from vidstyle.live.sources.base import LiveSource

NEVER = threading.Event()  # a stop that does not come


class Clock(threading.Event):
    """A clock that only waiting for it as a stop moves; the stop comes when time is up."""

    def __init__(self, until_s: float = math.inf) -> None:
        super().__init__()
        self.now_s, self.slept, self.until_s = 100.0, list[float](), until_s

    def __call__(self) -> float:
        return self.now_s

    def wait(self, timeout: float | None = None) -> bool:
        assert timeout is not None
        timeout = min(timeout, self.until_s - self.now_s)
        self.slept.append(timeout)
        self.now_s += timeout
        return self.is_set()

    def is_set(self) -> bool:
        return self.now_s >= self.until_s


def read_all(source: LiveSource, stop: threading.Event = NEVER) -> list[Picture]:
    pictures = []
    while (picture := source.read(stop)) is not None:
        pictures.append(picture)
    source.close()
    return pictures
