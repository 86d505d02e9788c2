"""Live viewer: JPEG frames of one camera in a browser, through the live stylizer."""

import statistics
from collections import deque
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from vidstyle.apps.stylizer import Stylizer
from vidstyle.media.image_header import image_size_wh
from vidstyle.options import DEFAULTS, StylizeOptions
from vidstyle.server import limits
from vidstyle.server.problems import Problem, problem_of
from vidstyle.server.shelf import StyleShelf

JPEG_QUALITY = 80
JPEG_START = b"\xff\xd8"
MEASURED_FRAMES = 60  # of the rate and the delay that are told


@dataclass(frozen=True, slots=True)
class LiveSettings:
    """What a viewer may change while frames come."""

    style: str  # id, or mix of ids
    strength: float = 1.0
    keep_colors: bool = False
    only: str = DEFAULTS.only  # painted part

    @classmethod
    def of(cls, options: StylizeOptions) -> "LiveSettings":
        """Settings of checked options, with a style."""
        return cls(str(options.style), options.strength, options.keep_colors, options.only)


class LiveViewer:
    """Paints the frames of one viewer; `change` may be called beside `paint`, which has a thread.

    The working size and the keyframe interval follow the load of the machine, as in
    `vidstyle live`.
    """

    def __init__(
        self,
        shelf: StyleShelf,
        settings: LiveSettings,
        fps: float,
        provider: str = DEFAULTS.provider,
    ) -> None:
        """Load the style.

        Args:
            shelf: knows the styles.
            settings: to begin with.
            fps: frames per second to expect.
            provider: execution provider of the networks.

        Raises:
            VidstyleError: the style cannot be loaded, or a setting is out of range.
        """
        self._shelf, self.settings = shelf, settings
        self._stylizer = Stylizer(
            shelf.resolved(settings.style),
            strength=settings.strength,
            keep_colors=settings.keep_colors,
            only=settings.only,
            order="bgr",
            provider=provider,
        )
        self._stream = self._stylizer.stream(fps)

    def close(self) -> None:
        """End the painting threads."""
        self._stylizer.close()

    @property
    def quality(self) -> str:
        """Present quality level, for people."""
        return self._stream.quality

    def change(self, settings: LiveSettings) -> None:
        """Load another style, or set strength, colors and painted part; frames go on meanwhile.

        Raises:
            VidstyleError: the style cannot be loaded; all stays as it was.
        """
        if settings.style != self.settings.style:
            self._stylizer.style = self._shelf.resolved(settings.style)
        self._stylizer.strength = settings.strength
        self._stylizer.keep_colors = settings.keep_colors
        self._stylizer.only = settings.only
        self.settings = settings

    def paint(self, frame: bytes) -> bytes:
        """Paint a JPEG, and return one.

        Raises:
            Problem: it is no JPEG (415), too large (413), or could not be painted.
        """
        width, height = image_size_wh(frame) or (0, 0)
        if not frame.startswith(JPEG_START) or not width or not height:
            raise Problem(415, "The frame is no JPEG.")
        if width * height > limits.LIVE_PIXELS:
            raise Problem(413, f"The frame has {width}x{height} px. Send smaller ones.")
        decoded = cv2.imdecode(
            np.frombuffer(frame, np.uint8), cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION
        )
        if decoded is None:
            raise Problem(415, "The frame is a damaged JPEG.")
        try:
            painted = self._stream(np.asarray(decoded, np.uint8))
        except Exception as error:
            raise problem_of(error) from error
        _, encoded = cv2.imencode(".jpg", painted, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
        return encoded.tobytes()


class FrameMeter:
    """Rate and delay of a viewer's frames; belongs to one thread."""

    def __init__(self) -> None:
        self.dropped = 0
        self._answered_s: deque[float] = deque(maxlen=MEASURED_FRAMES)
        self._delays_s: deque[float] = deque(maxlen=MEASURED_FRAMES)

    def note(self, arrived_s: float, answered_s: float) -> None:
        """Count a painted frame.

        Args:
            arrived_s: time of a monotonic clock, in seconds.
            answered_s: likewise.
        """
        self._answered_s.append(answered_s)
        self._delays_s.append(answered_s - arrived_s)

    def document(self) -> dict[str, Any]:
        """The numbers for the viewer."""
        times = self._answered_s
        span_s = times[-1] - times[0] if len(times) > 1 else 0.0
        delay_s = statistics.median(self._delays_s) if self._delays_s else 0.0
        return {
            "fps": round((len(times) - 1) / span_s, 1) if span_s > 0 else 0.0,
            "ms": round(1000 * delay_s, 1),
            "dropped": self.dropped,
        }
