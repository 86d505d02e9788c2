"""Live sinks: interfaces of sinks and displays, the sink thread, and a null sink for measuring."""

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

POLL_S = 0.25  # timeout of a wait for the next frame


@dataclass(frozen=True, slots=True, eq=False)
class OutputFrame:
    """Rendered frame on its way to the sinks, with the captured picture it was made from."""

    frame: Frame  # stylized, with its capture time
    original: Picture  # the captured picture, of the same size
    live: bool = True  # False for placeholders and frozen pictures, which count for no latency


class LiveSink(Protocol):
    """Sink of rendered frames: virtual camera, recorder, or null sink."""

    def write(self, output: OutputFrame) -> None:
        """Write one frame; called for each frame of the queue, by the sink's thread.

        May block: frames that arrive meanwhile wait in the queue, and the oldest are dropped.

        Raises:
            SinkError: the frame cannot be written; ends the run.
        """

    def close(self) -> None:
        """Finish files and close devices; called by the sink's thread after the last frame.

        May be called again.

        Raises:
            SinkError: the output cannot be finished.
        """


class DisplayHost(Protocol):
    """Live session as a display sees it.

    All methods are called by the thread of `Display.run`; `perform` and `status` may be called by
    any other thread, too.
    """

    controls: Controls  # changed by key presses

    def poll(self) -> bool:
        """Do periodic work; False when the display is to return. Call at least every 0.1 s."""

    def perform(self, command: Command, output: OutputFrame | None) -> str:
        """Execute a command, given the frame on display; return a short message, or nothing.

        A command that fails raises nothing: the message says why.
        """

    def open_style(self, file: str) -> str:
        """Add a dropped file, a painting's picture or an .onnx, as a style; return a message."""

    def status(self) -> Status:
        """Current measurements and settings, for the overlay; a few times per second."""


class Display(Protocol):
    """Display with a keyboard, driven by the main thread: the window, or a test program."""

    outputs: DropOldestChannel[OutputFrame]  # filled by the render thread
    meter: LatencyMeter

    def run(self, host: DisplayHost) -> None:
        """Show frames and handle keys until `host.poll` returns False.

        Called once, by the thread that runs the session.
        """


class NullSink:
    """Sink that discards all frames, for measuring."""

    def write(self, output: OutputFrame) -> None:
        """Discard the frame."""

    def close(self) -> None:
        """Do nothing."""


class SinkThread:
    """Thread of one sink, with its queue; frames that the sink is too slow for are dropped.

    Args:
        sink: sink to write to; closed at the end.
        capacity: queue length in frames; with 1, the sink gets the newest frame.
        clock: clock of the frames' timestamps, in seconds.
    """

    def __init__(
        self,
        sink: LiveSink,
        capacity: int = 1,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._sink, self._clock = sink, clock
        self.meter = LatencyMeter()
        self.outputs: DropOldestChannel[OutputFrame] = DropOldestChannel(capacity)

    def run(self, stop: threading.Event) -> None:
        """Write frames until the queue is closed and empty, then close the sink."""
        try:
            while not self.outputs.exhausted:
                output = self.outputs.get(POLL_S)
                if output is not None:
                    self._sink.write(output)
                    if output.live:
                        self.meter.note(output.frame.time_s, self._clock())
        finally:
            self._sink.close()
