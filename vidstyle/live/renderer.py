"""Render thread: takes the newest captured frame, stylizes it and sends it to all sinks."""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from vidstyle.frame import Frame, Picture
from vidstyle.live.capture import MICROSECOND
from vidstyle.live.controls import Controls, ControlState
from vidstyle.live.metrics import CpuMeter
from vidstyle.live.sinks.base import OutputFrame
from vidstyle.live.style_menu import StyleMenu
from vidstyle.live.stylizer import LiveStylizer
from vidstyle.options import Look
from vidstyle.pipeline.latest import DropOldestChannel
from vidstyle.stylize.generator import ImageGenerator

NO_SIGNAL_S = 0.5  # without a frame, until the placeholder is shown; also its repeat interval
NO_SIGNAL_FRAMES = 5  # missing frames at least, for cameras with a low frame rate


@dataclass(frozen=True, slots=True, eq=False)
class StyleSelection:
    """Style and look of each frame, selected by the controls, and by the loudness."""

    controls: Controls  # whose state is read once per frame
    styles: StyleMenu
    loudness: Callable[[], float] = lambda: 1.0  # 0..1, of the strength; called once per frame

    def select(self, state: ControlState, small_network: bool) -> tuple[ImageGenerator, Look]:
        """Generator and look for a frame; those of the previous style while one is loaded.

        Args:
            state: of the controls.
            small_network: prefer the style's smaller network.
        """
        name, generator = self.styles.generator(state.style_number, small_network)
        strength = round(state.strength * self.loudness(), 2)
        return generator, look_of(name, strength, state.keep_colors, state.only, state.faces)


@dataclass(frozen=True, slots=True, eq=False)
class NoSignal:
    """Placeholder picture, shown while no frame arrives."""

    picture: Picture
    frame_s: float  # nominal frame duration of the source

    @property
    def patience_s(self) -> float:
        """Time without a frame, in seconds, until it is shown."""
        return max(NO_SIGNAL_S, NO_SIGNAL_FRAMES * self.frame_s)


class Renderer:
    """Stylizes the newest frame with the current control state; belongs to the render thread."""

    def __init__(
        self,
        frames: DropOldestChannel[Frame],
        outputs: Sequence[DropOldestChannel[OutputFrame]],
        stylizer: LiveStylizer,
        selection: StyleSelection,
        no_signal: NoSignal,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        """Connect channels, stylizer and controls.

        Args:
            frames: captured frames, newest only.
            outputs: channels of the sinks; each gets every output frame. Closed when the frames
                end.
            stylizer: closed when the frames end.
            selection: style and look of each frame.
            no_signal: shown while no frame arrives.
            clock: monotonic clock of the frames' timestamps, in seconds.
        """
        self._frames, self._outputs, self._stylizer = frames, outputs, stylizer
        self._selection, self._no_signal, self._clock = selection, no_signal.picture, clock
        self._patience_s = no_signal.patience_s
        self._cpu = CpuMeter()
        self._last: OutputFrame | None = None
        self._count = 0  # captured frames to be stylized

    def run(self, stop: threading.Event) -> None:
        """Render until the frames end or `stop` is set; the body of the render thread."""
        try:
            while not stop.is_set() and not self._frames.exhausted:
                output = self._output(self._frames.get(self._patience_s))
                if output is not None:
                    self._last = output
                    for channel in self._outputs:
                        channel.put(output)
        finally:
            self._stylizer.close()
            for channel in self._outputs:
                channel.close()

    def _output(self, frame: Frame | None) -> OutputFrame | None:
        if frame is None:
            return None if self._frames.exhausted else self._placeholder_output()
        state = self._selection.controls.state
        if state.frozen and self._last is not None:
            self._stylizer.reset_motion()
            stylized = frame.showing(self._last.frame.picture)
            return OutputFrame(stylized, self._last.original, live=False)
        if state.pass_through:
            self._stylizer.reset_motion()
            return OutputFrame(frame, frame.picture)
        return self._stylized(frame, state)

    def _stylized(self, frame: Frame, state: ControlState) -> OutputFrame | None:
        self._stylizer.pin(state.every)
        self._count += 1
        quality = self._stylizer.quality
        if self._count % quality.decimation:
            return None
        generator, look = self._selection.select(state, quality.small_network)
        painted = self._stylizer.stylize(frame, generator, look, self._cpu.cores)
        return OutputFrame(painted, frame.picture) if painted else None

    def _placeholder_output(self) -> OutputFrame:
        self._stylizer.reset_motion()
        now = round(self._clock() / MICROSECOND)
        return OutputFrame(Frame(self._no_signal, now, MICROSECOND), self._no_signal, live=False)


@lru_cache(maxsize=64)
def look_of(style: str, strength: float, keep_colors: bool, only: str, faces: str) -> Look:
    """Look of one frame; the same object for the same arguments."""
    return Look(style=style, strength=strength, keep_colors=keep_colors, only=only, faces=faces)
