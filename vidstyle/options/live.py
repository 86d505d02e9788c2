"""Options of the live filter: camera, outputs, quality and sound."""

from dataclasses import dataclass

from vidstyle.options.look import MAX_INTERVAL
from vidstyle.options.output import MAX_SIDE
from vidstyle.options.setting import (
    AUTO,
    FACES,
    PAINTED,
    PROVIDER_HELP,
    PROVIDERS,
    TIMES,
    check,
    check_choices,
    check_pair,
    check_types,
    option,
)
from vidstyle.style_plan import style_list, style_plan
from vidstyle.style_spec import EXAMPLE

LOOPBACK, MAX_PORT = "127.0.0.1", 65_535
STREAM_SCHEMES = ("rtmp://", "rtmps://", "srt://", "udp://", "tcp://", "http://")


@dataclass(frozen=True, kw_only=True)
class LiveOptions:
    """Options of the live filter: source, appearance, audio and outputs.

    Raises:
        OptionError: a value is out of range; the message names the setting and the value.
        TypeError: a value is of the wrong type; the message names both too.
    """

    camera: str = option(
        "0",
        "a number, a device, part of its name, a video file, an address, or testsrc",
        "N|PATH|NAME|URL|testsrc",
    )
    style: str | None = option(
        None,
        f"a style's name, an .onnx file, a painting's picture file, or a mix such as {EXAMPLE}; a "
        "list such as great-wave,udnie for the keys to go through, or all",
        "NAME|FILE.onnx|PICTURE|MIX|LIST",
        unset="great-wave",
    )
    style_interval: float | None = option(
        None, "go to the next style after so long", TIMES, time=True, unset="at a key"
    )
    size: str | None = option(
        None,
        "size of the pictures",
        "WIDTHxHEIGHT",
        unset="1280x720 for cameras, that of a file",
    )
    fps: float = option(30.0, "pictures per second to ask a camera for", "N")
    loop: bool = option(False, "play a file over and over")
    letterbox: bool = option(False, "black bars instead of cutting off what does not fit")
    virtual_camera: str | None = option(
        None,
        "feed a virtual camera: its device or name; without one, the first there is",
        "DEVICE",
        alone="auto",
    )
    hold: bool = option(False, "keep the camera on while nobody reads the virtual camera")
    pixels: str = option(
        "i420",
        "what the virtual camera gives; yuyv for programs that do not know i420",
        choices=("i420", "yuyv"),
    )
    window: bool = option(True, "show a window")
    stream: str | None = option(
        None, "send pictures and sound to a server, or serve MJPEG at http://HOST:PORT", "URL"
    )
    osc: str | None = option(
        None,
        "take OSC messages at this UDP port, as 9000; 0.0.0.0:9000 for those of other devices",
        "[HOST:]PORT",
    )
    record: str | None = option(None, "write pictures and sound to a file", "FILE")
    overwrite: bool = option(False, "replace the recording if it exists")
    strength: float = option(1.0, "how much of the style, 0 to 1", "S")
    keep_colors: bool = option(False, "the style's light and strokes, the original's colors")
    only: str = option(
        "all",
        "what is painted; persons are found by a network, and the rest stays as it is",
        choices=PAINTED,
    )
    faces: str = option(
        "fine",
        "strokes of small faces: fine keeps eyes and mouth readable, plain paints them as all else",
        choices=FACES,
    )
    every: int | None = option(
        None,
        "frames from one keyframe to the next; auto follows the load",
        "N|auto",
        automatic=True,
        most=MAX_INTERVAL,
    )
    lines: int | None = option(
        None, "working size in lines; auto follows the load", "LINES|auto", automatic=True
    )
    max_cpu: float = option(
        100.0, "share of the whole processor to take at most", "PERCENT", percent=True
    )
    provider: str = option(AUTO, PROVIDER_HELP, choices=PROVIDERS)
    audio: bool = option(False, "the microphone, delayed as much as the picture")
    microphone: str | None = option(
        None, "number or part of the name of a microphone", "NAME", unset="the system's"
    )
    audio_output: str | None = option(
        None, "where delayed sound goes: number or part of the name, such as a cable's", "NAME"
    )
    play_audio: bool = option(False, "play a file's sound in step with the picture")
    react: bool = option(False, "the louder the sound, the stronger the style")
    polish: float | None = option(
        None,
        "learn a painting that is the style for so long, in the background",
        "60s|5m",
        time=True,
    )
    seconds: float | None = option(None, "stop after so long", TIMES, time=True, unset="no limit")

    def __post_init__(self) -> None:
        check_types(self)
        check_choices(self)
        for style in style_list(self.style) if self.style else ():
            check(self, "style", style_plan(style).is_single, "one style, a mix or a list")
        interval_s = self.style_interval
        check(self, "style_interval", interval_s is None or interval_s >= 1, "at least 1 second")
        wanted = f"an address that begins with one of {', '.join(STREAM_SCHEMES)}"
        scheme, _, rest = (self.stream or f"{STREAM_SCHEMES[0]}x").partition("://")
        check(self, "stream", bool(rest) and f"{scheme}://" in STREAM_SCHEMES, wanted)
        _, port = self.osc_address or ("", 1)
        check(self, "osc", 1 <= port <= MAX_PORT, "a port, as 9000, or HOST:PORT")
        check(self, "camera", bool(self.camera.strip()), "a number, a name, a file or an address")
        sides = self.size_wh or (2, 2)
        even = all(side >= 2 and side % 2 == 0 for side in sides)
        check(self, "size", even, "two even numbers, as 1280x720")
        check(self, "size", max(sides) <= MAX_SIDE, f"at most {MAX_SIDE}x{MAX_SIDE}")
        check(self, "fps", 1 <= self.fps <= 240, "between 1 and 240")
        check(self, "strength", 0 <= self.strength <= 1, "between 0 and 1")
        check(
            self, "every", self.every is None or self.every >= 1, "a whole number from 1, or None"
        )
        check(self, "lines", self.lines is None or self.lines >= 16, "at least 16, or None")
        check(self, "max_cpu", 0 < self.max_cpu <= 100, "over 0 % and at most 100 %")
        check(self, "polish", self.polish is None or self.polish > 0, "over 0")
        check(self, "seconds", self.seconds is None or self.seconds > 0, "over 0")
        both = self.audio and self.play_audio
        check_pair(not both, "audio must be without play_audio.", "audio", "play_audio")

    @property
    def osc_address(self) -> tuple[str, int] | None:
        """Host and port of `osc`; None without it, port 0 if it has none."""
        if self.osc is None:
            return None
        host, _, port = self.osc.rpartition(":")
        number = int(port) if port.isdecimal() and len(port) < 10 else 0
        return host.strip("[]") or LOOPBACK, number

    @property
    def size_wh(self) -> tuple[int, int] | None:
        """Width and height of `size` in pixels; None without it, (0, 0) if it is no size."""
        if self.size is None:
            return None
        width, _, height = self.size.lower().partition("x")
        if not all(side.isdecimal() and len(side) < 10 for side in (width, height)):
            return 0, 0
        return int(width), int(height)
