"""Virtual camera sinks: v4l2loopback on Linux, OBS's virtual camera on macOS and Windows."""

import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any, Protocol

import av
import numpy as np

from vidstyle.errors import MissingExtraError, SinkError, reason
from vidstyle.extras import install_hint
from vidstyle.live.pixel_formats import to_camera_color, to_yuyv
from vidstyle.live.sinks.base import LiveSink, OutputFrame
from vidstyle.live.sinks.consumers import ConsumerMonitor, DemandGate
from vidstyle.media.frames import video_frame

AUTOMATIC = "auto"
LAYOUTS = {"i420": "yuv420p", "yuyv": "yuyv422"}  # FFmpeg's pixel formats, by the option's values
LINUX_RECIPE = (
    "sudo apt install v4l2loopback-dkms && sudo modprobe v4l2loopback exclusive_caps=1 "
    "card_label=vidstyle"
)
OBS_RECIPE = "Install OBS Studio and start its virtual camera once (Tools, Start Virtual Camera)."
RECIPE = LINUX_RECIPE if sys.platform == "linux" else OBS_RECIPE


class VirtualCamera(LiveSink, Protocol):
    """Virtual camera: a sink that other programs read as a camera."""

    def update_demand(self) -> bool:
        """Look for consumers; return whether a program reads the camera, or may.

        True where consumers cannot be counted. Called by the session's thread every 0.1 s or more
        often.
        """


def open_virtual_camera(
    wanted: str, width: int, height: int, rate: Fraction, pixels: str
) -> VirtualCamera:
    """Open a virtual camera by name.

    Args:
        wanted: device path, part of a device's name, or "auto" for the first device.
        width: of all frames in pixels, even.
        height: of all frames in pixels, even.
        rate: frames per second.
        pixels: pixel format, "i420" or "yuyv".

    Raises:
        SinkError: no such device, or it cannot be written to.
        MissingExtraError: pyvirtualcam, needed outside of Linux, is not installed.
    """
    if sys.platform == "linux":
        return V4l2Output(linux_device(wanted), width, height, rate, pixels)
    return ObsOutput(None if wanted == AUTOMATIC else wanted, width, height, rate, pixels)


def linux_device(wanted: str) -> Path:
    """Find a V4L2 output device by path, part of its name, or "auto".

    Raises:
        SinkError: no such device.
    """
    from vidstyle.live.v4l2 import devices

    if wanted.startswith("/"):
        if not Path(wanted).exists():
            raise SinkError(f"There is no device {wanted}. To make one: {RECIPE}")
        return Path(wanted)
    outputs = [device for device in devices() if device.outputs]
    for device in outputs:
        if wanted == AUTOMATIC or wanted.lower() in device.name.lower():
            return device.path
    there = ", ".join(f"{device.name} ({device.path})" for device in outputs) or "none"
    raise SinkError(f"No such virtual camera. There is: {there}. To make one: {RECIPE}")


class V4l2Output:
    """Sink that writes raw frames to a V4L2 output device, such as v4l2loopback's."""

    def __init__(
        self,
        device: Path,
        width: int,
        height: int,
        rate: Fraction,
        pixels: str = "i420",
        format: str = "v4l2",
    ) -> None:
        """Open the device; its frame size is fixed until it is closed.

        Args:
            device: path of the device.
            width: frame width in pixels, even.
            height: frame height in pixels, even.
            rate: frames per second, as reported to consumers.
            pixels: pixel format, "i420" or "yuyv".
            format: FFmpeg's muxer; "rawvideo" writes to a file, for tests.

        Raises:
            SinkError: the device is missing, in use, or does not accept this format.
        """
        self.device = device
        with self._translated(), ExitStack() as closed_on_error:
            self._container = av.open(str(device), "w", format=format)
            closed_on_error.callback(self._container.close)
            stream: Any = self._container.add_stream("rawvideo", rate=rate)
            stream.width, stream.height, stream.pix_fmt = width, height, LAYOUTS[pixels]
            self._stream, self._count = stream, 0
            self._container.start_encoding()
            self._consumers = ConsumerMonitor(device)
            closed_on_error.pop_all()
        self._demand_gate = DemandGate(time.perf_counter)

    def __str__(self) -> str:
        return str(self.device)

    def update_demand(self) -> bool:
        return self._demand_gate.update(self._consumers.count())

    def write(self, output: OutputFrame) -> None:
        picture = to_camera_color(output.frame.picture)
        if self._stream.pix_fmt == LAYOUTS["yuyv"]:
            frame = av.VideoFrame.from_ndarray(to_yuyv(picture), format=LAYOUTS["yuyv"])
        else:
            frame = video_frame(picture, self._stream.width, self._stream.height)
        frame.pts, self._count = self._count, self._count + 1
        with self._translated():
            self._container.mux(self._stream.encode(frame))

    def close(self) -> None:
        self._consumers.close()
        with self._translated():
            self._container.close()

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """Turn FFmpeg's errors into SinkError."""
        try:
            yield
        except (OSError, av.FFmpegError) as error:
            raise SinkError(
                f"The virtual camera {self.device} does not take pictures: "
                f"{reason(error)}. Another program may be using it."
            ) from error


class ObsOutput:
    """Sink that writes to OBS's virtual camera through pyvirtualcam (GPL-2.0, optional)."""

    def __init__(
        self,
        device: str | None,
        width: int,
        height: int,
        rate: Fraction,
        pixels: str = "i420",
        backend: str | None = None,
    ) -> None:
        """Open the virtual camera.

        Args:
            device: name of the device; None for the first one.
            width: frame width in pixels, even.
            height: frame height in pixels, even.
            rate: frames per second.
            pixels: pixel format, "i420" or "yuyv".
            backend: pyvirtualcam's backend; None for the default of the system.

        Raises:
            MissingExtraError: pyvirtualcam is not installed.
            SinkError: no virtual camera is installed, or it cannot be opened.
        """
        try:
            import pyvirtualcam
        except ImportError as error:
            raise MissingExtraError(
                "Virtual cameras on this system need the package pyvirtualcam. Install the extra: "
                f"{install_hint('virtual-camera')}."
            ) from error
        try:
            self._camera: Any = pyvirtualcam.Camera(
                width,
                height,
                float(rate),
                fmt=pyvirtualcam.PixelFormat[pixels.upper()],
                device=device,
                backend=backend,
            )
        except RuntimeError as error:
            raise SinkError(f"There is no virtual camera ({error}). {OBS_RECIPE}") from error
        self._pixels = pixels

    def __str__(self) -> str:
        return str(self._camera.device)

    def update_demand(self) -> bool:
        return True

    def write(self, output: OutputFrame) -> None:
        picture = to_camera_color(output.frame.picture)
        if self._pixels == "yuyv":
            pixels = to_yuyv(picture).ravel()
        else:
            pixels = np.concatenate([plane.ravel() for plane in picture.planes])
        try:
            self._camera.send(pixels)
        except RuntimeError as error:
            raise SinkError(f"The virtual camera does not take pictures: {error}.") from error

    def close(self) -> None:
        self._camera.close()
