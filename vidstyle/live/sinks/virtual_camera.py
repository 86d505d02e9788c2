"""The camera that other programs see: v4l2loopback on Linux, OBS's elsewhere."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any, Protocol

import av
import numpy as np

from vidstyle.errors import MissingExtraError, SinkError, reason
from vidstyle.extras import install_hint
from vidstyle.live.pixel_formats import as_cameras_do, yuyv
from vidstyle.live.sinks.base import LiveSink, OutputFrame
from vidstyle.live.sinks.consumers import DemandGate, ReaderWatch
from vidstyle.media.frames import video_frame

AUTOMATIC = "auto"
LAYOUTS = {"i420": "yuv420p", "yuyv": "yuyv422"}  # by our names, FFmpeg's
LINUX_RECIPE = (
    "sudo apt install v4l2loopback-dkms && sudo modprobe v4l2loopback exclusive_caps=1 "
    "card_label=vidstyle"
)
OBS_RECIPE = "Install OBS Studio and start its virtual camera once (Tools, Start Virtual Camera)."
RECIPE = LINUX_RECIPE if sys.platform == "linux" else OBS_RECIPE


class VirtualCamera(LiveSink, Protocol):
    """A sink that may know whether anybody looks at it."""

    @property
    def is_watched(self) -> bool:
        """Whether pictures are wanted; where that cannot be known, always."""


def open_virtual_camera(
    wanted: str, width: int, height: int, rate: Fraction, pixels: str
) -> VirtualCamera:
    """Open the virtual camera that somebody asked for.

    Args:
        wanted: a device, part of its name, or "auto" for the first there is.
        width: of all pictures, even.
        height: likewise.
        rate: pictures per second.
        pixels: what it gives: "i420" or "yuyv".

    Raises:
        SinkError: there is none, or it cannot be fed.
        MissingExtraError: this system needs a package that is not installed.
    """
    if sys.platform == "linux":
        return V4l2Output(linux_device(wanted), width, height, rate, pixels)
    return ObsOutput(None if wanted == AUTOMATIC else wanted, width, height, rate, pixels)


def linux_device(wanted: str) -> Path:
    """The device that somebody asked for.

    Raises:
        SinkError: there is none.
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
    """Feeds a v4l2loopback device, or any other that takes pictures."""

    def __init__(
        self,
        device: Path,
        width: int,
        height: int,
        rate: Fraction,
        pixels: str = "i420",
        format: str = "v4l2",
    ) -> None:
        """Open the device; it keeps this size until it is closed.

        Args:
            device: its path.
            width: even.
            height: even.
            rate: pictures per second, for programs that ask.
            pixels: "i420" or "yuyv".
            format: FFmpeg's name of the way to write.

        Raises:
            SinkError: it is missing, taken, or takes no such pictures.
        """
        self.device = device
        with self._translated():
            self._container = av.open(str(device), "w", format=format)
        stream: Any = self._container.add_stream("rawvideo", rate=rate)
        stream.width, stream.height, stream.pix_fmt = width, height, LAYOUTS[pixels]
        self._stream, self._count = stream, 0
        with self._translated():
            self._container.start_encoding()
        self._readers, self._attendance = ReaderWatch(device), DemandGate(time.monotonic)

    @property
    def is_watched(self) -> bool:
        return self._attendance.wanted(self._readers.count)

    def write(self, view: OutputFrame) -> None:
        picture = as_cameras_do(view.frame.picture)
        if self._stream.pix_fmt == LAYOUTS["yuyv"]:
            frame = av.VideoFrame.from_ndarray(yuyv(picture), format=LAYOUTS["yuyv"])
        else:
            frame = video_frame(picture, self._stream.width, self._stream.height)
        frame.pts, self._count = self._count, self._count + 1
        with self._translated():
            self._container.mux(self._stream.encode(frame))

    def close(self) -> None:
        self._readers.close()
        with self._translated():
            self._container.close()

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except (OSError, av.FFmpegError) as error:
            raise SinkError(
                f"The virtual camera {self.device} does not take pictures: "
                f"{reason(error)}. Another program may be using it."
            ) from error


class ObsOutput:
    """Feeds OBS's virtual camera through pyvirtualcam (GPL-2.0), where that is installed."""

    def __init__(
        self,
        device: str | None,
        width: int,
        height: int,
        rate: Fraction,
        pixels: str = "i420",
        backend: str | None = None,
    ) -> None:
        """Open the camera.

        Args:
            device: its name; None for the first there is.
            width: even.
            height: even.
            rate: pictures per second.
            pixels: "i420" or "yuyv".
            backend: pyvirtualcam's name of what it feeds; None for what suits the system.

        Raises:
            MissingExtraError: pyvirtualcam is not installed.
            SinkError: there is no virtual camera.
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

    @property
    def is_watched(self) -> bool:
        return True

    def write(self, view: OutputFrame) -> None:
        picture = as_cameras_do(view.frame.picture)
        if self._pixels == "yuyv":
            self._camera.send(yuyv(picture).ravel())
        else:
            self._camera.send(np.concatenate([plane.ravel() for plane in picture.planes]))

    def close(self) -> None:
        self._camera.close()
