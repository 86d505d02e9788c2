"""Live filter: camera to window, virtual camera and recording, as options say."""

import logging
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import cv2

from vidstyle.apps.arguments import check_arguments
from vidstyle.apps.outputs import check_target
from vidstyle.apps.polish import Polisher
from vidstyle.errors import Cancelled, MissingExtraError, OptionError, SinkError
from vidstyle.hardware import ThreadPlan, usable_cores
from vidstyle.live.audio.devices import Microphone, Speaker, has_audio
from vidstyle.live.audio.ring_buffer import AudioRingBuffer
from vidstyle.live.metrics import LiveReport
from vidstyle.live.osc import OscServer
from vidstyle.live.session import LiveSession
from vidstyle.live.sinks.virtual_camera import open_virtual_camera
from vidstyle.live.sinks.window import Window
from vidstyle.live.sources.base import LiveSource
from vidstyle.live.sources.file import PacedFile
from vidstyle.live.sources.open import open_source
from vidstyle.live.style_menu import StyleMenu
from vidstyle.media.codecs import container_format
from vidstyle.options import LiveOptions
from vidstyle.stylize.generator_pool import GeneratorPool

log = logging.getLogger(__name__)


def run_live(options: LiveOptions, stop: threading.Event | None = None) -> LiveReport:
    """Run the live filter until its source ends, `options.seconds` have passed, or it is stopped.

    Threads: with a window, call it from the main thread; without one, from any.

    Args:
        options: source, style, outputs and audio.
        stop: set it from any thread to end the run and get its report. Ctrl-C and the key `q` in
            the window do the same.

    Raises:
        VidstyleError: the source, a device, an output or the style cannot be opened, or failed
            permanently.
        Cancelled: `stop` was set before the source was open.
        TypeError: an argument has the wrong type; the message names it.
    """
    check_arguments(options, LiveOptions, stop=stop)
    with open_live(options, stop) as live:
        report = live.run(stop)
    if options.record and not report.recordings_cut_short and not Path(options.record).exists():
        raise SinkError(
            f"{options.record} was not written: the run ended before its first picture."
        )
    return report


@contextmanager
def open_live(options: LiveOptions, stop: threading.Event | None = None) -> Iterator[LiveSession]:
    """Yield a live session with source, styles and outputs opened; closes them after the block.

    Args:
        options: source, style, outputs and audio.
        stop: set it from any thread to end the wait for a source.

    Raises:
        VidstyleError: the source, a device, an output or the style cannot be opened.
        Cancelled: `stop` was set before the source was open.
    """
    started_s = time.perf_counter()
    if options.record is not None:
        container_format(Path(options.record))
        check_target(Path(options.camera), Path(options.record), options.overwrite, "record")
    threads = ThreadPlan.for_cores(usable_cores(), every_frame=False)
    cv2.setNumThreads(threads.opencv)
    with ExitStack() as opened:
        pool = opened.enter_context(
            GeneratorPool(threads=threads.painters, provider=options.provider)
        )
        styles = StyleMenu(options.style, pool)
        source = open_source(options, partial(_check_stop, options, stop))
        live = opened.enter_context(closing(_session(options, styles, source, started_s)))
        if options.polish is not None:
            opened.enter_context(_polishing(live, styles, options.polish))
        outputs = _Outputs(options, source, live, opened).open()
        for line in introduction(source, live.size_wh, styles.names[styles.first], outputs):
            log.info("%s", line)
        yield live


def _check_stop(options: LiveOptions, stop: threading.Event | None) -> None:
    if stop is not None and stop.is_set():
        raise Cancelled(f"Stopped before {options.camera} was open.")


def _session(
    options: LiveOptions, styles: StyleMenu, source: LiveSource, started_s: float
) -> LiveSession:
    """Make the session of an open source, which it closes; an error closes the source, too."""
    with ExitStack() as closed_on_error:
        closed_on_error.callback(source.close)
        for note in source.notes:
            log.warning("%s", note)
        live = LiveSession(options, styles, source, _ring_buffer_for(options, source), started_s)
        closed_on_error.pop_all()
    return live


