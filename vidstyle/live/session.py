"""Live session: capture, renderer, display, sinks and audio devices of one run, connected."""

import itertools
import logging
import os
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

from vidstyle.errors import VidstyleError
from vidstyle.frame import Frame, Picture
from vidstyle.hardware import resident_mb, usable_cores
from vidstyle.live.audio.devices import AudioDevice, FileAudio
from vidstyle.live.audio.ring_buffer import AudioRingBuffer, LoudnessMeter
from vidstyle.live.capture import Capture
from vidstyle.live.controls import Command, Controls, ControlState, StyleTimer
from vidstyle.live.letterbox import fit
from vidstyle.live.metrics import CpuMeter, LatencyMeter, LiveReport, process_cpu_s
from vidstyle.live.osc import OscServer
from vidstyle.live.placeholder import placeholder
from vidstyle.live.quality import LADDER, QualityController
from vidstyle.live.renderer import NoSignal, Renderer, StyleSelection
from vidstyle.live.sinks.base import Display, LiveSink, NullSink, OutputFrame, SinkThread
from vidstyle.live.sinks.overlay import Status
from vidstyle.live.sinks.recorder import Recorder
from vidstyle.live.sinks.virtual_camera import VirtualCamera
from vidstyle.live.sources.base import LiveSource
from vidstyle.live.sources.file import PacedFile
from vidstyle.live.sources.open import open_source
from vidstyle.live.sources.webcam import Webcam
from vidstyle.live.style_menu import StyleMenu
from vidstyle.live.stylizer import LiveStylizer
from vidstyle.media.image_file import write_result
from vidstyle.options import LiveOptions
from vidstyle.pipeline.latest import DropOldestChannel
from vidstyle.pipeline.thread_group import ThreadGroup
from vidstyle.stats import Stats, per_second

log = logging.getLogger(__name__)

SINK_QUEUE_LENGTH = 15  # frames waiting for the recorder or the null sink: 20 MB at 720p
CAMERA_PATIENCE_S = 1.5  # for a source that blocks at the end; longer than OpenCV's timeout
STYLE_FADE_S = 0.7  # from a style to the next
POLL_S = 0.1  # period of the checks for consumers and time limits, without a window
HINT_AFTER_FRAMES = 90  # displayed frames; the median latency has settled by then
NO_SIGNAL = "no picture from the camera"


