"""Stylizer of the Python API: stylizes image arrays, for programs that embed vidstyle."""

import threading
from dataclasses import replace
from pathlib import Path
from typing import Any
from weakref import WeakSet

from vidstyle.apps.arrays import ImageArray, Order, check_order, unpack
from vidstyle.apps.frame_stream import FrameStream, LoadedStyle
from vidstyle.closable import Closable
from vidstyle.hardware import usable_cores
from vidstyle.options import DEFAULTS, LiveOptions, StylizeOptions
from vidstyle.stats import Stats
from vidstyle.style_spec import style_text
from vidstyle.stylize.catalog import Style, known_name, shipped_style, shipped_styles
from vidstyle.stylize.generator_pool import GeneratorPool
from vidstyle.stylize.stylizer import stylize_picture


class Stylizer(Closable):
    """Stylizer of single images: `painted = stylizer(frame)`.

    For successive frames of a camera or a video, open a `stream`: its strokes do not flicker.

    Threads: all methods are callable from several threads at once, and from asyncio with
    `await asyncio.to_thread(stylizer, frame)`. A call paints on its caller's thread and
    `threads - 1` others, which concurrent calls share. A changed setting applies to calls that
    begin after it. OpenCV's own threads are set by `cv2.setNumThreads`.
    """

    __slots__ = ("_changing", "_closed", "_cores", "_order", "_pool", "_streams", "_style")

    def __init__(
        self,
        style: str | Path | Style | None = None,
        *,
        strength: float = DEFAULTS.strength,
        keep_colors: bool = DEFAULTS.keep_colors,
        only: str = DEFAULTS.only,
        faces: str = DEFAULTS.faces,
        order: Order = "rgb",
        max_height: int | None = DEFAULTS.max_height,
        threads: int | None = None,
        provider: str = DEFAULTS.provider,
    ) -> None:
        """Load the style.

        Args:
            style: a name or an entry of `styles()`, the path of an .onnx file or of a painting's
                picture, a mix such as "great-wave:0.6,udnie:0.4", or None for the default style.
            strength: share of the stylized image in the result, 0..1.
            keep_colors: take luma from the painting, and chroma from the image.
            only: what is painted: "all", "person" or "background"; the rest stays as it is.
            faces: strokes of small faces: "fine", or "plain" as all else.
            order: of the color channels of images and results: "rgb", or "bgr" as in OpenCV.
            max_height: largest working size, in pixels of the shorter side, at least 16; a smaller
                one paints larger strokes in less time. Results have the image's size. None is
                the style's own, 720 for most, and 480 for streams.
            threads: CPU cores that one painting may use; None for all.
            provider: execution provider of the network: "cpu", "cuda", "tensorrt", "openvino",
                "directml", "coreml", "webgpu", or "auto" for the fastest that paints what the CPU
                paints.

        Raises:
            StyleError: the style is unknown, its file is missing, altered or not a generator, or
                the picture cannot be a style.
            SourceError: the painting's picture is missing or cannot be read.
            OptionError: a setting is out of range, or the provider does not run here.
            TypeError: a setting has the wrong type; the message names it.
        """
        check_order(order)
        options = StylizeOptions(
            style=_named(style),
            strength=strength,
            keep_colors=keep_colors,
            only=only,
            faces=faces,
            max_height=max_height,
            threads=threads,
            provider=provider,
        )
        self._order, self._cores = order, threads or usable_cores()
        self._pool = GeneratorPool(threads=self._cores, provider=provider)
        self._changing = threading.Lock()
        self._streams = WeakSet[FrameStream]()
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
            TypeError: the frame is not an array of uint8.
            ValueError: the frame has another shape, or no pixels.
            StyleError: the network failed, as when memory ran out.
            RuntimeError: the stylizer is closed.
        """
        style, unpacked = self._current(), unpack(frame, self._order)
        painted = stylize_picture(unpacked.picture, style.generator, style.options, Stats())
        return unpacked.packed(painted)

    def stream(self, fps: float = 30.0, every: int | None = None) -> FrameStream:
        """Open a stream for successive frames: push one, get one.

        Args:
            fps: expected frames per second, 1..240.
            every: frames from one keyframe to the next, at least 1; None follows the load.

        Raises:
            OptionError: a setting is out of range; the message names it.
            RuntimeError: the stylizer is closed.
        """
        checked = LiveOptions(fps=fps, every=every)
        with self._changing:
            self._current()
            stream = FrameStream(
                self._current, self._order, checked.fps, checked.every, self._cores
            )
            self._streams.add(stream)
        return stream

    @property
    def style(self) -> str:
        """Name, file or mix of the style.

        Setting it loads the new style at once; calls go on with the one before meanwhile. Up to 16
        networks stay loaded.

        Raises:
            StyleError, SourceError: as of a new `Stylizer`; the style stays unchanged.
            OptionError: the new style is a malformed mix; the style stays unchanged.
            RuntimeError: the stylizer is closed.
        """
        return str(self._style.options.style)

    @style.setter
    def style(self, style: str | Path | Style | None) -> None:
        self._change(style=_named(style))

    @property
    def strength(self) -> float:
        """Share of the stylized image in the result, 0..1.

        Raises:
            OptionError: the new value is out of range.
            RuntimeError: the stylizer is closed.
        """
        return self._style.options.strength

    @strength.setter
    def strength(self, strength: float) -> None:
        self._change(strength=strength)

    @property
    def keep_colors(self) -> bool:
        """Whether results have the luma of the painting and the chroma of the image.

        Raises:
            RuntimeError: the stylizer is closed, and a value is set.
        """
        return self._style.options.keep_colors

    @keep_colors.setter
    def keep_colors(self, keep_colors: bool) -> None:
        self._change(keep_colors=keep_colors)

    @property
    def only(self) -> str:
        """What is painted: "all", "person" or "background"; the rest of an image stays as it is.

        Raises:
            OptionError: the new value is none of these.
            RuntimeError: the stylizer is closed, and a value is set.
        """
        return self._style.options.only

    @only.setter
    def only(self, only: str) -> None:
        self._change(only=only)

    @property
    def faces(self) -> str:
        """Strokes of small faces: "fine", or "plain" as all else.

        Raises:
            OptionError: the new value is none of these.
            RuntimeError: the stylizer is closed, and a value is set.
        """
        return self._style.options.faces

    @faces.setter
    def faces(self, faces: str) -> None:
        self._change(faces=faces)

    @property
    def order(self) -> Order:
        """Order of the color channels, "rgb" or "bgr"; fixed at creation."""
        return self._order

    def close(self) -> None:
        """Close the streams and free the networks; running calls end as usual.

        Callable from any thread, and repeatedly. Without it, networks and threads are freed with
        the last reference to the stylizer and its streams.
        """
        with self._changing:
            self._closed = True
            streams = list(self._streams)
        for stream in streams:
            stream.close()
        self._pool.close()

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
    """Return the shipped styles, the default first.

    Raises:
        StyleError: the catalog is missing or broken.
    """
    return shipped_styles()


def _named(style: str | Path | Style | None) -> str:
    text = style_text(style)
    return shipped_style(None).name if text is None else known_name(text)
