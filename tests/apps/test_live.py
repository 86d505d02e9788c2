"""The whole live path without devices: files and test pictures in, recordings out."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace

import av
import numpy as np
import pytest
from pythonosc.udp_client import SimpleUDPClient

from tests.clips import Clip, Sound, squares
from tests.live.scene import Listed
from tests.live.sinks.listener import Listener, decoded, listening
from tests.look import playable
from tests.processes import file_size_limit, stop_once, vidstyle_with
from vidstyle.apps.live import introduction, run_live
from vidstyle.cli import DONE, FAILED, HUNG_UP, TERMINATED, USAGE, main
from vidstyle.errors import Cancelled, OptionError, SinkError, SourceError, StyleError
from vidstyle.hardware import resident_mb
from vidstyle.live import session
from vidstyle.live.sinks.base import OutputFrame
from vidstyle.live.sinks.virtual_camera import V4l2Output
from vidstyle.options import LiveOptions

HANG_LIMIT_S = 60
FRAMES = 12  # of clips; fewer than the queue of any sink that is to get all of them

pytestmark = pytest.mark.usefixtures("patient", "no_faces")


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    return Clip(frames=FRAMES, rate=25, size_wh=(96, 64)).write(tmp_path / "in.mp4")


def options(camera: Path | str, inverter: Path, **more: object) -> LiveOptions:
    return LiveOptions(camera=str(camera), style=str(inverter), window=False, **more)  # type: ignore[arg-type]


def open_files() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def pictures(path: Path) -> list[np.ndarray]:
    with av.open(str(path)) as container:
        return [f.to_ndarray(format="rgb24").astype(int) for f in container.decode(video=0)]


def test_a_file_is_shown_to_its_end(clip: Path, inverter: Path) -> None:
    report = run_live(options(clip, inverter))
    assert report.frames > 0
    assert report.frames + report.dropped == FRAMES
    assert report.latency_p50_ms <= report.latency_p99_ms
    assert report.first_picture_s is not None


def test_what_is_recorded_is_stylized(clip: Path, inverter: Path, tmp_path: Path) -> None:
    path = tmp_path / "out.mkv"
    report = run_live(options(clip, inverter, record=str(path)))
    shown = pictures(path)
    assert 0 < len(shown) <= report.frames
    wanted = 255 - squares(0, 96, 64).astype(int)
    still = (slice(2, 20), slice(2, -2))  # above the square nothing moves
    assert np.median(np.abs(shown[-1][still] - wanted[still])) < 10
    assert sorted(p.name for p in tmp_path.iterdir()) == ["in.mp4", "out.mkv"]


def test_pictures_get_the_size_that_was_asked_for(
    clip: Path, inverter: Path, tmp_path: Path
) -> None:
    path = tmp_path / "out.mp4"
    run_live(options(clip, inverter, record=str(path), size="64x64", letterbox=True))
    last = pictures(path)[-1]
    assert last.shape == (64, 64, 3)
    assert last[:8].max() < 40 or last[:8].min() > 215  # a bar, painted with the rest


def test_time_ends_what_has_no_end(
    inverter: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    began, path = time.perf_counter(), tmp_path / "out.mkv"

    def clock() -> float:
        """An hour later as soon as a frame has been recorded."""
        return time.perf_counter() + 3600 * path.exists()

    monkeypatch.setattr(session, "time", SimpleNamespace(perf_counter=clock))
    report = run_live(options("testsrc", inverter, size="96x64", seconds=3600.0, record=str(path)))
    assert report.frames > 0
    assert 3600 <= report.seconds <= 3600 + time.perf_counter() - began


def test_another_thread_may_stop_it(inverter: Path) -> None:
    stop = threading.Event()
    threading.Timer(0.5, stop.set).start()
    report = run_live(options("testsrc", inverter, size="96x64", seconds=600.0), stop)
    assert report.seconds < 600


def test_an_osc_message_may_stop_it(inverter: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "vidstyle.apps.live")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    client, ended = SimpleUDPClient("127.0.0.1", port), threading.Event()

    def send() -> None:
        while not ended.wait(0.1):
            client.send_message("/vidstyle/key", "q")

    sender = threading.Thread(target=send, daemon=True)
    sender.start()
    try:
        limited = options("testsrc", inverter, size="96x64", seconds=600.0, osc=str(port))
        report = run_live(limited)
    finally:
        ended.set()
        sender.join(HANG_LIMIT_S)
        client._sock.close()
    assert report.seconds < 600
    assert f"OSC messages are taken at 127.0.0.1:{port}." in caplog.messages


def test_it_can_be_stopped_before_its_source_is_open(inverter: Path) -> None:
    stop, threads = threading.Event(), set(threading.enumerate())
    stop.set()
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(HANG_LIMIT_S)
        address = f"http://127.0.0.1:{server.getsockname()[1]}/live"
        with pytest.raises(Cancelled, match="Stopped before http:"):
            run_live(options(address, inverter), stop)
        server.accept()[0].close()
    for thread in set(threading.enumerate()) - threads:  # ends by itself
        thread.join(HANG_LIMIT_S)


@pytest.mark.skipif(sys.platform != "linux", reason="/proc")
def test_no_thread_and_no_open_file_is_left(clip: Path, inverter: Path) -> None:
    run_live(options(clip, inverter, seconds=0.3))
    threads, files = set(threading.enumerate()), open_files()
    for _ in range(3):
        run_live(options(clip, inverter, seconds=0.3))
    assert set(threading.enumerate()) == threads
    assert open_files() <= files


@pytest.mark.parametrize(
    ("more", "error", "reason"),
    [
        ({"camera": "none.mp4"}, SourceError, "no camera or file"),
        ({"style": "none.onnx"}, StyleError, "There is no file"),
        ({"record": "out.txt"}, SinkError, "must end in .mp4"),
        ({"record": "none/out.mp4"}, SinkError, "no folder none"),
        ({"record": "there.mkv"}, SinkError, "exists. Allow overwriting"),
        ({"virtual_camera": "/dev/video98"}, SinkError, "modprobe v4l2loopback"),
    ],
)
def test_what_cannot_be_opened_is_said_and_leaves_nothing(
    clip: Path,
    inverter: Path,
    monkeypatch: pytest.MonkeyPatch,
    more: dict[str, str],
    error: type[Exception],
    reason: str,
) -> None:
    monkeypatch.chdir(clip.parent)
    Path("there.mkv").touch()
    threads = set(threading.enumerate())
    given = {"camera": str(clip), "style": str(inverter), "window": False} | more
    with pytest.raises(error, match=reason):
        run_live(LiveOptions(**given))  # type: ignore[arg-type]
    assert set(threading.enumerate()) == threads
    assert sorted(p.name for p in clip.parent.iterdir()) == ["in.mp4", "there.mkv"]


@pytest.mark.skipif(sys.platform != "linux", reason="readers are counted with /proc")
@pytest.mark.parametrize(("watched", "hold"), [(False, False), (True, False), (False, True)])
def test_only_for_somebody_who_looks_is_anything_painted(
    inverter: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, watched: bool, hold: bool
) -> None:
    """A file stands for the device: who reads it, and what is written, are real."""
    device, stop = tmp_path / "video10", threading.Event()
    device.touch()
    monkeypatch.setattr("vidstyle.live.renderer.NO_SIGNAL_S", 0.1)
    live, demands = list[bool](), set[bool]()

    class Device(V4l2Output):
        """Notes which frames are live once it was asked for its demand; stops after enough."""

        def update_demand(self) -> bool:
            demand = super().update_demand()
            demands.add(demand)
            return demand

        def write(self, output: OutputFrame) -> None:
            super().write(output)
            if hold or (True in demands if watched else demands):
                live.append(output.live)
            if live.count(True) > 20 if watched or hold else live[-3:] == [False] * 3:
                stop.set()

    def open_device(wanted: str, width: int, height: int, rate: Fraction, pixels: str) -> Device:
        return Device(device, width, height, rate, format="rawvideo")

    monkeypatch.setattr("vidstyle.apps.live.open_virtual_camera", open_device)
    readers = [
        subprocess.Popen(["tail", "-f", str(device)], stdout=subprocess.DEVNULL)
        for _ in range(watched)
    ]
    given = options("testsrc", inverter, size="96x64", virtual_camera="auto")
    try:
        report = run_live(replace(given, hold=hold, seconds=HANG_LIMIT_S), stop)
    finally:
        for reader in readers:
            reader.kill()
            reader.wait(HANG_LIMIT_S)
    assert report.seconds < HANG_LIMIT_S
    if watched or hold:
        assert report.frames > 20
    else:
        assert demands == {False}
        assert live[-3:] == [False] * 3  # the placeholder, again and again
    assert device.stat().st_size % (96 * 64 * 3 // 2) == 0


def words(camera: Path | str, inverter: Path, *more: str) -> list[str]:
    return ["live", "--camera", str(camera), "--style", str(inverter), "--no-window", *more]


def test_the_command_tells_what_it_measured(
    clip: Path,
    inverter: Path,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("WARNING")  # set back at the end, after the changes by --quiet
    assert main(words(clip, inverter)) == DONE
    assert " fps, " in capsys.readouterr().err
    assert main(words(clip, inverter, "--quiet")) == DONE
    assert capsys.readouterr().err == ""
    assert main(words(clip, inverter, "--json", "--max-cpu", "60%")) == DONE
    summary = json.loads(capsys.readouterr().out)
    assert summary["frames"] > 0
    assert summary["latency_p50_ms"] >= 0


def test_the_terminal_says_what_is_on(
    clip: Path, inverter: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "out.mkv"
    caplog.set_level("INFO", "vidstyle.apps.live")
    run_live(options(clip, inverter, size="64x64", record=str(path)))
    run_live(options(clip, inverter))
    assert caplog.messages[0].endswith(
        f"in.mp4: 96x64, shown as 64x64, at 25 fps, in the style {inverter.name}"
    )
    assert f"To recording {path}. Ctrl-C ends." in caplog.messages
    assert caplog.messages[-2].endswith(f"96x64 at 25 fps, in the style {inverter.name}")
    assert caplog.messages[-1] == "To nowhere, only measured. Ctrl-C ends."


def test_what_is_streamed_is_stylized(
    clip: Path, inverter: Path, caplog: pytest.LogCaptureFixture
) -> None:
    stop = threading.Event()
    caplog.set_level("INFO", "vidstyle.apps.live")
    with listening() as listener:
        given = options(clip, inverter, loop=True, stream=listener.address)
        watcher = threading.Thread(target=stop_when_heard, args=(listener, stop))
        watcher.start()
        run_live(given, stop)
        watcher.join(HANG_LIMIT_S)
    assert f"To stream {listener.address}. Ctrl-C ends." in caplog.messages
    shown = decoded(bytes(listener.received[0]))[-1].to_ndarray(format="rgb24").astype(int)
    wanted = 255 - squares(0, 96, 64).astype(int)
    still = (slice(2, 20), slice(2, -2))  # above the square nothing moves
    assert np.median(np.abs(shown[still] - wanted[still])) < 10


def stop_when_heard(listener: Listener, stop: threading.Event) -> None:
    deadline = time.perf_counter() + HANG_LIMIT_S
    while len(listener.received[0]) < 10_000 and time.perf_counter() < deadline:
        time.sleep(0.01)
    stop.set()


def test_an_address_that_cannot_be_streamed_to_is_refused() -> None:
    for address in ("nonsense", "ftp://a/b", "rtmp://"):
        with pytest.raises(OptionError, match="stream must be an address that begins with one"):
            LiveOptions(stream=address)


def test_with_a_window_the_terminal_names_its_keys() -> None:
    lines = introduction(Listed([]), (64, 48), "ink", ["window", "virtual camera /dev/video9"])
    assert lines == [
        "A toy: 64x48 at 30 fps, in the style ink",
        "To window, virtual camera /dev/video9. h in the window shows the keys, q ends.",
    ]


@pytest.mark.parametrize(
    ("more", "code", "reason"),
    [
        (["--camera", "/dev/video77"], FAILED, "There is no camera /dev/video77"),
        (["--virtual-camera"], FAILED, "sudo modprobe v4l2loopback exclusive_caps=1"),
        (["--record", "out.txt"], FAILED, "must end in .mp4"),
        (["--record", "no/a.mp4"], FAILED, "Make it first, or choose another (--record)."),
        (["--play-audio"], USAGE, "has no sound"),
        (["--camera", "testsrc", "--play-audio"], USAGE, "takes a video file as --camera"),
        (["--max-cpu", "0%"], USAGE, "--max-cpu must be over 0"),
        (["--config", "none.toml"], USAGE, "none.toml cannot be read"),
    ],
)
@pytest.mark.skipif(sys.platform != "linux", reason="devices as Linux names them")
def test_what_goes_wrong_is_one_line(
    clip: Path,
    inverter: Path,
    capsys: pytest.CaptureFixture[str],
    more: list[str],
    code: int,
    reason: str,
) -> None:
    assert main(words(clip, inverter, *more)) == code
    out, err = capsys.readouterr()
    assert out == ""
    (line,) = err.splitlines()
    assert reason in line


def test_a_share_of_the_processor_that_is_too_small_is_said_once(inverter: Path) -> None:
    more = ("--size", "96x64", "--max-cpu", "0.01%")
    soon = "from vidstyle.live import quality; quality.DOWN_AFTER_S = 0.1"
    process = subprocess.Popen(
        [*vidstyle_with(soon), *words("testsrc", inverter, *more)],
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stderr is not None
        *_, line = (process.stderr.readline() for _ in range(3))  # after what is on
    finally:
        process.kill()
        process.communicate(timeout=HANG_LIMIT_S)
    assert line.startswith("--max-cpu 0.01% cannot be kept: the simplest picture takes ")


TEN = """
from vidstyle.media.sink import FileSink
write = FileSink.write
def counted(sink, frame):
    write(sink, frame)
    if sink._stats["frames"] == 10:
        print("ten", flush=True)
