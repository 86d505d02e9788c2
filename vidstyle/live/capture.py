"""Capture thread: reads a live source, timestamps its frames and reopens it after a loss."""

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
FIRST_RETRY_S, LONGEST_RETRY_S = 0.5, 8.0  # exponential backoff between tries to reopen
STABLE_S = 10.0  # a source that was open so long resets the backoff
IDLE_POLL_S = 0.25  # while there is no demand; bounds the reaction to `stop`


class Capture:
    """Reads a live source on its own thread and passes on each frame with its capture time.

    A source that fails is closed and reopened with exponential backoff. Without demand the source
    is closed too, so that other programs can use the camera. The capture thread owns the source:
    it closes it, even if it is left behind in a call that blocks.
    """

    def __init__(
        self,
        source: LiveSource,
        reopen: Callable[[], LiveSource],
        fit: Callable[[Picture], Picture],
        frames: DropOldestChannel[Frame],
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        """Take an open source.

        Args:
            source: open source to begin with; closed by `run`, or by `close` without a run.
            reopen: opens the source again, after a loss or a time without demand; raises
                SourceError. Called on the capture thread.
            fit: scales a picture of any size to the output size. Called for every frame, on the
                capture thread.
            frames: output channel; closed when the source has ended. `pts` are microseconds of
                `clock`.
            clock: monotonic clock, in seconds.
        """
        self._source: LiveSource | None = source
        self._reopen, self._fit, self._frames, self._clock = reopen, fit, frames, clock
        self._name = source.name
        self._size_wh = (source.width, source.height)
        self._opened_s = 0.0
        self._started = self._lost = False
        self._retry_s, self._retry_at_s = FIRST_RETRY_S, 0.0
        self._wanted = threading.Event()
        self._wanted.set()

    @property
    def source(self) -> LiveSource | None:
        """The open source; None while it is closed."""
        return self._source

    def set_demand(self, wanted: bool) -> None:
        """Open or close the source with the demand for frames; from any thread."""
        if wanted:
            self._wanted.set()
        else:
            self._wanted.clear()

    def run(self, stop: threading.Event) -> None:
        """Read frames until the source ends or `stop` is set; the body of the capture thread."""
        self._started, self._opened_s = True, self._clock()
        try:
            while not stop.is_set():
                if not self._wanted.is_set():
                    self._release()
                    self._wanted.wait(IDLE_POLL_S)
                elif self._source is None:
                    self._open_again(stop)
                elif not self._read_one(self._source, stop):
                    return
        finally:
            self._release()
            self._frames.close()

    def close(self) -> None:
        """Close the source if `run` was never called, from the thread that made the capture."""
        if not self._started:
            self._release()

    def _read_one(self, source: LiveSource, stop: threading.Event) -> bool:
        """Read one frame and pass it on; False at the end of the source or of the run."""
        try:
            picture = source.read(stop)
        except SourceError as error:
            self._handle_loss(error, stop)
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

    def _handle_loss(self, error: SourceError, stop: threading.Event) -> None:
        if self._clock() - self._opened_s >= STABLE_S:
            self._retry_s = FIRST_RETRY_S
        self._schedule_retry(error, stop)
        self._release()

    def _open_again(self, stop: threading.Event) -> None:
        wait_s = self._retry_at_s - self._clock()
        if wait_s > 0:
            stop.wait(wait_s)
            return
        try:
            self._source = self._reopen()
        except SourceError as error:
            self._schedule_retry(error, stop)
            return
        self._opened_s = self._clock()
        if self._lost and not stop.is_set():
            log.warning("%s is back.", self._name)
        self._lost = False

    def _schedule_retry(self, error: SourceError, stop: threading.Event) -> None:
        """Log the first error of a loss, and double the time to the next try."""
        if not self._lost and not stop.is_set():
            log.warning("%s Waiting for it to come back.", error)
        self._lost = True
        self._retry_at_s = self._clock() + self._retry_s
        self._retry_s = min(2 * self._retry_s, LONGEST_RETRY_S)

    def _release(self) -> None:
        source, self._source = self._source, None
        if source is not None:
            source.close()
