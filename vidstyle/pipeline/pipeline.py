"""Frame pipeline: source -> stylizer -> sink, one thread each, bounded queues between them."""

import threading
from collections.abc import Callable, Generator, Iterable
from contextlib import closing, suppress
from typing import Protocol

from vidstyle.frame import Frame
from vidstyle.pipeline.channel import Channel, ChannelAbandoned
from vidstyle.pipeline.thread_group import ThreadGroup, Work

QUEUE_LENGTH = 2  # frames; a longer queue gained no speed and takes 3 MB a frame at 1080p


class FrameTransform(Protocol):
    """Pipeline stage that maps each frame to one frame of the same time."""

    def stylize(self, frames: Iterable[Frame]) -> Generator[Frame, None, None]:
        """Yield one stylized frame for each frame, in order.

        Called once per run by `Pipeline`, on the stylizer thread; the generator is iterated and
        closed on that thread.
        """


class Sink(Protocol):
    """Pipeline stage that consumes frames."""

    def write(self, frame: Frame) -> None:
        """Consume one frame; called by `Pipeline` once per frame, in order, on the sink thread."""


class Pipeline:
    """Source, stylizer and sink on one thread each, until the source ends or a stage fails."""

    def __init__(self, source: Iterable[Frame], stylizer: FrameTransform, sink: Sink) -> None:
        """Connect the stages; the source is iterated on its own thread."""
        self._source, self._stylizer, self._sink = source, stylizer, sink
        self._decoded: Channel[Frame] = Channel(QUEUE_LENGTH)
        self._stylized: Channel[Frame] = Channel(QUEUE_LENGTH)

    def run(self, watch: Callable[[], None] = lambda: None) -> None:
        """Run to the end and join every thread; call it once.

        Args:
            watch: called in the calling thread every 0.05 s, until the run ends.

        Raises:
            BaseException: the first exception of a stage, with its own traceback; also an
                exception of `watch`, or one that interrupts the calling thread, such as
                KeyboardInterrupt.
        """
        stages = {"source": self._read, "stylizer": self._transform, "sink": self._write}
        works = {name: _as_work(stage) for name, stage in stages.items()}
        ThreadGroup(on_failure=self._abandon).run(works, watch)

    def _read(self) -> None:
        for frame in self._source:
            self._decoded.put(frame)
        self._decoded.close()

    def _transform(self) -> None:
        # Closed on this thread, so that an exception of its clean-up is reported here.
        with closing(self._stylizer.stylize(self._decoded)) as frames:
            for frame in frames:
                self._stylized.put(frame)
        self._stylized.close()

    def _write(self) -> None:
        for frame in self._stylized:
            self._sink.write(frame)

    def _abandon(self) -> None:
        self._decoded.abandon()
        self._stylized.abandon()


def _as_work(stage: Callable[[], None]) -> Work:
    """Wrap a stage for a thread group: an abandoned channel ends it without an error."""

    def run(stop: threading.Event) -> None:
        with suppress(ChannelAbandoned):
            stage()

    return run
