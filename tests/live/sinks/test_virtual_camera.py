"""What is written to a virtual camera; the device itself is met in the tests with a machine."""

import sys
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from tests.clips import patches
from tests.live.scene import frame
from vidstyle.errors import SinkError
from vidstyle.frame import BT709, ColorSpace, Picture
from vidstyle.live.pixel_formats import CAMERA_COLOR
from vidstyle.live.sinks import virtual_camera
from vidstyle.live.sinks.base import OutputFrame
from vidstyle.live.sinks.virtual_camera import ObsOutput, V4l2Output, linux_device

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="devices as Linux has them")


def output(color: ColorSpace) -> OutputFrame:
    picture = Picture.from_rgb(patches(64, 48), color)
    return OutputFrame(frame(picture, 0), picture)


def as_read(raw: bytes, pixels: str = "i420") -> NDArray[Any]:
    """What a program makes of the bytes; HxWx3 RGB."""
    if pixels == "yuyv":
        frame = av.VideoFrame(64, 48, "yuyv422")
        frame.planes[0].update(raw)
        return frame.to_ndarray(format="rgb24").astype(int)
    assert len(raw) == 64 * 48 * 3 // 2
    values = np.frombuffer(raw, np.uint8)
    y, u, v = np.split(values, [64 * 48, 64 * 48 * 5 // 4])
    planes = y.reshape(48, 64), u.reshape(24, 32), v.reshape(24, 32)
    return Picture(*planes, CAMERA_COLOR).to_rgb().astype(int)


@pytest.mark.parametrize("pixels", ["i420", "yuyv"])
@pytest.mark.parametrize(
    "color", [CAMERA_COLOR, ColorSpace(BT709), ColorSpace(BT709, full_range=True)]
)
def test_programs_see_the_right_colors(tmp_path: Path, color: ColorSpace, pixels: str) -> None:
    device = tmp_path / "video10"
    device.touch()
    sink = V4l2Output(device, 64, 48, Fraction(30), pixels, format="rawvideo")
    sink.write(output(color))
    sink.close()
    seen = as_read(device.read_bytes(), pixels)
    assert np.median(np.abs(seen - patches(64, 48))) <= 3


def test_every_view_is_one_picture(tmp_path: Path) -> None:
    device = tmp_path / "video10"
    device.touch()
    sink = V4l2Output(device, 64, 48, Fraction(30), format="rawvideo")
    for _ in range(3):
        sink.write(output(CAMERA_COLOR))
    sink.close()
    sink.close()  # twice is fine
    assert device.stat().st_size == 3 * 64 * 48 * 3 // 2


def test_what_is_no_video_device_is_said(tmp_path: Path) -> None:
    with pytest.raises(SinkError, match=f"{tmp_path} does not take pictures"):
        V4l2Output(tmp_path, 64, 48, Fraction(30))


def test_a_device_that_cannot_be_watched_is_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(device: Path) -> None:
        raise SinkError("The toy device cannot be watched.")

    device = tmp_path / "video10"
    device.touch()
    monkeypatch.setattr(virtual_camera, "ConsumerMonitor", fail)
    with pytest.raises(SinkError, match="cannot be watched") as kept:  # keeps all of its objects
        V4l2Output(device, 64, 48, Fraction(30), format="rawvideo")
    assert device not in [file.resolve() for file in Path("/proc/self/fd").iterdir()]
    assert kept.traceback


@pytest.mark.parametrize("wanted", ["/dev/video98", "auto", "vidstyle"])
def test_a_missing_virtual_camera_is_said_with_what_makes_one(wanted: str) -> None:
    with pytest.raises(SinkError, match="sudo modprobe v4l2loopback exclusive_caps=1"):
        linux_device(wanted)


@pytest.mark.parametrize("pixels", ["i420", "yuyv"])
def test_obs_gets_the_same_bytes(pixels: str) -> None:
    pyvirtualcam = pytest.importorskip("pyvirtualcam")
    sent = list[bytes]()

    class Toy:
        def __init__(self, **_: object) -> None:
            self.device, self.native_fourcc = "toy", None

        def send(self, picture: np.ndarray) -> None:
            sent.append(picture.tobytes())

        def close(self) -> None:
            """Nothing to close."""

    pyvirtualcam.register_backend("toy", Toy)
    sink = ObsOutput(None, 64, 48, Fraction(30), pixels, backend="toy")
    sink.write(output(CAMERA_COLOR))
    sink.close()
    seen = as_read(sent[0], pixels)
    assert np.median(np.abs(seen - patches(64, 48))) <= 3
    assert sink.update_demand()