@dataclass(frozen=True, slots=True)
class _Outputs:
    """Outputs of a session, with its audio devices and remote control, as the options say."""

    options: LiveOptions
    source: LiveSource
    live: LiveSession
    opened: ExitStack  # closes them

    def open(self) -> list[str]:
        """Open all of them; return their names, for the terminal."""
        camera, stream = self._virtual_camera(), self._stream()
        self._osc()
        self._audio_devices()
        record = self.options.record
        recording = None if record is None else f"recording {record}"
        # The window is the last to open, so that it does not appear and go with an error.
        names = (self._window(), camera, stream, recording)
        return [name for name in names if name is not None]

    def _virtual_camera(self) -> str | None:
        wanted = self.options.virtual_camera
        if wanted is None:
            return None
        rate, pixels = self.source.rate, self.options.pixels
        camera = open_virtual_camera(wanted, *self.live.size_wh, rate, pixels)
        self.live.add_virtual_camera(self.opened.enter_context(closing(camera)))
        return f"virtual camera {camera}"

    def _stream(self) -> str | None:
        address, from_file = self.options.stream, isinstance(self.source, PacedFile)
        if address is None:
            return None
        from vidstyle.live.sinks.network_stream import open_stream, public_address  # slow: HTTP

        sound = self.live.ring_buffer if self.options.audio or from_file else None
        stream = open_stream(address, self.source.rate, sound)
        self.live.add_stream(self.opened.enter_context(closing(stream)))
        return f"stream {public_address(address)}"

    def _osc(self) -> None:
        address = self.options.osc_address
        if address is not None:
            server = OscServer(*address)
            self.live.add_osc(self.opened.enter_context(closing(server)))
            log.info("OSC messages are taken at %s:%d.", *address)

    def _audio_devices(self) -> None:
        options, ring_buffer = self.options, self.live.ring_buffer
        if ring_buffer is None:
            return
        if not isinstance(self.source, PacedFile):
            microphone = Microphone(options.microphone, ring_buffer)
            self.live.add_audio_device(self.opened.enter_context(closing(microphone)))
        if options.play_audio or (options.audio and options.audio_output is not None):
            speaker = Speaker(options.audio_output, ring_buffer, self.live.delay_s)
            self.live.add_audio_device(self.opened.enter_context(closing(speaker)))

    def _window(self) -> str | None:
        if not self.options.window:
            return None
        window = Window(*self.live.size_wh)
        self.live.add_display(self.opened.enter_context(closing(window)))
        return "window"


@contextmanager
def _polishing(live: LiveSession, styles: StyleMenu, seconds: float) -> Iterator[None]:
    """Polish the paintings among the styles during the block; without the extra, say so."""
    try:
        polisher = Polisher(seconds, styles.reload)
    except MissingExtraError as error:
        log.warning("%s", error.message)
        yield
        return
    with closing(polisher):
        for style in styles.names:
            polisher.add(style)
        live.on_dropped_style(polisher.add)
        yield


def introduction(
    source: LiveSource, size_wh: tuple[int, int], style: str, outputs: Sequence[str]
) -> list[str]:
    """Lines that say what a run does, for the terminal.

    Args:
        source: the open source.
        size_wh: of the stylized frames, in pixels.
        style: of the start.
        outputs: names of the sinks, "window" for the window.
    """
    size = f"{source.width}x{source.height}"
    if size_wh != (source.width & ~1, source.height & ~1):
        size += f", shown as {size_wh[0]}x{size_wh[1]},"
    keys = "h in the window shows the keys, q ends." if "window" in outputs else "Ctrl-C ends."
    return [
        f"{source.name}: {size} at {float(source.rate):.3g} fps, in the style {Path(style).name}",
        f"To {', '.join(outputs) or 'nowhere, only measured'}. {keys}",
    ]


def _ring_buffer_for(options: LiveOptions, source: LiveSource) -> AudioRingBuffer | None:
    """Create the audio ring buffer, if the options need audio and the source may have it.

    Raises:
        OptionError: `play_audio` without a video file, or with one that has no audio.
    """
    if isinstance(source, PacedFile):
        if options.play_audio and not has_audio(source):
            raise OptionError(f"play_audio: {source.path} has no sound.", "play_audio")
        written = options.record is not None or options.stream is not None
        wanted = options.play_audio or options.react or written
        return AudioRingBuffer() if wanted and has_audio(source) else None
    if options.play_audio:
        raise OptionError("play_audio takes a video file as camera.", "play_audio", "camera")
    return AudioRingBuffer() if options.audio or options.react else None
