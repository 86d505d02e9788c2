"""Contract of live sinks and displays; add a sink to SINKS."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from fractions import Fraction
from pathlib import Path
from types import ModuleType

import av
import numpy as np
import pytest

from tests.clips import squares
from tests.contracts.implementations import implementations
from tests.live.scene import WAIT_S, frame
from vidstyle.errors import SinkError
from vidstyle.frame import BT601, BT709, ColorSpace, Picture
from vidstyle.live.controls import Command, Controls, ControlState
from vidstyle.live.osc import OscServer
from vidstyle.live.sinks.base import Display, LiveSink, NullSink, OutputFrame
from vidstyle.live.sinks.mjpeg_server import MjpegServer
from vidstyle.live.sinks.network_stream import NetworkStream
from vidstyle.live.sinks.overlay import Status
from vidstyle.live.sinks.recorder import Recorder
from vidstyle.live.sinks.virtual_camera import ObsOutput, V4l2Output, VirtualCamera
from vidstyle.live.sinks.window import Window

WIDTH, HEIGHT = 64, 48
I420_BYTES = WIDTH * HEIGHT * 3 // 2
STATUS = Status("ink", 30.0, 20.0, 40.0, 0, "360 lines, every 3", 1.0, recording=False)
COLORS = [ColorSpace(BT601), ColorSpace(BT709), ColorSpace(BT709, full_range=True)]


class Place:
    """Where sinks write to: a folder, a device, a camera of OBS; and what has arrived there."""

    def __init__(self, folder: Path) -> None:
        self.file, self.device = folder / "out.mkv", folder / "video10"
        self.device.touch()
        self.sent = list[int]()  # bytes of each picture of the camera
        self.broken = self.camera_open = False
        self.shown = 0


class Shown:
    """A display as a sink, and its host: each frame is put into its queue and drawn in a round."""

    def __init__(self, window: Window, place: Place) -> None:
        self.controls = Controls(1, ControlState(), lambda: 3)
        self._window, self._place, self._rounds = window, place, 0

    def write(self, output: OutputFrame) -> None:
        self._rounds = 1
        self._window.outputs.put(output)
        self._window.run(self)
        self._place.shown += 1

    def close(self) -> None:
        self._window.close()

    def poll(self) -> bool:
        self._rounds -= 1
        return self._rounds >= 0

    def perform(self, command: Command, output: OutputFrame | None) -> str:
        return ""

    def open_style(self, file: str) -> str:
        return ""

    def status(self) -> Status:
        return STATUS


@dataclass(frozen=True)
class Kind:
    """A way to open a sink, and to count the pictures that it has delivered once it is closed."""

    sink: type
    open: Callable[[Place], LiveSink]
    delivered: Callable[[Place], int | None]
    # Opened so that writing fails; None where nothing can fail, or a log says so instead.
    open_broken: Callable[[Place], LiveSink] | None = None
    needs: str = ""


def recorder(place: Place) -> Recorder:
    recorder = Recorder(lambda: place.file, Fraction(30), None)
    recorder.wanted = True
    return recorder


def recorded(place: Place) -> int:
    if not place.file.exists():
        return 0
    with av.open(str(place.file)) as container:
        return sum(1 for _ in container.decode(video=0))


def linux_camera(device: Path, pixels: str = "i420") -> V4l2Output:
    return V4l2Output(device, WIDTH, HEIGHT, Fraction(30), pixels, format="rawvideo")


def obs_camera(place: Place) -> ObsOutput:
    place.camera_open = True
    return ObsOutput(None, WIDTH, HEIGHT, Fraction(30), "i420")


def broken_obs_camera(place: Place) -> ObsOutput:
    place.broken = True
    return obs_camera(place)


def seen_in_obs(place: Place) -> int:
    assert not place.camera_open
    assert set(place.sent) <= {I420_BYTES}
    return len(place.sent)


def network_stream(place: Place) -> NetworkStream:
    """To a player that may or may not be there, as UDP is."""
    return NetworkStream("udp://127.0.0.1:9", Fraction(30), None)


SINKS = [
    Kind(NullSink, lambda place: NullSink(), lambda place: None),
    Kind(Recorder, recorder, recorded),
    Kind(
        V4l2Output,
        lambda place: linux_camera(place.device),
        lambda place: place.device.stat().st_size // I420_BYTES,
        lambda place: linux_camera(Path("/dev/full")),
        needs="linux",
    ),
    Kind(ObsOutput, obs_camera, seen_in_obs, broken_obs_camera),
    Kind(NetworkStream, network_stream, lambda place: None),
    Kind(MjpegServer, lambda place: MjpegServer("http://127.0.0.1:0/"), lambda place: None),
    Kind(OscServer, lambda place: OscServer("127.0.0.1", 0), lambda place: None),
    Kind(Window, lambda place: Shown(Window(128, 96), place), lambda place: place.shown),
]
each = pytest.mark.parametrize("kind", SINKS, ids=lambda kind: kind.sink.__name__)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    """A folder, SDL's dummy display, and a stand-in for pyvirtualcam."""
    place = Place(tmp_path)
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    module = ModuleType("pyvirtualcam")

    class Camera:
        def __init__(self, *size_and_rate: float, **_: object) -> None:
            """Take any settings."""

        def send(self, picture: np.ndarray) -> None:
            if place.broken:
                raise RuntimeError("error writing frame")
            place.sent.append(picture.nbytes)

        def close(self) -> None:
            place.camera_open = False

    vars(module).update(Camera=Camera, PixelFormat=Enum("PixelFormat", ["I420", "YUYV"]))
    monkeypatch.setitem(sys.modules, "pyvirtualcam", module)
    yield place


