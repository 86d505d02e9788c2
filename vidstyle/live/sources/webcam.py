"""Webcam as a live source, through OpenCV."""

import os
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from vidstyle.errors import SourceError
from vidstyle.frame import Picture
from vidstyle.live.pixel_formats import CAMERA_COLOR

PREFERRED_FORMAT = "MJPG"  # raw formats reach 5 to 9 frames per second at 720p over USB 2
BUFFERED_FRAMES = 1  # the default of four adds 130 ms of latency
MAX_FAILURES = 10  # failed reads in a row until the camera is lost
MAX_SILENCE_S = 5.0  # without a frame until the camera is lost; some take 3 s to their first
BACKENDS = {"linux": cv2.CAP_V4L2, "darwin": cv2.CAP_AVFOUNDATION, "win32": cv2.CAP_DSHOW}


class Webcam:
    """Live source for a webcam, with MJPG and a buffer of one frame where the driver allows."""

    def __init__(
        self,
        device: int | Path,
        width: int,
        height: int,
        fps: float,
        open_device: Callable[..., Any] = cv2.VideoCapture,
    ) -> None:
        """Open the camera and read its first frame.

        Args:
            device: OpenCV's device number, or a device path.
            width: requested frame width in pixels; the camera may give another.
            height: requested frame height in pixels.
            fps: requested frames per second.
            open_device: factory with the interface of `cv2.VideoCapture`, for tests.

        Raises:
            SourceError: the camera is missing, in use, or gives no frames.
        """
        self.name = f"Camera {device}"
        self._check_device(device)
        cv2.utils.logging.setLogLevel(
            cv2.utils.logging.LOG_LEVEL_SILENT
        )  # the error messages below say the same
        where = device if isinstance(device, int) else str(device)
        self._device = open_device(where, BACKENDS.get(sys.platform, cv2.CAP_ANY))
        if not self._device.isOpened():
            self._device.release()
            raise SourceError(f"{self.name} cannot be opened. {WHY_NOT} {HINT}")
        self._configure(width, height, fps)
        try:
            self._first = self._next(threading.Event())
        except SourceError as error:
            self._device.release()
            raise SourceError(
                f"{self.name} gives no picture. Another program may be using it."
            ) from error
        assert self._first is not None
        self.width, self.height = self._first.width, self._first.height
        got_fps = self._device.get(cv2.CAP_PROP_FPS)
        self.rate = Fraction(got_fps if got_fps > 0 else fps).limit_denominator(1001)
        self.notes = self._differences(width, height, fps)

    def read(self, stop: threading.Event) -> Picture | None:
        first, self._first = self._first, None
        return first or self._next(stop)

    def close(self) -> None:
        self._device.release()

    def _check_device(self, device: int | Path) -> None:
        if sys.platform != "linux":
            return
        path = Path(f"/dev/video{device}") if isinstance(device, int) else device
        if not path.exists():
            raise SourceError(f"There is no camera {path}. {HINT}")
        if not os.access(path, os.R_OK | os.W_OK):
            raise SourceError(f"{path} may not be used. Add yourself to the group video.")

    def _configure(self, width: int, height: int, fps: float) -> None:
        fourcc = cv2.VideoWriter.fourcc(*PREFERRED_FORMAT)
        for setting, value in (
            (cv2.CAP_PROP_FOURCC, fourcc),
            (cv2.CAP_PROP_FRAME_WIDTH, width),
            (cv2.CAP_PROP_FRAME_HEIGHT, height),
            (cv2.CAP_PROP_FPS, fps),
            (cv2.CAP_PROP_BUFFERSIZE, BUFFERED_FRAMES),
        ):
            with suppress(cv2.error):
                self._device.set(setting, value)

    def _differences(self, width: int, height: int, fps: float) -> list[str]:
        got = (
            [f"{self.width}x{self.height}"] if (self.width, self.height) != (width, height) else []
        )
        if abs(self.rate - Fraction(fps)) > 1:
            got.append(f"{float(self.rate):g} pictures a second")
        number = int(self._device.get(cv2.CAP_PROP_FOURCC))
        fourcc = number.to_bytes(4, "little", signed=number < 0)
        if number > 0 and fourcc != PREFERRED_FORMAT.encode():
            got.append(f"{fourcc.decode('ascii', 'replace').strip()} instead of {PREFERRED_FORMAT}")
        wanted = f"{width}x{height} at {fps:g}"
        return [f"{self.name} was asked for {wanted} and gives {', '.join(got)}."] if got else []

    def _next(self, stop: threading.Event) -> Picture | None:
        failures, asked_s = 0, time.perf_counter()
        while not stop.is_set():
            try:
                fine, image = self._device.read()
            except cv2.error:
                fine, image = False, None
            if fine and _is_picture(image):
                return _picture(image)
            failures += 1
            if failures >= MAX_FAILURES or time.perf_counter() - asked_s >= MAX_SILENCE_S:
                raise SourceError(f"{self.name} gives no pictures any more.")
        return None


HINT = '"vidstyle doctor" lists the cameras there are.'
WHY_NOT = (
    "Another program may be using it."
    if sys.platform == "linux"  # there the device file shows that it is plugged in
    else "Is it plugged in, allowed in the settings, and not in use?"
)


def _is_picture(image: Any) -> bool:
    return (
        isinstance(image, np.ndarray)
        and image.dtype == np.uint8
        and image.ndim == 3
        and image.shape[2] == 3
        and min(image.shape[:2]) >= 2
    )


def _picture(bgr: Any) -> Picture:
    height, width = (side & ~1 for side in bgr.shape[:2])
    yuv = np.asarray(cv2.cvtColor(bgr[:height, :width], cv2.COLOR_BGR2YUV_I420), np.uint8)
    y, chroma = yuv[:height], yuv[height:].reshape(2, height // 2, width // 2)
    return Picture(y, chroma[0], chroma[1], CAMERA_COLOR)
