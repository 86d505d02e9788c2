"""From the newest frame to the views that all outlets get."""

import threading
import time
from collections.abc import Callable, Sequence
from functools import lru_cache

from vidstyle.frame import Frame, Picture
from vidstyle.live.capture import MICROSECOND
from vidstyle.live.controls import Controls, ControlState
from vidstyle.live.metrics import CpuMeter
from vidstyle.live.quality import Governor
from vidstyle.live.sinks.base import OutputFrame
from vidstyle.live.style_menu import Styles
from vidstyle.live.stylizer import LiveStylizer
from vidstyle.options import Look
from vidstyle.pipeline.latest import DropOldestChannel

NO_SIGNAL_S = 0.5  # without a picture, the placeholder is shown; and so often again
NO_SIGNAL_FRAMES = 5  # at least so many must be missing


class Renderer:
    """Stylizes the newest frame as the controls say; belongs to one thread."""

    def __init__(
        self,
        frames: DropOldestChannel[Frame],
        stylizer: LiveStylizer,
        governor: Governor,
        controls: Controls,
        styles: Styles,
        no_signal: Picture,
        frame_s: float,
        sink_threads: Sequence[DropOldestChannel[OutputFrame]],
        loudness: Callable[[], float] = lambda: 1.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Join what was made elsewhere.

        Args:
            frames: from the camera.
            stylizer: closed when the frames end.
            governor: of the stylizer.
            controls: read once a frame.
            styles: what the controls choose from.
            no_signal: shown while no frame comes.
            frame_s: from frame to frame, as the camera promises.
            outlets: each gets every view; closed when the frames end.
            loudness: factor for the strength, 0..1.
            clock: that of the frames' times.
        """
        self._frames, self._stylizer, self._governor = frames, stylizer, governor
        self._controls, self._styles, self._no_signal = controls, styles, no_signal
        self._sink_threads, self._loudness, self._clock = sink_threads, loudness, clock
        self._patience_s = max(NO_SIGNAL_S, NO_SIGNAL_FRAMES * frame_s)
        self._cpu = CpuMeter()
        self._last: OutputFrame | None = None
        self._count = 0  # frames of the camera

    def run(self, stop: threading.Event) -> None:
        """Render until the frames end or somebody says stop."""
        try:
            while not stop.is_set() and not self._frames.exhausted:
                view = self._view(self._frames.get(self._patience_s))
                if view is not None:
                    self._last = view
                    for sink_thread in self._sink_threads:
                        sink_thread.put(view)
        finally:
            self._stylizer.close()
            for sink_thread in self._sink_threads:
                sink_thread.close()

    def _view(self, frame: Frame | None) -> OutputFrame | None:
        if frame is None:
            return None if self._frames.exhausted else self._empty_view()
        state = self._controls.look
        if state.frozen and self._last is not None:
            self._stylizer.begin_anew()
            stylized = frame.showing(self._last.frame.picture)
            return OutputFrame(stylized, self._last.original, live=False)
        if state.pass_through:
            self._stylizer.begin_anew()
            return OutputFrame(frame, frame.picture)
        return self._stylized(frame, state)

    def _stylized(self, frame: Frame, state: ControlState) -> OutputFrame | None:
        self._governor.pin(state.every)
        self._count += 1
        if self._count % self._governor.quality.pace:
            return None
        name, generator = self._styles.generator(state.number, self._governor.quality.small_network)
        strength = round(state.strength * self._loudness(), 2)
        look = look_of(name, strength, state.keep_colors)
        painted = self._stylizer.stylize(frame, generator, look, self._cpu.cores)
        return OutputFrame(painted, frame.picture) if painted else None

    def _empty_view(self) -> OutputFrame:
        self._stylizer.begin_anew()
        now = round(self._clock() / MICROSECOND)
        return OutputFrame(Frame(self._no_signal, now, MICROSECOND), self._no_signal, live=False)


@lru_cache(maxsize=64)
def look_of(style: str, strength: float, keep_colors: bool) -> Look:
    """The look of one picture, from settings that change while the filter runs."""
    return Look(style=style, strength=strength, keep_colors=keep_colors)
