"""Options: settings with defaults, help texts and checks, for look, output, training and live.

The command line, the Python API and configuration files take names and defaults from here, and
`__post_init__` is the only place that checks them. Settings of the command line alone are in
`flags`.
"""

import math
import os
import typing
from dataclasses import Field, dataclass, field, fields
from fractions import Fraction
from numbers import Integral, Real
from pathlib import Path
from types import UnionType
from typing import Any

from vidstyle.errors import OptionError
from vidstyle.output_spec import OutputSize, bits_per_second, frame_rate
from vidstyle.style_plan import SCHEDULE_EXAMPLE, StylePlan, read_schedule, style_list, style_plan
from vidstyle.style_spec import EXAMPLE, style_text
from vidstyle.times import seconds_of

KINDS = {bool: "True or False", int: "a whole number", float: "a number", str: "text or a path"}
MAX_NUMBER = 2**31 - 1  # of a setting without a `most` of its own: the largest C int
MAX_INTERVAL = 300  # frames between keyframes, which are all held in memory
MAX_SIDE = 8192  # px, of live pictures and of sizes asked for
MIN_OUTPUT_SIDE = 16  # px; encoders refuse smaller ones
MIN_BITRATE, MAX_BITRATE = 10_000, 1_000_000_000  # bits per second
SIDES = f"of {MIN_OUTPUT_SIDE} to {MAX_SIDE} px a side"
STANDARD_STREAM = Path("-")  # as an input standard input, as an output standard output
BYTES = {"KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}  # by the unit of a size
STREAM_SCHEMES = ("rtmp://", "rtmps://", "srt://", "udp://", "tcp://", "http://")
TIMES = "SECONDS|90s|1:02.5"  # metavar of times on the command line
SHARPNESS = 0.5  # of enlarged paintings; chosen blind over 0 for most styles (docs/experiments.md)
FINISH_LIMITS = {  # smallest and largest number of each part of a style's finish
    "sharpness": (0.0, 2.0),
    "contrast": (0.0, 3.0),
    "brightness": (-1.0, 1.0),
    "clarity": (0.0, 3.0),
    "saturation": (0.0, 3.0),
}

FEATURES = ("slim", "squeezenet", "vgg16", "vgg19", "mobilenet_v3_large", "resnet50")


def option(default: Any, help: str, metavar: str | None = None, **more: Any) -> Any:
    """Dataclass field of a setting, with its help text in `metadata`.

    Args:
        default: of the setting.
        help: one line, without a full stop.
        metavar: placeholder of the value in the command line's help.
        more: `choices`, allowed values; `most`, the largest number; `automatic`, "auto" stands for
            None; `time`, the command line takes a text of `seconds_of`; `ratio`, it takes
            30000/1001; `percent`, a percent sign is accepted; `alone`, value of a flag without one;
            `unset`, what None stands for.
    """
    return field(default=default, metadata={"help": help, "metavar": metavar, **more})


@dataclass(frozen=True, kw_only=True)
class Look:
    """Appearance of the painted picture: style, strength, colors, working size, keyframes.

    Raises:
        OptionError: a value is out of range; the message names the setting and the value.
        TypeError: a value is of the wrong type; the message names both too.
    """

    style: str | None = option(
        None,
        f"a style's name, an .onnx file, a painting's picture file, a mix such as {EXAMPLE}, "
        f'or styles over time such as "{SCHEDULE_EXAMPLE}", also as lines of a .txt file',
        "NAME|FILE.onnx|PICTURE|MIX|TIMES",
        unset="great-wave",
    )
    style_per_scene: str | None = option(
        None,
        "styles in turn, the next one at each cut, as great-wave,udnie; or all",
        "STYLE,STYLE",
    )
    quality: str = option(
        "fast",
        "full optimizes every picture by itself, which takes minutes to hours",
        choices=("fast", "full"),
    )
    time_budget: str | None = option(
        None,
        "with --quality full: how long it may take, as 90s, 10m or 1.5h",
        "TIME",
        unset="no limit",
    )
    features: str = option(
        "slim",
        "with --quality full: the network that judges; only slim is there without a download",
        choices=FEATURES,
    )
    feature_weights: str | None = option(
        None, "with --quality full: its weight file, instead of the public one", "FILE"
    )
    every: int | None = option(
        None,
        "frames from one keyframe to the next; 1 paints each frame by itself; auto measures",
        "N|auto",
        automatic=True,
        most=MAX_INTERVAL,
    )
    strength: float = option(1.0, "how much of the style, 0 to 1", "S")
    keep_colors: bool = option(False, "the style's light and strokes, the original's colors")
    scale: float | None = option(None, "working size as a share of the input's", "F")
    max_height: int = option(
        480,
        "working size at most, in lines (columns of an upright picture): fewer paint larger "
        "strokes faster",
        "LINES",
    )

    def __post_init__(self) -> None:
        _check_types(self)
        _check_choices(self)
        object.__setattr__(self, "style", read_schedule(self.style))
        _check_pair(
            self.style is None or self.style_per_scene is None,
            "style_per_scene must be without style.",
            "style_per_scene",
            "style",
        )
        style_plan(self.style, self.style_per_scene)  # raises the errors of mixes and schedules
        budget_s = self.time_budget_s
        _check(
            self,
            "time_budget",
            budget_s is None or 0 < budget_s <= MAX_NUMBER,
            "a time over 0, as 90s, 10m, 1.5h",
        )
        in_full = budget_s is None or self.quality == "full"
        _check_pair(
            in_full, "time_budget must be used with quality full.", "time_budget", "quality"
        )
        _check(
            self, "every", self.every is None or self.every >= 1, "a whole number from 1, or None"
        )
        _check(self, "strength", 0 <= self.strength <= 1, "between 0 and 1")
        _check(self, "scale", self.scale is None or 0 < self.scale <= 1, "over 0 and at most 1")
        _check(self, "max_height", self.max_height >= 16, "at least 16 lines")

    @property
    def style_plan(self) -> StylePlan:
        """The styles of `style`, or of `style_per_scene`."""
        return style_plan(self.style, self.style_per_scene)

    @property
    def time_budget_s(self) -> float | None:
        """Time budget in seconds; None without one, NaN if it is no duration."""
        if self.time_budget is None:
            return None
        try:
            return seconds_of(self.time_budget)
        except ValueError:
            return math.nan

    def working_size_wh(self, width: int, height: int) -> tuple[int, int]:
        """Width and height in pixels at which a picture of this size is stylized.

        Never larger than the picture, and even if it is reduced.
        """
        scale = min(1.0, self.max_height / min(width, height), self.scale or 1.0)
        if scale == 1.0:
            return width, height
        wide, high = (max(2, round(side * scale / 2) * 2) for side in (width, height))
        return min(wide, width), min(high, height)


@dataclass(frozen=True, kw_only=True)
class Output:
    """Output file: size, composition, range of time, encoder, cores, and overwriting.

    Raises:
        OptionError: a value is out of range; the message names the setting and the value.
        TypeError: a value is of the wrong type; the message names both too.
    """

    resize: bool = option(False, "write the working size instead of the input's")
    size: str | None = option(
        None,
        "size of the output: 1280x720, 720p for the shorter side, -1x720 keeps the shape",
        "WxH|720p",
        unset="that of the input",
    )
    fps: float | None = option(
        None,
        "constant frames per second of the output, as 30 or 30000/1001",
        "N",
        ratio=True,
        unset="the input's times, 25 for pictures",
    )
    compare: bool = option(False, "write original and stylized side by side")
    start: float = option(0.0, "where to start, in seconds", TIMES, time=True)
    end: float | None = option(None, "where to stop, in seconds", TIMES, time=True, unset="the end")
    codec: str | None = option(
        None,
        "h264, hevc, av1, vp9, prores, lossless, or an encoder's name",
        "NAME",
        unset="chosen by the container",
    )
    crf: float | None = option(
        None, "quality: lower is better and larger", "N", unset="chosen by the encoder"
    )
    bitrate: str | None = option(
        None, "bits per second instead of a quality, as 2M or 800k", "RATE"
    )
    pix_fmt: str | None = option(
        None,
        "pixel format of the output, as 10bit against banding, yuv420p10le or yuv444p",
        "NAME",
    )
    hdr: str = option(
        "tonemap",
        "HDR input: tonemap makes SDR of it, keep writes HDR again, with white at 203 nits",
        choices=("tonemap", "keep"),
    )
    preset: str | None = option(
        None,
        "the encoder's speed, ultrafast to veryslow",
        "NAME",
        unset="chosen by the number of cores",
    )
    audio: str = option(
        "copy",
        "sound: copy encodes what the file cannot hold; aac and opus encode all, none drops it",
        choices=("copy", "aac", "opus", "none"),
    )
    format: str = option(
        "mkv",
        "with - as the output: how it goes to standard output",
        choices=("mkv", "mpegts", "y4m", "raw"),
    )
    threads: int | None = option(
        None, "cores to use; auto is all of them", "N|auto", automatic=True, most=256
    )
    overwrite: bool = option(False, "replace the output if it exists")

    def __post_init__(self) -> None:
        _check_types(self)
        _check_choices(self)
        _check(self, "start", self.start >= 0, "0 seconds or later")
        _check(self, "end", self.end is None or self.end > self.start, "later than start")
        self._check_size()
        _check(self, "fps", self.fps is None or 1 <= self.fps <= 240, "between 1 and 240")
        _check(self, "crf", self.crf is None or 0 <= self.crf <= 63, "between 0 and 63")
        bits = self.bits_per_s
        within = bits is None or MIN_BITRATE <= bits <= MAX_BITRATE
        _check(self, "bitrate", within, "between 10k and 1G bits per second, as 2M")
        either = self.crf is None or self.bitrate is None
        _check_pair(either, "bitrate must be without crf.", "bitrate", "crf")
        _check(self, "threads", self.threads is None or self.threads >= 1, "at least 1, or None")

    @property
    def rate(self) -> Fraction | None:
        """`fps` as a ratio; None without it."""
        return None if self.fps is None else frame_rate(self.fps)

    @property
    def bits_per_s(self) -> int | None:
        """`bitrate` as a number; None without it, 0 if it is none."""
        try:
            return None if self.bitrate is None else bits_per_second(self.bitrate)
        except ValueError:
            return 0

    def sized_wh(self, width: int, height: int) -> tuple[int, int]:
        """Width and height in pixels to which `size` brings frames of a size.

        Raises:
            OptionError: a computed side is too long or too short.
        """
        if self.size is None:
            return width, height
        wide, high = OutputSize.parse(self.size).of(width, height)
        if not (_is_side(wide) and _is_side(high)):
            raise OptionError(
                f"size {self.size} makes {wide}x{high} px of {width}x{height}. It must be {SIDES}.",
                "size",
            )
        return wide, high

    def _check_size(self) -> None:
        try:
            size = OutputSize() if self.size is None else OutputSize.parse(self.size)
        except ValueError:
            _check(self, "size", False, "1280x720, 720p or -1x720")
        sides = filter(None, (size.width, size.height, size.short_side))
        _check(self, "size", all(map(_is_side, sides)), SIDES)
        _check_pair(
            self.size is None or not self.resize, "size must be without resize.", "size", "resize"
        )


@dataclass(frozen=True, kw_only=True)
class StylizeOptions(Output, Look):  # in this order, the look's fields come first
    """Options of stylizing a video or a picture: look and output file.

    Raises:
        OptionError: a value is out of range; the message names the setting and the value.
        TypeError: a value is of the wrong type; the message names both too.
    """

    def __post_init__(self) -> None:
        Look.__post_init__(self)
        Output.__post_init__(self)

    def output_size_wh(self, width: int, height: int) -> tuple[int, int]:
        """Width and height in pixels of the result for a picture of this size."""
        if self.resize:
            width, height = self.working_size_wh(width, height)
        return width * (1 + self.compare), height


@dataclass(frozen=True, kw_only=True)
class TrainOptions:
    """Options of training a style; loss weights are factors of tuned defaults.

    Raises:
        OptionError: a value is out of range; the message names the setting and the value.
        TypeError: a value is of the wrong type; the message names both too.
    """

    name: str | None = option(None, "the style's name", "NAME", unset="that of the painting's file")
    size: str = option("55k", "size class of the model's file", choices=("17k", "55k", "220k"))
    content: str | None = option(
        None, "photos, videos or frames to learn on", "FOLDER", unset="generated pictures"
    )
    minutes: float = option(20.0, "how long to train", "M")
    steps: int | None = option(None, "train for so many steps instead, however long", "S")
    features: str = option(
        "slim",
        "the network that judges; only slim is there without a download",
        choices=FEATURES,
    )
    feature_weights: str | None = option(None, "its weight file, instead of the public one", "FILE")
    start_from: str = option(
        "auto",
        "a style to start from: a name, a file, none; auto is the nearest shipped one",
        "STYLE",
    )
    style_weight: float = option(1.0, "more of the painting's strokes", "W")
    content_weight: float = option(1.0, "more of the picture's shapes and shades", "W")
    tv_weight: float = option(1.0, "smoother", "W")
    temporal_weight: float = option(1.0, "steadier", "W")
    own_colors: float = option(0.0, "keep the picture's own light and hues, 0 to 1", "SHARE")
    own_chroma: float = option(
        0.75, "put so much of the picture's own chroma back when painting, 0 to 1", "SHARE"
    )
    sharpness: float = option(
        SHARPNESS, "how much enlarged paintings are sharpened, 0 to 2", "AMOUNT"
    )
    contrast: float = option(1.12, "contrast of the paintings, 0 to 3", "FACTOR")
    brightness: float = option(0.0, "light added to the paintings, -1 to 1", "AMOUNT")
    clarity: float = option(0.5, "local contrast added to the paintings, 0 to 3", "AMOUNT")
    saturation: float = option(1.15, "color of the paintings, 0 to 3", "FACTOR")
    style_scale: float = option(1.0, "size of the strokes", "F")
    batch: int = option(4, "pictures a step, over all processes", "N", most=1024)
    seed: int = option(0, "another seed, another result", "N")
    precision: str = option(
        "auto", "arithmetic of the networks", choices=("auto", "float32", "bfloat16")
    )
    low_memory: bool = option(False, "gradient checkpointing: less memory, more time")
    pixels: str = option("uint8", "what the model takes and gives", choices=("float", "uint8"))
    int8: bool = option(True, "write NAME.int8.onnx too: twice as fast on processors with VNNI")
    torch: bool = option(False, "write NAME.pt2 too, for torch.export.load")
    threads: int | None = option(
        None, "cores to use; auto is all of them", "N|auto", automatic=True, most=256
    )
    resume: bool = option(False, "go on from the last checkpoint")
    overwrite: bool = option(False, "replace what an earlier run left")

    def __post_init__(self) -> None:
        _check_types(self)
        _check_choices(self)
        _check(self, "minutes", self.minutes > 0, "over 0")
        _check(self, "steps", self.steps is None or self.steps >= 1, "at least 1")
        for name in ("style", "content", "tv", "temporal"):
            _check(self, f"{name}_weight", getattr(self, f"{name}_weight") >= 0, "0 or more")
        _check(self, "own_colors", 0 <= self.own_colors <= 1, "between 0 and 1")
        _check(self, "own_chroma", 0 <= self.own_chroma <= 1, "between 0 and 1")
        for name, (lowest, highest) in FINISH_LIMITS.items():
            within = lowest <= getattr(self, name) <= highest
            _check(self, name, within, f"between {lowest:g} and {highest:g}")
        _check(self, "style_scale", 0.2 <= self.style_scale <= 5, "between 0.2 and 5")
        _check(self, "batch", self.batch >= 1, "at least 1")
        _check(self, "seed", self.seed >= 0, "0 or more")
        _check(self, "threads", self.threads is None or self.threads >= 1, "at least 1, or None")
        both = self.resume and self.overwrite
        _check_pair(not both, "resume must be without overwrite.", "resume", "overwrite")
        named = self.name is None or (self.name.strip() and not set(self.name) & set("/\\"))
        _check(self, "name", bool(named), "a name without slashes")


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
    record: str | None = option(None, "write pictures and sound to a file", "FILE")
    overwrite: bool = option(False, "replace the recording if it exists")
    strength: float = option(1.0, "how much of the style, 0 to 1", "S")
    keep_colors: bool = option(False, "the style's light and strokes, the original's colors")
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
        _check_types(self)
        _check_choices(self)
        for style in style_list(self.style) if self.style else ():
            _check(self, "style", style_plan(style).is_single, "one style, a mix or a list")
        interval_s = self.style_interval
        _check(self, "style_interval", interval_s is None or interval_s >= 1, "at least 1 second")
        wanted = f"an address that begins with one of {', '.join(STREAM_SCHEMES)}"
        scheme, _, rest = (self.stream or f"{STREAM_SCHEMES[0]}x").partition("://")
        _check(self, "stream", bool(rest) and f"{scheme}://" in STREAM_SCHEMES, wanted)
        _check(self, "camera", bool(self.camera.strip()), "a number, a name, a file or an address")
        sides = self.size_wh or (2, 2)
        even = all(side >= 2 and side % 2 == 0 for side in sides)
        _check(self, "size", even, "two even numbers, as 1280x720")
        _check(self, "size", max(sides) <= MAX_SIDE, f"at most {MAX_SIDE}x{MAX_SIDE}")
        _check(self, "fps", 1 <= self.fps <= 240, "between 1 and 240")
        _check(self, "strength", 0 <= self.strength <= 1, "between 0 and 1")
        _check(
            self, "every", self.every is None or self.every >= 1, "a whole number from 1, or None"
        )
        _check(self, "lines", self.lines is None or self.lines >= 16, "at least 16, or None")
        _check(self, "max_cpu", 0 < self.max_cpu <= 100, "over 0 % and at most 100 %")
        _check(self, "polish", self.polish is None or self.polish > 0, "over 0")
        _check(self, "seconds", self.seconds is None or self.seconds > 0, "over 0")
        both = self.audio and self.play_audio
        _check_pair(not both, "audio must be without play_audio.", "audio", "play_audio")

    @property
    def size_wh(self) -> tuple[int, int] | None:
        """Width and height of `size` in pixels; None without it, (0, 0) if it is no size."""
        if self.size is None:
            return None
        width, _, height = self.size.lower().partition("x")
        if not all(side.isdecimal() and len(side) < 10 for side in (width, height)):
            return 0, 0
        return int(width), int(height)


@dataclass(frozen=True, kw_only=True)
class ServeOptions:
    """Options of the server: address, data folder, limits and access.

    Raises:
        OptionError: a value is out of range; the message names the setting and the value.
        TypeError: a value is of the wrong type; the message names both too.
    """

    host: str = option("127.0.0.1", "address to listen at; 0.0.0.0 for all networks", "ADDRESS")
    port: int = option(8765, "port to listen at; 0 for a free one", "N", most=65_535)
    open: bool = option(False, "open the page in the browser")
    data: str | None = option(
        None,
        "where uploads, the queue and results are kept",
        "FOLDER",
        unset="the user's data folder",
    )
    workers: int = option(1, "videos to convert at the same time", "N", most=64)
    max_upload: str = option("2GB", "size of an upload at most", "SIZE")
    keep: str = option("30d", "how long uploads and results are kept", "TIME")
    token: str | None = option(None, "word that clients have to give", "TOKEN")
    allow_host: str | None = option(
        None, "another name that the server is reached by, as behind a proxy", "NAME"
    )

    def __post_init__(self) -> None:
        _check_types(self)
        _check(self, "port", self.port >= 0, "between 0 and 65535")
        _check(self, "workers", self.workers >= 1, "at least 1")
        _check(self, "max_upload", self.max_upload_bytes > 0, "a size over 0, as 500MB or 2GB")
        _check(self, "keep", self.keep_s > 0, "a time over 0, as 12h or 30d")
        plain = self.token is None or (self.token.isascii() and self.token.isprintable())
        _check(self, "token", plain and " " not in (self.token or ""), "ASCII without spaces")

    @property
    def max_upload_bytes(self) -> int:
        """Limit of an upload in bytes; 0 if `max_upload` is no size."""
        try:
            return bytes_of(self.max_upload)
        except ValueError:
            return 0

    @property
    def keep_s(self) -> float:
        """Time that uploads and results are kept, in seconds; 0 if `keep` is no duration."""
        try:
            return seconds_of(self.keep)
        except ValueError:
            return 0.0


def bytes_of(text: str) -> int:
    """Bytes in a size: "500MB", "1.5GB" or "1000".

    Raises:
        ValueError: the text is not a size.
    """
    text = text.strip().upper()
    number = float(text.removesuffix(text[-2:])) if text[-2:] in BYTES else float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text} is no size.")
    return round(number * BYTES.get(text[-2:], 1))