FileSink.write = counted
"""


@pytest.mark.skipif(os.name != "posix", reason="signals as POSIX has them")
@pytest.mark.parametrize(
    ("number", "code"),
    [
        (signal.SIGINT, DONE),
        (signal.SIGTERM, TERMINATED),
        (getattr(signal, "SIGHUP", None), HUNG_UP),
    ],
)
def test_a_signal_ends_it_and_the_recording_is_whole(
    tmp_path: Path, inverter: Path, number: signal.Signals, code: int
) -> None:
    path = tmp_path / "out.mkv"
    more = ("--size", "96x64", "--record", str(path))
    process = subprocess.Popen(
        [*vidstyle_with(TEN), *words("testsrc", inverter, *more)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    stdout = process.stdout
    assert stdout is not None
    error = stop_once(process, lambda: stdout.readline() == "ten\n", number, HANG_LIMIT_S)
    assert process.returncode == code
    assert "Traceback" not in error
    assert [p.name for p in tmp_path.iterdir()] == ["out.mkv"]
    assert len(pictures(path)) >= 10


@pytest.mark.skipif(os.name != "posix", reason="signals as POSIX has them")
@pytest.mark.parametrize("suffix", ["mkv", "mp4"])
def test_a_recording_can_be_played_after_its_program_was_killed(
    tmp_path: Path, inverter: Path, suffix: str
) -> None:
    sound = Sound(seconds=4.0)
    clip = Clip(frames=100, size_wh=(96, 64), sounds=[sound]).write(tmp_path / "in.mp4")
    path, size = tmp_path / f"out.{suffix}", 0
    record = ("--record", str(path))
    process = subprocess.Popen(
        [sys.executable, "-m", "vidstyle", *words(clip, inverter, "--loop", *record)],
        stderr=subprocess.PIPE,
        text=True,
    )

    def holds_enough() -> bool:
        nonlocal size
        if not path.exists() or path.stat().st_size == size:
            return False
        size = path.stat().st_size
        frames, samples = playable(path)
        return frames > 20 and samples > 0.5 * sound.rate

    stop_once(process, holds_enough, signal.SIGKILL, HANG_LIMIT_S)
    assert process.returncode == -signal.SIGKILL
    assert len(pictures(path)) > 20
    with av.open(str(path)) as container:
        assert sum(f.samples for f in container.decode(audio=0)) > 0.5 * sound.rate


@pytest.mark.skipif(os.name != "posix", reason="limits as POSIX has them")
def test_a_recording_that_finds_no_room_ends_the_run_and_is_kept(
    tmp_path: Path, inverter: Path
) -> None:
    path = tmp_path / "out.mp4"
    more = ("--size", "640x360", "--seconds", str(HANG_LIMIT_S), "--record", str(path))
    with file_size_limit(500_000):
        process = subprocess.run(
            [sys.executable, "-m", "vidstyle", *words("testsrc", inverter, *more)],
            capture_output=True,
            text=True,
            timeout=2 * HANG_LIMIT_S,
        )
    assert process.returncode == FAILED
    _, _, line, *_ = process.stderr.splitlines()  # after what is on
    assert "File too large. What was recorded until then is kept and can be played." in line
    assert sorted(p.name for p in tmp_path.iterdir()) == ["out.mp4"]
    assert path.stat().st_size > 250_000  # how many pictures these are depends on the load
    assert pictures(path)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="/proc")
def test_memory_stays_flat(inverter: Path, tmp_path: Path) -> None:
    """A minute of a clip that begins again every second, so that whatever leaks shows."""
    clip = Clip(frames=25, rate=25, size_wh=(640, 360)).write(tmp_path / "in.mp4")
    taken_mb, stop = list[float](), threading.Event()

    def watch() -> None:
        while not stop.wait(1.0):
            taken_mb.append(resident_mb() or 0.0)

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        run_live(options(clip, inverter, loop=True, seconds=60.0))
    finally:
        stop.set()
        thread.join(HANG_LIMIT_S)
    settled = taken_mb[15:]
    third = len(settled) // 3
    assert np.mean(settled[-third:]) - np.mean(settled[:third]) < 8


def test_a_recording_without_a_picture_is_said(
    inverter: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = SimpleNamespace(recordings_cut_short=0)
    monkeypatch.setattr("vidstyle.live.session.LiveSession.run", lambda *_: report)
    path = str(tmp_path / "out.mkv")
    with pytest.raises(
        SinkError, match=r"out\.mkv was not written: the run ended before its first"
    ):
        run_live(options("testsrc", inverter, size="96x64", record=path))
