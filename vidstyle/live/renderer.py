"""Render thread: takes the newest captured frame, stylizes it and sends it to all sinks."""

import threading
import time
from collections.abc import Callable, Sequence
from functools import lru_cache

from vidstyle.frame import Frame, Picture
from vidstyle.live.capture import MICROSECOND
from vidstyle.live.controls import Controls, ControlState
from vidstyle.live.metrics import CpuMeter
from vidstyle.live.quality import QualityController
from vidstyle.live.sinks.base import OutputFrame
from vidstyle.live.style_menu import StyleMenu
from vidstyle.live.stylizer import LiveStylizer
from vidstyle.options import Look
from vidstyle.pipeline.latest import DropOldestChannel

NO_SIGNAL_S = 0.5  # without a frame, until the placeholder is shown; also its repeat interval
NO_SIGNAL_FRAMES = 5  # missing frames at least, for cameras with a low frame rate


class Renderer:
    """Stylizes the newest frame with the current control state; belongs to the render thread."""

    def __init__(
        self,
        frames: DropOldestChannel[Frame],
        stylizer: LiveStylizer,
        quality_controller: QualityController,
        controls: Controls,
        styles: StyleMenu,
        no_signal: Picture,
        frame_s: float,
        outputs: Sequence[DropOldestChannel[OutputFrame]],
        loudness: Callable[[], float] = lambda: 1.0,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        """Connect channels, stylizer and controls.

        Args:
            frames: captured frames, newest only.
            stylizer: closed when the frames end.
            quality_controller: that of the stylizer.
            controls: control state, read once per frame.
            styles: generators by style number.
            no_signal: placeholder picture, shown while no frame arrives.
            frame_s: nominal frame duration of the source, in seconds.
            outputs: channels of the sinks; each gets every output frame. Closed when the frames
                end.
            loudness: audio level 0..1, multiplied with the strength; called once per frame.
            clock: monotonic clock of the frames' timestamps, in seconds.
        """
        self._frames, self._stylizer, self._quality_controller = (
            frames,
            stylizer,
            quality_controller,
        )
        self._controls, self._styles, self._no_signal = controls, styles, no_signal
        self._outputs, self._loudness, self._clock = outputs, loudness, clock
        self._patience_s = max(NO_SIGNAL_S, NO_SIGNAL_FRAMES * frame_s)
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
        state = self._controls.state
        if state.frozen and self._last is not None:
            self._stylizer.reset_motion()
            stylized = frame.showing(self._last.frame.picture)
            return OutputFrame(stylized, self._last.original, live=False)
        if state.pass_through:
            self._stylizer.reset_motion()
            return OutputFrame(frame, frame.picture)
        return self._stylized(frame, state)

    def _stylized(self, frame: Frame, state: ControlState) -> OutputFrame | None:
        self._quality_controller.pin(state.every)
        self._count += 1
        if self._count % self._quality_controller.quality.decimation:
            return None
        name, generator = self._styles.generator(
            state.style_number, self._quality_controller.quality.small_network
        )
        strength = round(state.strength * self._loudness(), 2)
        look = look_of(name, strength, state.keep_colors, state.only, state.faces)
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
