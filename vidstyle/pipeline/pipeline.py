"""source -> stylizer -> sink, one thread each."""

import threading
from collections.abc import Callable, Generator, Iterable
from contextlib import closing
from functools import partial
from typing import Protocol

from vidstyle.frame import Frame
from vidstyle.pipeline.channel import Channel, ChannelAbandoned
from vidstyle.threads import Worker

QUEUE_LENGTH = 2  # frames; more only took memory: 3 MB each at 1080p


class Stylizer(Protocol):
    """A stage that turns frames into frames of the same number and times."""

    def stylize(self, frames: Iterable[Frame]) -> Generator[Frame, None, None]: ...


class Sink(Protocol):
    """A stage that takes frames and keeps them."""

    def write(self, frame: Frame) -> None: ...


class Pipeline:
    """Runs the three stages side by side until the source ends or one of them fails."""

    def __init__(self, source: Iterable[Frame], stylizer: Stylizer, sink: Sink) -> None:
        self._source, self._stylizer, self._sink = source, stylizer, sink
        self._decoded: Channel[Frame] = Channel(QUEUE_LENGTH)
        self._stylized: Channel[Frame] = Channel(QUEUE_LENGTH)
        self._failure: BaseException | None = None
        self._lock = threading.Lock()

    def run(self) -> None:
        """Run to the end and join every thread.

        Raises:
            BaseException: whatever the first failing stage raised, with its own traceback; also
                what interrupts the calling thread meanwhile, such as KeyboardInterrupt.
        """
        workers = [
            Worker(partial(self._guarded, stage), name)
            for name, stage in (
                ("source", self._read),
                ("stylizer", self._transform),
                ("sink", self._write),
            )
        ]
        try:
            for worker in workers:
                worker.start()
            for worker in workers:
                worker.wait()
        except BaseException as interruption:
            self._fail(interruption)
            for worker in workers:
                worker.outlast()  # else it would meet files that the caller is about to close
        if self._failure is not None:
            raise self._failure

    def _read(self) -> None:
        for frame in self._source:
            self._decoded.put(frame)
        self._decoded.close()

    def _transform(self) -> None:
        # Closed here, so that what it raises on the way out is met in this thread.
        with closing(self._stylizer.stylize(self._decoded)) as frames:
            for frame in frames:
                self._stylized.put(frame)
        self._stylized.close()

    def _write(self) -> None:
        for frame in self._stylized:
            self._sink.write(frame)

    def _guarded(self, stage: Callable[[], None]) -> None:
        try:
            stage()
        except ChannelAbandoned:
            pass
        except BaseException as error:
            self._fail(error)

    def _fail(self, error: BaseException) -> None:
        with self._lock:
            if self._failure is None:
                self._failure = error
        self._decoded.abandon()
        self._stylized.abandon()
