"""One run of the live filter with a toy camera, toy styles, and a program as its display."""

import errno
import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import av
import numpy as np
import pytest

from tests.live.scene import WAIT_S, Listed, panned
from tests.live.sources.toy_device import ToyDevice
from tests.textures import noise_image
from vidstyle.errors import SinkError, SourceError
from vidstyle.frame import Picture
from vidstyle.live import session as session_module
from vidstyle.live.controls import Command
from vidstyle.live.metrics import LatencyMeter, LiveReport
from vidstyle.live.session import SINK_QUEUE_LENGTH, LiveSession, delay_hint
from vidstyle.live.sinks.base import DisplayHost, OutputFrame
from vidstyle.live.sources.base import LiveSource
from vidstyle.live.sources.webcam import Webcam
from vidstyle.live.style_menu import StyleMenu
from vidstyle.media.image_file import read_photo
from vidstyle.options import LiveOptions
from vidstyle.pipeline.latest import DropOldestChannel
from vidstyle.stylize.generator_pool import GeneratorPool

Make = Callable[..., LiveSession]


class Camera(Listed):
    """A source of so many frames at 100 a second; endless without a number."""

    def __init__(self, frames: int | None = None, size_wh: tuple[int, int] = (64, 48)) -> None:
        super().__init__(self._frames(frames, *size_wh))
        self.width, self.height = size_wh

    def _frames(self, count: int | None, width: int, height: int) -> Iterator[Picture]:
        picture = Picture.from_rgb(noise_image(height, width))
        number = 0
        while count is None or number < count:
            time.sleep(0.01)
            yield picture
            number += 1


class Viewer:
    """A display whose user is a function."""

    def __init__(self, use: Callable[["Viewer", DisplayHost], None]) -> None:
        self.outputs: DropOldestChannel[OutputFrame] = DropOldestChannel()
        self.meter = LatencyMeter()
        self.shown: OutputFrame | None = None
        self._use = use

    def run(self, host: DisplayHost) -> None:
        self._use(self, host)
        while host.poll():
            self.see()

    def see(self) -> OutputFrame:
        """The next frame, and note it."""
        deadline = time.perf_counter() + WAIT_S
        while (output := self.outputs.get(0.05)) is None:
            assert time.perf_counter() < deadline
            if self.outputs.exhausted and self.shown is not None:
                return self.shown
        self.meter.note(output.frame.time_s, time.perf_counter())
        self.shown = output
        return output


