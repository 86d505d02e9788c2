"""Stylizer: image arrays in, stylized arrays out, for programs that embed vidstyle."""

import threading
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from vidstyle.apps.arrays import ImageArray, Order, check_order, unpack
from vidstyle.apps.frame_stream import FrameStream, LoadedStyle
from vidstyle.hardware import usable_cores
from vidstyle.options import DEFAULTS, LiveOptions, StylizeOptions
from vidstyle.stats import Stats
from vidstyle.stylize.catalog import Style, shipped_style, shipped_styles
from vidstyle.stylize.generator_pool import GeneratorPool
from vidstyle.stylize.stylizer import stylize_picture


class Stylizer:
    """Stylizes images, each by itself: `painted = stylizer(frame)`.

    For the frames of a camera or a video, whose strokes should hold still, open a `stream`.

    Threads: all of it may be used from several threads at once, and from asyncio with
    `await asyncio.to_thread(stylizer, frame)`. Each call paints in its caller's thread with
    `threads - 1` more, which calls at the same time share. A setting that is changed counts for
    the calls that begin after it. OpenCV's own threads are those of `cv2.setNumThreads`.
    """

    def __init__(
        self,
        style: str | Path | None = None,
        *,
        strength: float = DEFAULTS.strength,
        keep_colors: bool = DEFAULTS.keep_colors,
        order: Order = "rgb",
        max_height: int = DEFAULTS.max_height,
        threads: int | None = None,
    ) -> None:
        """Load the style.

        Args:
            style: a name from `styles()`, the path of an .onnx file, a mix such as
                "great-wave:0.6,udnie:0.4", or None for the default style.
            strength: how much of the style, 0..1.
            keep_colors: the style's light and strokes, the image's own colors.
            order: of the color channels, "rgb" or "bgr" (OpenCV), of images and results.
            max_height: working size at most, in pixels of the shorter side, at least 16; fewer
                paint larger strokes faster. Results have the image's size all the same.
            threads: CPU cores that one painting may use; None for all of them.

        Raises:
            StyleError: no such style, or a file that is missing, altered or no generator.
            OptionError: a setting makes no sense; the message names it.
        """
        check_order(order)
        options = StylizeOptions(
            style=_named(style),
            strength=strength,
            keep_colors=keep_colors,
            max_height=max_height,
            threads=threads,
        )
        self._order, self._cores = order, threads or usable_cores()
        self._pool = GeneratorPool(threads=self._cores)
        self._changing = threading.Lock()
        self._closed = False
        try:
            self._style = LoadedStyle(options, self._pool.get(options.style))
        except BaseException:
            self._pool.close()
            raise

    def __call__(self, frame: ImageArray) -> ImageArray:
        """Return the image stylized, as a new array of the same height and width.

        Args:
            frame: HxWx3 uint8, 0..255, in the stylizer's `order`; of any strides. Also HxW or
                HxWx1 for gray, and HxWx4 with alpha last. It is not changed.

        Returns:
            HxWx3 uint8 in the same order, for gray images too; HxWx4 with the alpha channel
            unchanged where the image has one.

        Raises:
            TypeError: the frame is no array of uint8.
            ValueError: it has another shape, or no pixels.
            StyleError: the network failed, for one because memory ran out.
            RuntimeError: the stylizer is closed.
        """
        style, unpacked = self._current(), unpack(frame, self._order)
        painted = stylize_picture(unpacked.picture, style.generator, style.options, Stats())
        return unpacked.packed(painted)

    def stream(self, fps: float = 30.0, every: int | None = None) -> FrameStream:
        """Open a stream of frames that belong together: push one, get one.

        Args:
            fps: frames per second that will be pushed, 1..240.
            every: frames from one keyframe to the next; None follows the load.

        Raises:
            OptionError: a setting makes no sense; the message names it.
            RuntimeError: the stylizer is closed.
        """
        checked = LiveOptions(fps=fps, every=every)
        self._current()
        return FrameStream(self._current, self._order, checked.fps, checked.every, self._cores)

    @property
    def style(self) -> str:
        """The style's name, file or mix.

        A new one is loaded when it is set, so that no call waits for it; up to 16 networks stay
        loaded.

        Raises:
            StyleError: no such style, or a file that is missing, altered or no generator; the
                style stays the one before.
            OptionError: a mix that is none.
        """
        return str(self._style.options.style)

    @style.setter
    def style(self, style: str | Path | None) -> None:
        self._change(style=_named(style))

    @property
    def strength(self) -> float:
        """How much of the style, 0..1.

        Raises:
            OptionError: another number is set.
        """
        return self._style.options.strength

    @strength.setter
    def strength(self, strength: float) -> None:
        self._change(strength=strength)

    @property
    def keep_colors(self) -> bool:
        """The style's light and strokes, the image's own colors."""
        return self._style.options.keep_colors

    @keep_colors.setter
    def keep_colors(self, keep_colors: bool) -> None:
        self._change(keep_colors=keep_colors)

    @property
    def order(self) -> Order:
        """Order of the color channels, "rgb" or "bgr"; chosen once."""
        return self._order

    def close(self) -> None:
        """Free the networks; calls that are running end as usual. May be repeated.

        Streams of the stylizer take no more frames; close them too.
        """
        self._closed = True
        self._pool.close()

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
        options, closed = self._style.options, ", closed" if self._closed else ""
        return (
            f'<Stylizer "{self.style}", strength={options.strength:g}, '
            f"keep_colors={options.keep_colors}, order={self._order!r}{closed}>"
        )

    def _current(self) -> LoadedStyle:
        if self._closed:
            raise RuntimeError("This Stylizer is closed. Make another.")
        return self._style

    def _change(self, **changes: Any) -> None:
        with self._changing:
            before = self._current()
            options = replace(before.options, **changes)
            same = options.style == before.options.style
            generator = before.generator if same else self._pool.get(options.style)
            self._style = LoadedStyle(options, generator)


def styles() -> list[Style]:
    """List the styles that come with vidstyle, the default first.

    Raises:
        StyleError: the catalog is missing or broken.
    """
    return shipped_styles()


def _named(style: str | Path | None) -> str:
    return shipped_style(None).name if style is None else str(style)
