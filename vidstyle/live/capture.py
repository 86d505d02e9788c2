"""Keeps a source open and its newest picture at hand; a lost source is opened again."""

import logging
import threading
import time
from collections.abc import Callable
from fractions import Fraction

from vidstyle.errors import SourceError
from vidstyle.frame import Frame, Picture
from vidstyle.live.sources.base import LiveSource
from vidstyle.pipeline.latest import DropOldestChannel

log = logging.getLogger(__name__)

MICROSECOND = Fraction(1, 1_000_000)
FIRST_RETRY_S, LONGEST_RETRY_S = 0.5, 8.0
STEADY_S = 10.0  # a source that held out so long gets a quick first retry again
ASLEEP_S = 0.25  # between looks whether somebody wants pictures again


class Capture:
    """Reads a source on a thread of its own and hands on each picture, stamped with its time."""

    def __init__(
        self,
        source: LiveSource,
        reopen: Callable[[], LiveSource],
        fit: Callable[[Picture], Picture],
        frames: DropOldestChannel[Frame],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take an open source.

        Args:
            source: read first.
            reopen: opens it again after it was lost or let go.
            fit: brings any picture to the size that everybody behind expects.
            frames: gets the pictures; closed when the source has ended.
            clock: the times of the frames are its, in microseconds.
        """
        self._source: LiveSource | None = source
        self._reopen, self._fit, self._frames, self._clock = reopen, fit, frames, clock
        self._name = source.name
        self._size_wh = (source.width, source.height)
        self._opened_s = 0.0
        self._lost = False
        self._retry_s, self._retry_at_s = FIRST_RETRY_S, 0.0
        self._wanted = threading.Event()
        self._wanted.set()

    @property
    def source(self) -> LiveSource | None:
        """What is open now; None while it is lost or let go."""
        return self._source

    def want(self, wanted: bool) -> None:
        """Say whether anybody looks; while nobody does, the source is let go."""
        if wanted:
            self._wanted.set()
        else:
            self._wanted.clear()

    def run(self, stop: threading.Event) -> None:
        """Read until the source ends or somebody says stop."""
        self._opened_s = self._clock()
        try:
            while not stop.is_set():
                if not self._wanted.is_set():
                    self._let_go()
                    self._wanted.wait(ASLEEP_S)
                elif self._source is None:
                    self._open_again(stop)
                elif not self._read_one(self._source):
                    return
        finally:
            self._let_go()
            self._frames.close()

    def _read_one(self, source: LiveSource) -> bool:
        """Read a picture and hand it on; False at the end of the source."""
        try:
            picture = source.read()
        except SourceError as error:
            self._lose(error)
            return True
        if picture is None:
            return False
        captured = round(self._clock() / MICROSECOND)
        size_wh = (picture.width, picture.height)
        if size_wh != self._size_wh:
            log.warning("%s now gives %dx%d pictures.", self._name, *size_wh)
            self._size_wh = size_wh
        self._frames.put(Frame(self._fit(picture), captured, MICROSECOND))
        return True

    def _lose(self, error: SourceError) -> None:
        if self._clock() - self._opened_s >= STEADY_S:
            self._retry_s = FIRST_RETRY_S
        self._miss(error)
        self._let_go()

    def _open_again(self, stop: threading.Event) -> None:
        wait_s = self._retry_at_s - self._clock()
        if wait_s > 0:
            stop.wait(wait_s)
            return
        try:
            self._source = self._reopen()
        except SourceError as error:
            self._miss(error)
            return
        self._opened_s = self._clock()
        if self._lost:
            log.warning("%s is back.", self._name)
        self._lost = False

    def _miss(self, error: SourceError) -> None:
        """Say once what has happened, and try again later."""
        if not self._lost:
            log.warning("%s Waiting for it to come back.", error)
        self._lost = True
        self._retry_at_s = self._clock() + self._retry_s
        self._retry_s = min(2 * self._retry_s, LONGEST_RETRY_S)

    def _let_go(self) -> None:
        source, self._source = self._source, None
        if source is not None:
            source.close()