class Sink:
    """A virtual camera that counts, or fails."""

    def __init__(self, fails: bool = False) -> None:
        self.fails, self.closed, self.outputs = fails, False, list[OutputFrame]()

    def update_demand(self) -> bool:
        return True

    def write(self, output: OutputFrame) -> None:
        if self.fails:
            raise SinkError("The toy camera is full.")
        self.outputs.append(output)

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def make(
    shelf: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, patient: None
) -> Iterator[Make]:
    """Make sessions of toy styles, in a folder of their own; no thread may be left in the end."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    threads = set(threading.enumerate())
    with GeneratorPool() as pool:

        def session(source: LiveSource, **options: object) -> LiveSession:
            given = LiveOptions(camera="toy", window=False, **options)  # type: ignore[arg-type]
            return LiveSession(given, StyleMenu(None, pool), source, None, time.perf_counter())

        yield session
    assert set(threading.enumerate()) <= threads


def recorded(path: Path) -> int:
    with av.open(str(path)) as container:
        return sum(1 for _ in container.decode(video=0))


def test_a_run_ends_with_its_source_and_says_what_it_measured(make: Make) -> None:
    source = Camera(frames=40)
    began = time.perf_counter()
    report = make(source).run()
    assert isinstance(report, LiveReport)
    assert source.closed
    assert 1 <= report.frames <= 40 - report.dropped
    assert 0.4 <= report.seconds <= time.perf_counter() - began + 0.1
    assert report.first_picture_s is not None
    assert 0 < report.first_picture_s < report.seconds
    assert 0 <= report.latency_p50_ms <= report.latency_p99_ms < 1000 * report.seconds
    assert report.keyframes >= 1
    assert report.cores > 0
    assert report.recordings_cut_short == 0


def test_a_source_without_frames_ends_it_too(make: Make) -> None:
    report = make(Camera(frames=0)).run()
    assert (report.frames, report.first_picture_s, report.fps) == (0, None, 0)


@pytest.mark.parametrize(
    ("size_wh", "size", "expected"),
    [((64, 48), None, (64, 48)), ((65, 49), None, (64, 48)), ((65, 49), "32x20", (32, 20))],
)
def test_all_frames_have_one_even_size(
    make: Make, size_wh: tuple[int, int], size: str | None, expected: tuple[int, int]
) -> None:
    session, camera = make(Camera(20, size_wh), size=size), Sink()
    session.add_virtual_camera(camera)
    session.run()
    assert session.size_wh == expected
    pictures = [picture for o in camera.outputs for picture in (o.frame.picture, o.original)]
    assert {(picture.width, picture.height) for picture in pictures} == {expected}
    assert camera.closed


def test_another_thread_can_stop_it(make: Make) -> None:
    stop, source = threading.Event(), Camera()
    timer = threading.Timer(0.3, stop.set)
    timer.start()
    report = make(source).run(stop)
    timer.join(WAIT_S)
    assert source.closed
    assert report.seconds < WAIT_S


def test_ctrl_c_ends_it_with_a_report(make: Make) -> None:
    def interrupt(viewer: Viewer, host: DisplayHost) -> None:
        viewer.see()
        raise KeyboardInterrupt

    source = Camera()
    session = make(source)
    session.add_display(Viewer(interrupt))
    assert session.run().frames == 1
    assert source.closed


def test_a_camera_that_blocks_is_left_behind_and_closes_itself(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Stuck(Camera):
        def read(self, stop: threading.Event) -> Picture | None:
            assert go.wait(WAIT_S)
            return super().read(stop)

        def close(self) -> None:
            super().close()
            done.set()

    monkeypatch.setattr("vidstyle.live.renderer.NO_SIGNAL_S", 0.1)
    monkeypatch.setattr("vidstyle.live.session.CAMERA_PATIENCE_S", 0.01)
    go, done, stop = threading.Event(), threading.Event(), threading.Event()
    stop.set()
    source = Stuck()
    session = make(source)
    assert session.run(stop).frames == 0
    session.close()
    assert not source.closed
    go.set()
    assert done.wait(WAIT_S)
    while any(thread.name == "camera" for thread in threading.enumerate()):
        time.sleep(0.001)


def test_a_session_that_never_ran_closes_its_source(make: Make) -> None:
    source = Camera()
    make(source).close()
    assert source.closed


def test_a_sink_that_fails_ends_it_with_its_error(make: Make) -> None:
    source, sink = Camera(), Sink(fails=True)
    session = make(source)
    session.add_virtual_camera(sink)
    with pytest.raises(SinkError, match="The toy camera is full"):
        session.run()
    assert source.closed
    assert sink.closed


def test_a_lost_camera_is_waited_for_and_the_placeholder_is_shown(
    make: Make, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vidstyle.live.renderer.NO_SIGNAL_S", 0.1)
    frames = [panned(0, 64, 48)] * 2
    source, lost = Listed([*frames, SourceError("The toy camera is gone.")]), Sink()
    source.rate = 100 * source.rate

    def wait(viewer: Viewer, host: DisplayHost) -> None:
        gone = "The toy camera is gone. Waiting for it to come back."
        deadline = time.perf_counter() + WAIT_S
        while viewer.see().live or gone not in caplog.messages:
            assert time.perf_counter() < deadline
        host.perform(Command.QUIT, None)

    session = make(source)
    session.add_virtual_camera(lost)
    session.add_display(Viewer(wait))
    session.run()
    assert not lost.outputs[-1].live


def test_frames_of_a_display_and_a_camera_are_the_same(make: Make) -> None:
    seen, camera, both = dict[int, OutputFrame](), Sink(), set[int]()

    def look(viewer: Viewer, host: DisplayHost) -> None:
        while host.poll() and len(both) < 10:  # either may miss some
            output = viewer.see()
            seen[output.frame.pts] = output
            both.update(seen.keys() & {output.frame.pts for output in camera.outputs})
        host.perform(Command.QUIT, None)

    session = make(Camera())
    session.add_virtual_camera(camera)
    session.add_display(Viewer(look))
    session.run()
    assert len(both) >= 10
    for output in camera.outputs:
        assert seen.get(output.frame.pts, output) is output


def test_quitting_ends_the_polling(make: Make) -> None:
    polled = list[bool]()

    def quit_at_once(viewer: Viewer, host: DisplayHost) -> None:
        polled.append(host.poll())
        assert host.perform(Command.QUIT, None) == ""
        polled.append(host.poll())

    session = make(Camera())
    session.add_display(Viewer(quit_at_once))
    session.run()
    assert polled == [True, False]


def test_keys_change_what_is_shown_and_the_status_says_so(make: Make) -> None:
    styles = list[str]()

    def choose(viewer: Viewer, host: DisplayHost) -> None:
        viewer.see()
        styles.append(host.status().style)
        host.controls.press("2")  # white
        styles.append(host.status().style)
        deadline = time.perf_counter() + WAIT_S
        while viewer.see().frame.picture.y.min() < 230:
            assert time.perf_counter() < deadline
        host.perform(Command.QUIT, None)

    session = make(Camera())
    session.add_display(Viewer(choose))
    session.run()
    assert styles == ["negative", "white"]


def test_a_webcam_is_shown_as_a_mirror_and_other_sources_are_not(
    make: Make, tmp_path: Path
) -> None:
    (tmp_path / "video0").touch()
    bgr = noise_image(48, 64)
    webcam = Webcam(tmp_path / "video0", 64, 48, 30, ToyDevice([bgr]))
    for source, mirrored in ((webcam, True), (Camera(), False)):
        session = make(source)
        assert session.controls.state.mirrored is mirrored
        assert session.status().styles[:2] == ("negative", "white")
        session.close()


def test_snapshots_are_what_is_shown_and_replace_nothing(make: Make, tmp_path: Path) -> None:
    messages, shown = list[str](), list[Picture]()

    def snap(viewer: Viewer, host: DisplayHost) -> None:
        assert host.perform(Command.SNAPSHOT, None) == ""  # nothing is shown yet
        for _ in range(3):  # within one second, nearly always
            output = viewer.see()
            messages.append(host.perform(Command.SNAPSHOT, output))
            shown.append(output.frame.picture)
        host.perform(Command.QUIT, None)

    session = make(Camera())
    session.add_display(Viewer(snap))
    session.run()
    paths = [Path(message.removeprefix("wrote ")) for message in messages]
    assert len(set(paths)) == 3
    assert sorted(paths) == sorted(Path(p.name) for p in Path.cwd().iterdir())
    for path, picture in zip(paths, shown, strict=True):
        np.testing.assert_array_equal(read_photo(path), picture.to_rgb())


def test_a_snapshot_that_cannot_be_written_is_told_and_the_run_goes_on(
    make: Make, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    messages = list[str]()

    def snap(viewer: Viewer, host: DisplayHost) -> None:
        messages.append(host.perform(Command.SNAPSHOT, viewer.see()))
        viewer.see()
        host.perform(Command.QUIT, None)

    monkeypatch.setattr(session_module, "_free_path", lambda suffix: Path("gone", f"a.{suffix}"))
    session = make(Camera())
    session.add_display(Viewer(snap))
    assert session.run().frames == 2
    assert messages == caplog.messages
    assert messages[0].startswith(f"Cannot write {Path('gone', 'a.png')}: No such file")


def test_a_disk_that_gives_errors_has_every_name_free(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as unplugged:
        unplugged.setattr(os, "stat", fail)
        unplugged.setattr(Path, "stat", fail)
        path = session_module._free_path("png")
    assert path.suffix == ".png"


def test_the_first_recording_has_the_name_asked_for_and_others_names_of_their_own(
    make: Make, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "asked.mkv"
    messages = list[str]()

    def record(viewer: Viewer, host: DisplayHost) -> None:
        assert host.status().recording
        for happened in (path.exists, lambda: "Recorded" in caplog.text, lambda: list(here())):
            while not happened():
                viewer.see()
            messages.append(host.perform(Command.RECORD, viewer.shown))
        host.perform(Command.QUIT, None)

    here = Path.cwd().iterdir

    session = make(Camera(), record=str(path))
    session.add_display(Viewer(record))
    session.run()
    assert messages == ["recorded", "recording", "recorded"]
    (other,) = Path.cwd().iterdir()
    assert other.suffix == ".mkv"
    assert recorded(path) >= 1
    assert recorded(other) >= 1


def test_every_frame_that_is_recorded_is_counted(make: Make, tmp_path: Path) -> None:
    camera = Camera(SINK_QUEUE_LENGTH)  # more might be dropped by one sink and not by another
    report = make(camera, record=str(tmp_path / "out.mkv")).run()
    assert recorded(tmp_path / "out.mkv") == report.frames > 0


def test_a_dropped_file_becomes_the_style_and_others_are_named(
    make: Make, inverter: Path, tmp_path: Path
) -> None:
    messages, styles = list[str](), list[str]()

    def drop(viewer: Viewer, host: DisplayHost) -> None:
        messages.append(host.open_style(str(inverter)))
        styles.append(host.status().style)
        host.controls.press("2")
        messages.append(host.open_style(str(inverter)))
        messages.append(host.open_style(str(tmp_path / "none.jpg")))
        styles.append(host.status().style)
        host.perform(Command.QUIT, None)

    session = make(Camera())
    session.add_display(Viewer(drop))
    session.run()
    assert messages[:2] == [inverter.name] * 2
    assert "none.jpg" in messages[2]
    assert styles == [inverter.name] * 2


def test_sound_is_delayed_as_much_as_the_camera_s_pictures(make: Make) -> None:
    session, camera, delays = make(Camera()), Sink(), list[float]()

    def listen(viewer: Viewer, host: DisplayHost) -> None:
        while len(camera.outputs) < 20:
            viewer.see()
        delays.append(session.delay_s())
        host.perform(Command.QUIT, None)

    session.add_virtual_camera(camera)
    session.add_display(Viewer(listen))
    assert session.delay_s() == 0
    session.run()
    assert 0 < delays[0] < 5


def test_the_hint_names_the_delay_in_milliseconds() -> None:
    assert delay_hint(0.0834) == "set your call's audio delay to 83 ms."