def opened(kind: Kind, place: Place) -> LiveSink:
    if kind.needs and sys.platform != kind.needs:
        pytest.skip(f"needs {kind.needs}")
    if kind.sink is Window:
        pytest.importorskip("pygame")
    return kind.open(place)


def output(number: int, color: ColorSpace = COLORS[0], live: bool = True) -> OutputFrame:
    picture = Picture.from_rgb(squares(number, WIDTH, HEIGHT), color)
    original = Picture.from_rgb(np.asarray(255 - squares(number, WIDTH, HEIGHT)), color)
    return OutputFrame(frame(picture, number), original, live)


def all_kinds_of_frames() -> list[OutputFrame]:
    """Of all colors, live and not; one after a pause, and a clock that goes back and stops."""
    outputs = [output(n, color, live) for n, color in enumerate(COLORS) for live in (True, False)]
    return [
        *outputs,
        output(100),
        output(50),
        output(50),
    ]


def test_every_sink_of_the_package_is_listed() -> None:
    found = implementations(LiveSink) | implementations(Display) | implementations(VirtualCamera)
    assert {kind.sink for kind in SINKS} == found


@each
def test_every_frame_is_delivered(kind: Kind, place: Place) -> None:
    sink, outputs = opened(kind, place), all_kinds_of_frames()
    for each_output in outputs:
        sink.write(each_output)
    sink.close()
    assert kind.delivered(place) in (None, len(outputs))


@each
def test_frames_are_not_painted_on(kind: Kind, place: Place) -> None:
    sink, shown = opened(kind, place), output(3)
    pictures = (shown.frame.picture, shown.original)
    kept = [plane.copy() for picture in pictures for plane in picture.planes]
    sink.write(shown)
    sink.close()
    planes = [plane for picture in pictures for plane in picture.planes]
    assert all(np.array_equal(a, b) for a, b in zip(planes, kept, strict=True))


@each
def test_pictures_may_be_read_only(kind: Kind, place: Place) -> None:
    sink, shown = opened(kind, place), output(3)
    for plane in (*shown.frame.picture.planes, *shown.original.planes):
        plane.flags.writeable = False
    sink.write(shown)
    sink.close()


@each
def test_closing_without_a_frame_leaves_nothing(kind: Kind, place: Place) -> None:
    sink = opened(kind, place)
    sink.close()
    assert kind.delivered(place) in (None, 0)
    assert not place.file.exists()


@each
@pytest.mark.parametrize("count", [0, 2])
def test_closing_twice_is_fine(kind: Kind, place: Place, count: int) -> None:
    sink = opened(kind, place)
    for number in range(count):
        sink.write(output(number))
    sink.close()
    sink.close()
    assert kind.delivered(place) in (None, count)


@pytest.mark.parametrize(
    "kind", [kind for kind in SINKS if kind.open_broken], ids=lambda kind: kind.sink.__name__
)
def test_what_cannot_be_written_is_a_sink_error_of_one_line(kind: Kind, place: Place) -> None:
    opened(kind, place).close()
    assert kind.open_broken is not None
    sink = kind.open_broken(place)
    with pytest.raises(SinkError) as raised:
        write_until_it_fails(sink)
    assert "\n" not in str(raised.value)
    with suppress(SinkError):
        sink.close()


def write_until_it_fails(sink: LiveSink) -> None:
    deadline = time.monotonic() + WAIT_S
    number = 0
    while time.monotonic() < deadline:
        sink.write(output(number))
        number += 1


def test_a_display_times_the_live_frames_only(place: Place) -> None:
    pytest.importorskip("pygame")
    window = Window(128, 96)
    sink = Shown(window, place)
    for live in (True, False, True):
        sink.write(output(1, live=live))
    sink.close()
    assert window.meter.count == 2
