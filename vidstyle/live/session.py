"""The parts of a run of the live filter, joined."""

import itertools
import logging
import threading
import time
from pathlib import Path

from vidstyle.frame import Frame, Picture
from vidstyle.hardware import resident_mb, usable_cores
from vidstyle.live.audio.devices import FileSound, SoundDevice
from vidstyle.live.audio.ring_buffer import AudioRingBuffer, Loudness
from vidstyle.live.capture import Capture
from vidstyle.live.controls import Command, Controls, ControlState
from vidstyle.live.letterbox import fit
from vidstyle.live.metrics import CpuMeter, LatencyMeter, LiveReport, process_cpu_s
from vidstyle.live.placeholder import placeholder
from vidstyle.live.quality import LADDER, Governor
from vidstyle.live.renderer import Renderer
from vidstyle.live.sinks.base import Display, NullSink, OutputFrame, SinkThread
from vidstyle.live.sinks.overlay import Status
from vidstyle.live.sinks.recorder import Recorder
from vidstyle.live.sinks.virtual_camera import VirtualCamera
from vidstyle.live.sources.base import LiveSource
from vidstyle.live.sources.file import PacedFile
from vidstyle.live.sources.open import open_source
from vidstyle.live.style_menu import Styles
from vidstyle.live.stylizer import LiveStylizer
from vidstyle.media.image_file import write_photo
from vidstyle.options import LiveOptions
from vidstyle.pipeline.latest import DropOldestChannel
from vidstyle.pipeline.thread_group import ThreadGroup
from vidstyle.stats import Stats

log = logging.getLogger(__name__)

MOST_WAITING = 15  # views that wait for the encoder, or to be counted: 20 MB at 720p
LOOK_AROUND_S = 0.1  # between looks at readers and time limits
HINT_AFTER = 90  # pictures: the latency is known by then
NO_SIGNAL = "no picture from the camera"


