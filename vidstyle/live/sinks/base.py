"""Where pictures leave the live filter, each way on a thread of its own."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from vidstyle.frame import Frame, Picture
from vidstyle.live.controls import Command, Controls
from vidstyle.live.metrics import LatencyMeter
from vidstyle.live.sinks.overlay import Status
from vidstyle.pipeline.latest import DropOldestChannel

POLL_S = 0.25


@dataclass(frozen=True, slots=True, eq=False)
class OutputFrame:
    """One moment as it is to be seen."""

    frame: Frame  # stylized; its time is when it was captured
    original: Picture  # of the same size
    live: bool = True  # False for placeholders and frozen pictures


class LiveSink(Protocol):
    """Takes one picture after the other."""

    def write(self, view: OutputFrame) -> None:
        """Show or keep it.

        Raises:
            SinkError: it cannot be.
        """

    def close(self) -> None:
        """Finish what has been begun."""


class Display(Protocol):
    """Somebody who sees the pictures and may press keys: the window, or a program in its place."""

    views: DropOldestChannel[OutputFrame]
    meter: LatencyMeter

    def run(
        self,
        goes_on: Callable[[], bool],
        controls: Controls,
        act: Callable[[Command, OutputFrame | None], str],
        status: Callable[[], Status],
    ) -> None:
        """Look on as long as it goes on, in the calling thread."""


class NullSink:
    """Takes pictures that nobody wants to see, so that they can be measured."""

    def write(self, view: OutputFrame) -> None:
        """Forget it."""

    def close(self) -> None:
        """Do nothing."""


class SinkThread:
    """Hands the newest views to a sink; what the sink is too slow for is dropped and counted."""

    def __init__(
        self,
        sink: LiveSink,
        capacity: int = 1,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._sink, self._clock = sink, clock
        self.meter = LatencyMeter()
        self.views: DropOldestChannel[OutputFrame] = DropOldestChannel(capacity)

    def run(self, stop: threading.Event) -> None:
        """Write until the views end; then close the sink."""
        try:
            while not self.views.exhausted:
                view = self.views.get(POLL_S)
                if view is not None:
                    self._sink.write(view)
                    if view.live:
                        self.meter.note(view.frame.time_s, self._clock())
        finally:
            self._sink.close()
