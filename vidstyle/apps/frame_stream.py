"""Frame stream of the Python API: stylizes frames one by one, at low latency."""

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from vidstyle.apps.arrays import ImageArray, Order, unpack
from vidstyle.closable import Closable
from vidstyle.frame import Frame, Picture
from vidstyle.live.capture import MICROSECOND
from vidstyle.live.metrics import CpuMeter
from vidstyle.live.quality import LADDER, QualityController
from vidstyle.live.stylizer import LiveStylizer
from vidstyle.options import VIDEO_LINES, StylizeOptions
from vidstyle.stats import Stats
from vidstyle.stylize.generator import ImageGenerator


@dataclass(frozen=True, slots=True)
class LoadedStyle:
    """Settings of a `Stylizer` at one moment, with their loaded generator."""

    options: StylizeOptions
    generator: ImageGenerator


class FrameStream(Closable):
    """Stream of camera or video frames, stylized one by one: push one, get one.

    Strokes move with the scene instead of flickering: keyframes are painted in the background and
    warped along the optical flow. The result always shows the frame just pushed, never an older
    one, and usually takes less time than a run of the network. Working size and keyframe interval
    follow the load of the machine, so results depend on its speed; use `stylize_video` for files.

    Created by `Stylizer.stream`, and closed with it. It has no settings of its own, but follows
    changes of `style`, `strength`, `keep_colors` and `only` of its stylizer: a new style shows once
    its first painting is finished, usually with the next frame. A frame of another size begins a
    new scene.

    Threads: belongs to one thread at a time. Several streams of one stylizer run in parallel.
    """

    __slots__ = (
        "__weakref__", "_budget_cores", "_closed", "_cpu", "_every", "_fps", "_lock", "_order",
        "_size_wh", "_style", "_stylizer",
    )  # fmt: skip

    def __init__(
        self,
        style: Callable[[], LoadedStyle],
        order: Order,
        fps: float,
        every: int | None,
        budget_cores: int,
    ) -> None:
        """Use `Stylizer.stream` instead.

        Args:
            style: returns the current style; called once per frame, by the thread that pushes it.
            order: of the color channels.
            fps: expected frames per second.
            every: frames from one keyframe to the next; None follows the load.
            budget_cores: CPU seconds per second that the process may use.
        """
        self._style, self._order = style, order
        self._fps, self._every, self._budget_cores = fps, every, budget_cores
        self._lock = threading.Lock()
        self._cpu = CpuMeter()
        self._stylizer: LiveStylizer | None = None
        self._size_wh = (0, 0)
        self._closed = False

    def __call__(self, frame: ImageArray) -> ImageArray:
        """Return the frame stylized, as a new array; the first call waits for its painting.

        Args:
            frame: HxWx3 uint8, 0..255, in the stylizer's `order`; of any strides. Also HxW or
                HxWx1 for gray, and HxWx4 with alpha last. It is not changed, and may be reused
                after the call.

        Returns:
            HxWx3 uint8 in the same order, for gray frames too; HxWx4 with the alpha channel
            unchanged where the frame has one.

        Raises:
            TypeError: the frame is not an array of uint8.
            ValueError: the frame has another shape, or no pixels.
            StyleError: the network failed, as when memory ran out. The next call starts a new
                scene.
            RuntimeError: the stream is closed, or in use by another thread.
        """
        unpacked = unpack(frame, self._order)
        return unpacked.packed(self.stylize(unpacked.picture))

    def stylize(self, picture: Picture) -> Picture:
        """Return a YUV picture of 8 bits stylized, in its color space; without RGB in between.

        Raises:
            StyleError: as of a call with an array.
            RuntimeError: likewise.
        """
        with self._exclusive():
            try:
                return self._stylized(picture)
            except BaseException:
                self._stop()
                raise

    def frames(self, frames: Iterable[ImageArray]) -> Iterator[ImageArray]:
        """Yield each frame of an iterable stylized, in order; errors as of a call."""
        return map(self, frames)

    @property
    def quality(self) -> str:
        """Working size and keyframe interval at present, for people; empty before the first frame.

        Callable from any thread.
        """
        stylizer = self._stylizer
        return "" if stylizer is None else str(stylizer.quality)

    def close(self) -> None:
        """Wait for a running call and end the painting threads; callable from any thread."""
        with self._lock:
            self._closed = True
            self._stop()

    def __repr__(self) -> str:
        closed = ", closed" if self._closed else ""
        return f"<FrameStream at {self._fps:g} fps{closed}>"

    @contextmanager
    def _exclusive(self) -> Iterator[None]:
        """Refuse calls from two threads at once, and calls after `close`."""
        if not self._lock.acquire(blocking=False):
            raise RuntimeError(
                "This FrameStream is at work in another thread. Open one for each thread."
            )
        try:
            if self._closed:
                raise RuntimeError("This FrameStream is closed. Open another with stream().")
            yield
        finally:
            self._lock.release()

    def _stylized(self, picture: Picture) -> Picture:
        style = self._style()
        if self._stylizer is None or self._size_wh != (picture.width, picture.height):
            self._start(picture, style.options)
        assert self._stylizer is not None
        frame = Frame(picture, round(time.perf_counter() / MICROSECOND), MICROSECOND)
        while True:  # repeated only until the first painting is finished
            painted = self._stylizer.stylize(frame, style.generator, style.options, self._cpu.cores)
            if painted is not None:
                return painted.picture

    def _start(self, picture: Picture, options: StylizeOptions) -> None:
        self._stop()
        self._size_wh = picture.width, picture.height
        most_lines = min(*self._size_wh, options.max_height or VIDEO_LINES, LADDER[0].lines)
        quality_controller = QualityController(self._budget_cores, most_lines=most_lines)
        quality_controller.pin(self._every)
        self._stylizer = LiveStylizer(quality_controller, Stats(), 1 / self._fps)

    def _stop(self) -> None:
        stylizer, self._stylizer = self._stylizer, None
        if stylizer is not None:
            stylizer.close()