class Live:
    """The parts of one run, joined."""

    def __init__(
        self,
        options: LiveOptions,
        styles: Styles,
        source: LiveSource,
        ring_buffer: AudioRingBuffer | None,
        started_s: float,
    ) -> None:
        """Take what has been opened; nothing moves before `run`.

        Args:
            options: how the run begins.
            styles: loaded, or loading.
            source: open.
            tape: where sound is wanted.
            started_s: when all of it began, by `time.monotonic`.
        """
        self._options, self._styles, self._started_s = options, styles, started_s
        self.size_wh = options.size_wh or (source.width & ~1, source.height & ~1)
        self._stats, self._threads, self._cpu = Stats(), ThreadGroup(), CpuMeter()
        self._frames: DropOldestChannel[Frame] = DropOldestChannel()
        self._capture = Capture(source, lambda: open_source(options), self._fitted, self._frames)
        self._governor = Governor(
            options.max_cpu / 100 * usable_cores(),
            lines=options.lines,
            most_lines=min(*self.size_wh, LADDER[0].lines),
            has_small_network=styles.has_small_network(styles.first),
        )
        self._controls = Controls(
            len(styles.names),
            ControlState(
                styles.first,
                strength=options.strength,
                keep_colors=options.keep_colors,
                every=options.every,
            ),
            lambda: self._governor.quality.every,
        )
        self._frame_s = float(1 / source.rate)
        self.ring_buffer = ring_buffer
        self._file = source if isinstance(source, PacedFile) else None
        recorded = ring_buffer if options.audio or self._file is not None else None
        self._asked_for = None if options.record is None else Path(options.record)
        self._recorder = Recorder(self._recording_path, source.rate, recorded, options.overwrite)
        self._recorder.wanted = options.record is not None
        self._sink_threads = [SinkThread(self._recorder, MOST_WAITING)]
        self._camera: VirtualCamera | None = None
        self._window: Display | None = None
        self._devices: list[SoundDevice] = []
        self._asked_to_stop: threading.Event | None = None
        self._hinted = self._sorry = False

    def feed(self, camera: VirtualCamera) -> None:
        """Let other programs see the pictures."""
        self._camera = camera
        self._sink_threads.insert(0, SinkThread(camera))

    def show(self, window: Display) -> None:
        """Let the user see the pictures."""
        self._window = window

    def look_after(self, device: SoundDevice) -> None:
        """Open a device again whenever it went and came back."""
        self._devices.append(device)

    def delay_s(self) -> float:
        """How old pictures are when others see them; sound must be as old to be in step."""
        meter = self._meter if self._camera is None else self._sink_threads[0].meter
        return meter.percentile_s(50)

    def run(self, stop: threading.Event | None = None) -> LiveReport:
        """Run to the end and join every thread.

        Args:
            stop: may be set from any thread to end the run.

        Raises:
            VidstyleError: the first part that failed for good.
        """
        if self._window is None and self._camera is None:
            # As patient as the recorder: every picture that is kept is counted.
            self._sink_threads.insert(0, SinkThread(NullSink(), MOST_WAITING))
        renderer = Renderer(
            self._frames,
            LiveStylizer(self._governor, self._stats, self._frame_s),
            self._governor,
            self._controls,
            self._styles,
            placeholder(*self.size_wh, NO_SIGNAL),
            self._frame_s,
            [*self._views_of_window(), *(sink_thread.views for sink_thread in self._sink_threads)],
            Loudness(self.ring_buffer) if self._options.react and self.ring_buffer else lambda: 1.0,
        )
        cpu_s, self._asked_to_stop = process_cpu_s(), stop
        try:
            self._threads.start("camera", self._capture.run)
            self._threads.start("renderer", renderer.run)
            for sink_thread in self._sink_threads:
                self._threads.start("outlet", sink_thread.run)
            for device in self._devices:
                self._threads.start("device", device.run, helper=True)
            if self.ring_buffer is not None and self._file is not None:
                sound = FileSound(self._file.path, self._file_began_s, self.ring_buffer)
                self._threads.start("sound", sound.run, helper=True)
            self._look_on()
        except KeyboardInterrupt:
            log.info("Stopped.")
        finally:
            self._threads.join()
        return self._report(process_cpu_s() - cpu_s)

    def _look_on(self) -> None:
        """Keep the calling thread busy with what only it may do, until it is time to end."""
        if self._window is not None:
            self._window.run(self._goes_on, self._controls, self._act, self._status)
            return
        while self._goes_on():
            self._threads.stop.wait(LOOK_AROUND_S)

    def _goes_on(self) -> bool:
        limit_s = self._options.seconds
        self._say_what_cannot_be_kept()
        if self._options.audio and not self._hinted and self._meter.count >= HINT_AFTER:
            self._hinted = True
            log.warning("Without a sound cable: %s", delay_hint(self.delay_s()))
        in_time = limit_s is None or time.monotonic() - self._started_s < limit_s
        self._capture.want(self._is_wanted())
        asked_to_stop = self._asked_to_stop is not None and self._asked_to_stop.is_set()
        going = self._threads.busy and in_time and not asked_to_stop
        return going and not self._is_pointless()

    def _is_pointless(self) -> bool:
        """Whether the recording was the only thing wanted, and has ended on a full disk."""
        alone = self._window is None and self._camera is None
        return alone and self._recorder.cut_short > 0

    def _say_what_cannot_be_kept(self) -> None:
        taken = self._governor.exceeded_cores
        if taken is not None and not self._sorry:
            self._sorry = True
            log.warning(
                "max_cpu %g%% cannot be kept: the simplest picture takes %.0f %%.",
                self._options.max_cpu,
                100 * taken / usable_cores(),
                extra={"settings": ("max_cpu",)},
            )

    def _is_wanted(self) -> bool:
        """Whether anybody would see the pictures."""
        if self._camera is None or self._window is not None or self._options.hold:
            return True
        return self._recorder.wanted or self._camera.is_watched

    def _file_began_s(self) -> float | None:
        """When the file that is the camera began; None while it does not play."""
        source = self._capture.source
        return source.pace.zero_s if isinstance(source, PacedFile) else None

    def _fitted(self, picture: Picture) -> Picture:
        return fit(picture, *self.size_wh, self._options.letterbox)

    def _views_of_window(self) -> list[DropOldestChannel[OutputFrame]]:
        return [] if self._window is None else [self._window.views]

    def _act(self, command: Command, view: OutputFrame | None) -> str:
        """Do what a key asks for, and say so in a word or two."""
        if command is Command.RECORD:
            self._recorder.wanted = not self._recorder.wanted
            return "recording" if self._recorder.wanted else "recorded"
        if command is Command.SNAPSHOT and view is not None:
            path = _free_path("png")
            write_photo(path, view.frame.picture.to_rgb(), replace=False)
            return f"wrote {path}"
        if command is Command.QUIT:
            self._threads.stop.set()
        return ""

    def _recording_path(self) -> Path:
        """The file that was asked for; further recordings are named after the time."""
        wanted, self._asked_for = self._asked_for, None
        return wanted or _free_path("mkv")

    @property
    def _meter(self) -> LatencyMeter:
        return self._window.meter if self._window is not None else self._sink_threads[0].meter

    def _status(self) -> Status:
        meter = self._meter
        return Status(
            style=self._styles.names[self._controls.look.number],
            fps=meter.fps,
            p50_ms=1000 * meter.percentile_s(50),
            p99_ms=1000 * meter.percentile_s(99),
            dropped=self._frames.dropped,
            quality=str(self._governor.quality),
            cores=self._cpu.cores,
            recording=self._recorder.wanted,
        )

    def _report(self, cpu_s: float) -> LiveReport:
        status, seconds = self._status(), time.monotonic() - self._started_s
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
            cores=cpu_s / seconds,
            memory_mb=resident_mb(),
            first_picture_s=None if first_s is None else first_s - self._started_s,
            recordings_cut_short=self._recorder.cut_short,
        )


def _free_path(suffix: str) -> Path:
    """A name in the current folder that nobody has yet."""
    stem = time.strftime("vidstyle-%Y%m%d-%H%M%S")
    names = (f"{stem}{f'-{n}' if n else ''}.{suffix}" for n in itertools.count())
    return next(path for name in names if not (path := Path(name)).exists())


def delay_hint(delay_s: float) -> str:
    """What to set in a call so that lips match, for people without a cable."""
    return f"set your call's audio delay to {1000 * delay_s:.0f} ms."