class LiveSession:
    """One run of the live filter: opened devices in, threads and a report out.

    Belongs to one thread, the main thread where a window is shown: that thread calls the `add_`
    methods and `run`. Only `delay_s` may be called from other threads.
    """

    def __init__(
        self,
        options: LiveOptions,
        styles: StyleMenu,
        source: LiveSource,
        ring_buffer: AudioRingBuffer | None,
        started_s: float,
    ) -> None:
        """Connect the opened parts; no thread starts before `run`.

        Args:
            options: settings of the run.
            styles: style menu; its generators may still be loading.
            source: open live source; closed by the capture thread, or by `close` without a run.
            ring_buffer: captured audio; None for a run without audio.
            started_s: start of the program's work in seconds of `time.perf_counter`; time limit and
                report count from it.
        """
        self._options, self._styles, self._started_s = options, styles, started_s
        self.size_wh = options.size_wh or (source.width & ~1, source.height & ~1)
        self._stats, self._threads, self._cpu = Stats(), ThreadGroup(), CpuMeter()
        self._frames: DropOldestChannel[Frame] = DropOldestChannel()
        self._capture = Capture(source, lambda: open_source(options), self._fitted, self._frames)
        self._quality_controller = QualityController(
            options.max_cpu / 100 * usable_cores(),
            lines=options.lines,
            most_lines=min(*self.size_wh, LADDER[0].lines),
            has_small_network=styles.has_small_network(styles.first),
        )
        self.controls = Controls(
            len(styles.names),
            ControlState(
                styles.first,
                strength=options.strength,
                keep_colors=options.keep_colors,
                only=options.only,
                faces=options.faces,
                every=options.every,
                mirrored=isinstance(source, Webcam),
            ),
            lambda: self._quality_controller.quality.every,
        )
        self._style_timer = StyleTimer(options.style_interval)
        self._frame_s = float(1 / source.rate)
        self.ring_buffer = ring_buffer
        self._file = source if isinstance(source, PacedFile) else None
        recorded = ring_buffer if options.audio or self._file is not None else None
        self._requested_path = None if options.record is None else Path(options.record)
        self._recorder = Recorder(self._recording_path, source.rate, recorded, options.overwrite)
        self._recorder.wanted = options.record is not None
        self._sink_threads = [SinkThread(self._recorder, SINK_QUEUE_LENGTH)]
        self._camera: VirtualCamera | None = None
        self._window: Display | None = None
        self._streams = False
        self._osc: OscServer | None = None
        self._devices: list[AudioDevice] = []
        self._stop_request: threading.Event | None = None
        self._hinted = self._cpu_warned = False
        self._on_style: Callable[[str], None] = lambda style: None

    def close(self) -> None:
        """Close the source, unless `run` has done so."""
        self._capture.close()

    def add_virtual_camera(self, camera: VirtualCamera) -> None:
        """Send every frame to a virtual camera; before `run`."""
        self._camera = camera
        self._sink_threads.insert(0, SinkThread(camera))

    def add_stream(self, stream: LiveSink) -> None:
        """Send the frames to a network stream too, as fast as it takes them; before `run`.

        Args:
            stream: closed by its sink thread.
        """
        self._streams = True
        self._sink_threads.append(SinkThread(stream))

    def add_osc(self, server: OscServer) -> None:
        """Act on OSC messages as on keys; before `run`."""
        self._osc = server
        self._sink_threads.append(SinkThread(server))

    def add_display(self, window: Display) -> None:
        """Send every frame to a display, which `run` drives in its own thread; before `run`."""
        self._window = window

    def add_audio_device(self, device: AudioDevice) -> None:
        """Reopen an audio device after it was unplugged; before `run`."""
        self._devices.append(device)

    def on_dropped_style(self, call: Callable[[str], None]) -> None:
        """Have a function called with each new style in the menu; before `run`.

        Args:
            call: gets the name, by the display's thread; returns at once.
        """
        self._on_style = call

    def delay_s(self) -> float:
        """Median latency of the displayed frames in seconds; audio delayed by it is in sync.

        Called by the speaker's callback, once per audio block, on a thread of PortAudio.
        """
        meter = self._meter if self._camera is None else self._sink_threads[0].meter
        return meter.percentile_s(50)

    def run(self, stop: threading.Event | None = None) -> LiveReport:
        """Run until the source ends, the time limit passes or the user quits; join all threads.

        Args:
            stop: set it from any thread to end the run.

        Returns:
            The measurements of the run.

        Raises:
            VidstyleError: of the first thread that failed.
        """
        if self._window is None and self._camera is None:
            # A queue as long as the recorder's: every recorded frame is counted.
            self._sink_threads.insert(0, SinkThread(NullSink(), SINK_QUEUE_LENGTH))
        renderer = self._renderer()
        cpu_s, self._stop_request = process_cpu_s(), stop
        try:
            self._threads.start("camera", self._capture.run, patience_s=CAMERA_PATIENCE_S)
            self._threads.start("renderer", renderer.run)
            for sink_thread in self._sink_threads:
                self._threads.start("sink", sink_thread.run)
            if self._osc is not None:
                self._threads.start("osc", partial(self._osc.run, self), helper=True)
            for device in self._devices:
                self._threads.start("audio-device", device.run, helper=True)
            if self.ring_buffer is not None and self._file is not None:
                sound = FileAudio(self._file.path, self._file_start_s, self.ring_buffer)
                self._threads.start("file-audio", sound.run, helper=True)
            self._run_display()
        except KeyboardInterrupt:
            log.info("Stopped.")
        finally:
            self._threads.join()
        return self._report(process_cpu_s() - cpu_s)

    def _renderer(self) -> Renderer:
        """Renderer of the run, to all sinks, with a new stylizer."""
        selection = StyleSelection(self.controls, self._styles)
        if self._options.react and self.ring_buffer is not None:
            selection = replace(selection, loudness=LoudnessMeter(self.ring_buffer))
        return Renderer(
            self._frames,
            [*self._window_outputs(), *(sink_thread.outputs for sink_thread in self._sink_threads)],
            LiveStylizer(
                self._quality_controller, self._stats, self._frame_s, style_fade_s=STYLE_FADE_S
            ),
            selection,
            NoSignal(placeholder(*self.size_wh, NO_SIGNAL), self._frame_s),
        )

    def _run_display(self) -> None:
        """Drive the display, or wait, in the calling thread until `poll` returns False."""
        if self._window is not None:
            self._window.run(self)
            return
        while self.poll():
            self._threads.stop.wait(POLL_S)

    def poll(self) -> bool:
        """Do the periodic checks; False when the run is to end.

        Checks the CPU limit, demand for frames and the time limit. Called at least every 0.1 s in
        the thread of `run`, by the display where there is one.
        """
        limit_s = self._options.seconds
        self._warn_about_cpu_limit()
        self._style_timer.advance(self.controls, time.perf_counter())
        if self._options.audio and not self._hinted and self._meter.count >= HINT_AFTER_FRAMES:
            self._hinted = True
            log.warning("Without a sound cable: %s", delay_hint(self.delay_s()))
        in_time = limit_s is None or time.perf_counter() - self._started_s < limit_s
        self._capture.set_demand(self._update_demand())
        stop_requested = self._stop_request is not None and self._stop_request.is_set()
        return self._threads.busy and in_time and not stop_requested and not self._is_pointless()

    def _is_pointless(self) -> bool:
        """Whether a recording without display or virtual camera has ended on a full disk."""
        alone = self._window is None and self._camera is None and not self._streams
        return alone and self._recorder.cut_short > 0

    def _warn_about_cpu_limit(self) -> None:
        taken = self._quality_controller.exceeded_cores
        if taken is not None and not self._cpu_warned:
            self._cpu_warned = True
            log.warning(
                "max_cpu %g%% cannot be kept: the simplest picture takes %.0f %%.",
                self._options.max_cpu,
                100 * taken / usable_cores(),
                extra={"settings": ("max_cpu",)},
            )

    def _update_demand(self) -> bool:
        """Look for consumers; return whether frames are displayed, recorded or read."""
        watched = self._window is not None or self._streams
        if self._camera is None or watched or self._options.hold:
            return True
        return self._recorder.wanted or self._camera.update_demand()

    def _file_start_s(self) -> float | None:
        """Time of a file's timestamp 0, by `time.perf_counter`; None while it does not play."""
        source = self._capture.source
        return source.zero_s if isinstance(source, PacedFile) else None

    def _fitted(self, picture: Picture) -> Picture:
        return fit(picture, *self.size_wh, self._options.letterbox)

    def _window_outputs(self) -> list[DropOldestChannel[OutputFrame]]:
        return [] if self._window is None else [self._window.outputs]

    def perform(self, command: Command, output: OutputFrame | None) -> str:
        """Execute a command, on any thread; return a message of a word or two, or nothing.

        A snapshot that cannot be written is logged, and the message says why.
        """
        if command is Command.RECORD:
            self._recorder.wanted = not self._recorder.wanted
            return "recording" if self._recorder.wanted else "recorded"
        if command is Command.SNAPSHOT and output is not None:
            return _snapshot(output)
        if command is Command.QUIT:
            self._threads.stop.set()
        return ""

    def open_style(self, file: str) -> str:
        """Add a picture or an .onnx file to the style menu and select it; return a message."""
        known = len(self._styles.names)
        try:
            number = self._styles.add(file)
        except VidstyleError as error:
            return error.message
        if number == known:
            self.controls.select_new()
            self._on_style(self._styles.names[number])
        else:
            self.controls.select(number)
        return Path(file).name

    def _recording_path(self) -> Path:
        """Path of the next recording: first the one in the options, then names by date and time."""
        requested, self._requested_path = self._requested_path, None
        return requested or _free_path("mkv")

    @property
    def _meter(self) -> LatencyMeter:
        return self._window.meter if self._window is not None else self._sink_threads[0].meter

    def status(self) -> Status:
        """Current measurements and settings, for the overlay."""
        meter = self._meter
        return Status(
            style=Path(self._styles.names[self.controls.state.style_number]).name,
            fps=meter.fps,
            p50_ms=1000 * meter.percentile_s(50),
            p99_ms=1000 * meter.percentile_s(99),
            dropped=self._frames.dropped,
            quality=str(self._quality_controller.quality),
            cores=self._cpu.cores,
            recording=self._recorder.wanted,
            styles=tuple(self._styles.names),
        )

    def _report(self, cpu_s: float) -> LiveReport:
        status, seconds = self.status(), time.perf_counter() - self._started_s
        first_s = self._meter.first_s
        return LiveReport(
            seconds=seconds,
            frames=self._meter.count,
            fps=status.fps,
            latency_p50_ms=status.p50_ms,
            latency_p99_ms=status.p99_ms,
            dropped=status.dropped,
            keyframes=self._stats["keyframes"],
            quality=status.quality,
            cores=per_second(cpu_s, seconds),
            memory_mb=resident_mb(),
            first_picture_s=None if first_s is None else first_s - self._started_s,
            recordings_cut_short=self._recorder.cut_short,
        )


def _snapshot(output: OutputFrame) -> str:
    """Write the picture of a frame as PNG; return a message with its path, or the failure's."""
    path = _free_path("png")
    try:
        write_result(path, output.frame.picture.to_rgb(), replace=False)
    except VidstyleError as error:
        log.warning("%s", error.message)
        return error.message
    return f"wrote {path}"


def _free_path(suffix: str) -> Path:
    """An unused file name with date and time, in the current folder."""
    stem = time.strftime("vidstyle-%Y%m%d-%H%M%S")
    names = (f"{stem}{f'-{n}' if n else ''}.{suffix}" for n in itertools.count())
    # Before Python 3.14, Path.exists raises errors of the disk.
    return Path(next(name for name in names if not os.path.exists(name)))  # noqa: PTH110


def delay_hint(delay_s: float) -> str:
    """Hint for video calls that take audio from the microphone itself: the delay to set there."""
    return f"set your call's audio delay to {1000 * delay_s:.0f} ms."
