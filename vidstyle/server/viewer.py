"""Live viewer: frames of one camera in a browser, through the live stylizer."""

import contextlib
import statistics
from collections import deque
from dataclasses import dataclass
from typing import Any

from vidstyle.apps.stylizer import Stylizer
from vidstyle.options import DEFAULTS, StylizeOptions
from vidstyle.server.frame_codec import FrameCodec, JpegCodec, KeyframeNeeded
from vidstyle.server.problems import Problem, problem_of
from vidstyle.server.shelf import StyleShelf

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
        codec: FrameCodec | None = None,
    ) -> None:
        """Load the style.

        Args:
            shelf: knows the styles.
            settings: to begin with.
            fps: frames per second to expect.
            provider: execution provider of the networks.
            codec: of the frames and their paintings; None for JPEG.

        Raises:
            VidstyleError: the style cannot be loaded, or a setting is out of range.
        """
        self._shelf, self.settings = shelf, settings
        self._codec = codec or JpegCodec()
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

    @property
    def is_stream(self) -> bool:
        """Whether frames need those before them, so that all have to be painted or skipped."""
        return self._codec.is_stream

    def change(self, settings: LiveSettings) -> None:
        """Load another style, or set strength, colors and painted part; frames go on meanwhile.

        Raises:
            VidstyleError: the style cannot be loaded; all stays as it was.
        """
        if settings.style != self.settings.style:
            self._stylizer.style = self._shelf.resolved(settings.style)
            self.request_keyframe()
        self._stylizer.strength = settings.strength
        self._stylizer.keep_colors = settings.keep_colors
        self._stylizer.only = settings.only
        self.settings = settings

    def request_keyframe(self) -> None:
        """Let the next painting be a keyframe."""
        self._codec.request_keyframe()

    def skip(self, packet: bytes) -> None:
        """Decode a frame that is not painted, but that later ones may need."""
        with contextlib.suppress(KeyframeNeeded, Problem):
            self._codec.decode(packet)

    def paint(self, packet: bytes) -> bytes:
        """Paint a frame, and return the painting, both in the viewer's codec.

        Raises:
            KeyframeNeeded: the frame cannot be decoded without a keyframe.
            Problem: it is of another format (415), too large (413), or could not be painted.
        """
        picture = self._codec.decode(packet)
        try:
            return self._codec.encode(self._stream.stylize(picture))
        except Exception as error:
            raise problem_of(error) from error


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