def settings(kind: type[Any] = StylizeOptions) -> tuple[Field[Any], ...]:
    """Dataclass fields of an options class, with help texts in `metadata`; see `option`."""
    return fields(kind)


def fits(value: Any, kind: Any) -> bool:
    """Whether a value is of a setting's type, as `float | None`; whole numbers are numbers too."""
    kinds = typing.get_args(kind) if isinstance(kind, UnionType) else (kind,)
    if isinstance(value, bool):
        return bool in kinds
    return (
        isinstance(value, kinds)
        or (int in kinds and isinstance(value, Integral))  # of NumPy, for one
        or (float in kinds and isinstance(value, Real))
    )


def _check_types(options: Any) -> None:
    """Check the types of all settings; paths, and catalog entries of styles, become text."""
    for setting in settings(type(options)):
        name, value = setting.name, getattr(options, setting.name)
        if name == "style":
            value = style_text(value)
        elif isinstance(value, os.PathLike):
            value = os.fspath(value)
        if not fits(value, setting.type):
            kinds = typing.get_args(setting.type) or (setting.type,)
            wanted = " or ".join(
                [KINDS[k] for k in kinds if k in KINDS] + ["None"] * (len(kinds) > 1)
            )
            raise TypeError(f"{name} must be {wanted}, not {value!r} ({type(value).__name__}).")
        if value == "":  # as from an unset variable of a shell
            raise OptionError(f"{name} must be left out or filled in, not empty.", name)
        object.__setattr__(options, name, value)
        if isinstance(value, Real):
            most = setting.metadata.get("most", MAX_NUMBER)
            _check(options, name, not value > most, f"at most {most}")


def _check_choices(options: Any) -> None:
    for setting in settings(type(options)):
        choices = setting.metadata.get("choices")
        if choices:
            holds = getattr(options, setting.name) in choices
            _check(options, setting.name, holds, f"one of {', '.join(choices)}")


def _check(options: Any, name: str, holds: bool, wanted: str) -> None:
    if not holds:
        value = getattr(options, name)
        shown = f'"{value}"' if isinstance(value, str) else value
        raise OptionError(f"{name} must be {wanted}, not {shown}.", name)


def _is_side(pixels: int) -> bool:
    return MIN_OUTPUT_SIDE <= pixels <= MAX_SIDE


def _check_pair(holds: bool, message: str, *names: str) -> None:
    if not holds:
        raise OptionError(message, *names)


DEFAULTS = StylizeOptions()
