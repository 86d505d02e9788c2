"""Live filter: camera to window, virtual camera and recording, as options say."""

import logging
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
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
from vidstyle.live.sinks.network_stream import open_stream, public_address
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

    def watch() -> None:
        if stop is not None and stop.is_set():
            raise Cancelled(f"Stopped before {options.camera} was open.")

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
        source = open_source(options, watch)
        closed_on_error = opened.enter_context(ExitStack())
        closed_on_error.callback(source.close)
        for note in source.notes:
            log.warning("%s", note)
        live = LiveSession(options, styles, source, _ring_buffer_for(options, source), started_s)
        closed_on_error.pop_all()
        opened.enter_context(closing(live))
        if options.polish is not None:
            opened.enter_context(_polishing(live, styles, options.polish))
        outputs = list[str]()
        if options.virtual_camera is not None:
            camera = open_virtual_camera(
                options.virtual_camera, *live.size_wh, source.rate, options.pixels
            )
            live.add_virtual_camera(opened.enter_context(closing(camera)))
            outputs.append(f"virtual camera {camera}")
        if options.stream is not None:
            sound = live.ring_buffer if options.audio or isinstance(source, PacedFile) else None
            stream = open_stream(options.stream, source.rate, sound)
            live.add_stream(opened.enter_context(closing(stream)))
            outputs.append(f"stream {public_address(options.stream)}")
        if options.osc_address is not None:
            server = OscServer(*options.osc_address)
            live.add_osc(opened.enter_context(closing(server)))
            log.info("OSC messages are taken at %s:%d.", *options.osc_address)
        if live.ring_buffer is not None:
            if not isinstance(source, PacedFile):
                microphone = Microphone(options.microphone, live.ring_buffer)
                live.add_audio_device(opened.enter_context(closing(microphone)))
            if options.play_audio or (options.audio and options.audio_output is not None):
                speaker = Speaker(options.audio_output, live.ring_buffer, live.delay_s)
                live.add_audio_device(opened.enter_context(closing(speaker)))
        if options.window:
            live.add_display(opened.enter_context(closing(Window(*live.size_wh))))
            outputs.insert(0, "window")
        if options.record is not None:
            outputs.append(f"recording {options.record}")
        for line in introduction(source, live.size_wh, styles.names[styles.first], outputs):
            log.info("%s", line)
        yield live


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
