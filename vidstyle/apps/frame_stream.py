"""Frame stream: push one frame, get that frame stylized, with the latency of the newest frame."""

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from vidstyle.apps.arrays import ImageArray, Order, unpack
from vidstyle.frame import Frame, Picture
from vidstyle.live.capture import MICROSECOND
from vidstyle.live.metrics import CpuMeter
from vidstyle.live.quality import LADDER, QualityController
from vidstyle.live.stylizer import LiveStylizer
from vidstyle.options import StylizeOptions
from vidstyle.stats import Stats
from vidstyle.stylize.generator import ImageGenerator


@dataclass(frozen=True, slots=True)
class LoadedStyle:
    """The settings of a stylizer at one moment, and the generator that they name."""

    options: StylizeOptions
    generator: ImageGenerator


class FrameStream:
    """Stylizes the frames of a camera or a video one by one: push one, get one.

    Strokes move with the scene instead of flickering: keyframes are painted in the background and
    carried along the optical flow. The result always shows the frame just pushed, never an older
    one, and nearly always sooner than the network paints. Working size and keyframe interval
    follow the load of the machine, so results depend on its speed; `stylize_video` is for files.

    Made by `Stylizer.stream`. Follows `style`, `strength` and `keep_colors` of its stylizer: a new
    style shows as soon as its first painting is finished, usually with the next frame. A frame of
    another size begins a new scene.

    Threads: for one thread at a time. Several streams of one stylizer run side by side.
    """

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
            style: gives the style to paint with now.
            order: of the color channels.
            fps: frames per second that will be pushed.
            every: frames from one keyframe to the next; None follows the load.
            budget_cores: CPU seconds per second that the process may take.
        """
        self._style, self._order = style, order
        self._fps, self._every, self._budget_cores = fps, every, budget_cores
        self._turn = threading.Lock()
        self._cpu = CpuMeter()
        self._stylizer: LiveStylizer | None = None
        self._size_wh = (0, 0)
        self._closed = False

    def __call__(self, frame: ImageArray) -> ImageArray:
        """Return the frame stylized; the first call waits for its painting.

        Args:
            frame: as for `Stylizer`. It may be reused after the call.

        Returns:
            As from `Stylizer`.

        Raises:
            TypeError: the frame is no array of uint8.
            ValueError: it has another shape, or no pixels.
            StyleError: the network failed, for one because memory ran out. The next call starts
                anew.
            RuntimeError: the stream is closed, or at work in another thread.
        """
        with self._alone():
            unpacked = unpack(frame, self._order)
            try:
                return unpacked.packed(self._stylized(unpacked.picture))
            except BaseException:
                self._stop()
                raise

    def frames(self, frames: Iterable[ImageArray]) -> Iterator[ImageArray]:
        """Yield each frame of an iterable stylized, one by one."""
        return map(self, frames)

    def close(self) -> None:
        """End the threads that paint, after the call that may be running; may be repeated."""
        with self._turn:
            self._closed = True
            self._stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        closed = ", closed" if self._closed else ""
        return f"<FrameStream at {self._fps:g} fps{closed}>"

    @contextmanager
    def _alone(self) -> Iterator[None]:
        if not self._turn.acquire(blocking=False):
            raise RuntimeError(
                "This FrameStream is at work in another thread. Open one for each thread."
            )
        try:
            if self._closed:
                raise RuntimeError("This FrameStream is closed. Open another with stream().")
            yield
        finally:
            self._turn.release()

    def _stylized(self, picture: Picture) -> Picture:
        style = self._style()
        if self._stylizer is None or self._size_wh != (picture.width, picture.height):
            self._start(picture, style.options)
        assert self._stylizer is not None
        frame = Frame(picture, round(time.monotonic() / MICROSECOND), MICROSECOND)
        while True:  # more than once only until something has been painted
            painted = self._stylizer.stylize(frame, style.generator, style.options, self._cpu.cores)
            if painted is not None:
                return painted.picture

    def _start(self, picture: Picture, options: StylizeOptions) -> None:
        self._stop()
        self._size_wh = picture.width, picture.height
        most_lines = min(*self._size_wh, options.max_height, LADDER[0].lines)
        quality_controller = QualityController(self._budget_cores, most_lines=most_lines)
        quality_controller.pin(self._every)
        self._stylizer = LiveStylizer(quality_controller, Stats(), 1 / self._fps)

    def _stop(self) -> None:
        stylizer, self._stylizer = self._stylizer, None
        if stylizer is not None:
            stylizer.close()
