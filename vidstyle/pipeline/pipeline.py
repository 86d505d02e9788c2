"""Frame pipeline: source -> stylizer -> sink, one thread each, bounded queues between them.

Several styles at once are branches: stylizer and sink for each, behind one source.
"""

import threading
from collections.abc import Callable, Generator, Iterable
from contextlib import closing, suppress
from typing import NamedTuple, Protocol

from vidstyle.frame import Frame
from vidstyle.pipeline.channel import Channel, ChannelAbandoned
from vidstyle.pipeline.thread_group import ThreadGroup, Work

QUEUE_LENGTH = 3  # frames; a longer queue gained no speed and takes 3 MB a frame at 1080p
QUEUE_BYTES = 26e6  # of its frames, if it has several: two at 4K; one cost 10 % of the speed there


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


class Branch(NamedTuple):
    """Stylizer and sink of a pipeline's frames."""

    stylizer: FrameTransform
    sink: Sink


class Pipeline:
    """Source, stylizers and sinks on one thread each, until the source ends or a stage fails."""

    def __init__(self, source: Iterable[Frame], *branches: Branch) -> None:
        """Connect the stages; the source is iterated once, on its own thread.

        Args:
            source: frames, each of which goes to all branches; the slowest one sets the pace.
            branches: at least one.
        """
        self._source = source
        self._branches = [_RunningBranch(branch) for branch in branches]

    def run(self, watch: Callable[[], None] = lambda: None) -> None:
        """Run to the end and join every thread; call it once.

        Args:
            watch: called in the calling thread every 0.05 s, until the run ends.

        Raises:
            BaseException: the first exception of a stage, with its own traceback; also an
                exception of `watch`, or one that interrupts the calling thread, such as
                KeyboardInterrupt.
        """
        works = {"source": _as_work(self._read)}
        for number, branch in enumerate(self._branches):
            ending = f"-{number}" if number else ""
            works[f"stylizer{ending}"] = _as_work(branch.transform)
            works[f"sink{ending}"] = _as_work(branch.write)
        ThreadGroup(on_failure=self._abandon).run(works, watch)

    def _read(self) -> None:
        for frame in self._source:
            for branch in self._branches:
                branch.decoded.put(frame)
            del frame  # not kept while the next one is made
            for branch in self._branches:
                branch.decoded.wait_for_room()
        for branch in self._branches:
            branch.decoded.close()

    def _abandon(self) -> None:
        for branch in self._branches:
            branch.abandon()


class _RunningBranch:
    """Stages of a branch, and the bounded queues before and between them."""

    def __init__(self, branch: Branch) -> None:
        self._branch = branch
        self.decoded = _channel()
        self._stylized = _channel()

    def transform(self) -> None:
        # Closed on this thread, so that an exception of its clean-up is reported here.
        with closing(self._branch.stylizer.stylize(self.decoded)) as frames:
            for frame in frames:
                self._stylized.put(frame)
                del frame  # not kept while the next one is made
                self._stylized.wait_for_room()
        self._stylized.close()

    def write(self) -> None:
        for frame in self._stylized:
            self._branch.sink.write(frame)
            del frame  # not kept while the next one is awaited

    def abandon(self) -> None:
        self.decoded.abandon()
        self._stylized.abandon()


def _channel() -> Channel[Frame]:
    return Channel(QUEUE_BYTES, lambda frame: max(QUEUE_BYTES / QUEUE_LENGTH, frame.picture.nbytes))


def _as_work(stage: Callable[[], None]) -> Work:
    """Wrap a stage for a thread group: an abandoned channel ends it without an error."""

    def run(stop: threading.Event) -> None:
        with suppress(ChannelAbandoned):
            stage()

    return run
