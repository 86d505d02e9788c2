"""Output file: size, frame rate, encoder, range of time and sound."""

import re
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from vidstyle.errors import OptionError
from vidstyle.options.setting import (
    AUTO,
    DEVICES,
    PROVIDER_HELP,
    PROVIDERS,
    TIMES,
    check,
    check_choices,
    check_pair,
    check_types,
    option,
)
from vidstyle.output_spec import OutputSize, bits_per_second, frame_rate

MAX_SIDE = 8192  # px, of live pictures and of sizes asked for
MIN_OUTPUT_SIDE = 16  # px; encoders refuse smaller ones
MIN_BITRATE, MAX_BITRATE = 10_000, 1_000_000_000  # bits per second
CLUSTER = re.compile(r"local:[1-9]\d{0,2}|(?!local:)(tcp://|tls://)?[^\s/]+:\d{1,5}|.+\.json")
SIDES = f"of {MIN_OUTPUT_SIDE} to {MAX_SIDE} px a side"
STANDARD_STREAM = Path("-")  # as an input standard input, as an output standard output


@dataclass(frozen=True, kw_only=True)
class Output:
    """Output file: size, composition, range of time, encoder, processors, and overwriting.

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
        "h264, hevc, av1, vp9, prores, lossless, an encoder's name, or auto for fast hardware",
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
    provider: str = option(AUTO, PROVIDER_HELP, choices=PROVIDERS)
    device: str = option(
        AUTO,
        "with --quality full: where PyTorch computes; auto is CUDA where it is, else the CPU",
        choices=DEVICES,
    )
    resume: bool = option(
        True, "keep finished parts of a film of over a minute, to go on after an interruption"
    )
    work_folder: str | None = option(
        None, "a folder for these parts", "FOLDER", unset="OUTPUT.work beside the output"
    )
    cluster: str | None = option(
        None,
        "convert videos on several processes or machines: local:4, or a Dask scheduler's HOST:PORT "
        "or .json file",
        "local:N|HOST:PORT|FILE.json",
    )
    overwrite: bool = option(False, "replace the output if it exists")

    def __post_init__(self) -> None:
        check_types(self)
        check_choices(self)
        check(self, "start", self.start >= 0, "0 seconds or later")
        check(self, "end", self.end is None or self.end > self.start, "later than start")
        self._check_size()
        check(self, "fps", self.fps is None or 1 <= self.fps <= 240, "between 1 and 240")
        check(self, "crf", self.crf is None or 0 <= self.crf <= 63, "between 0 and 63")
        bits = self.bits_per_s
        within = bits is None or MIN_BITRATE <= bits <= MAX_BITRATE
        check(self, "bitrate", within, "between 10k and 1G bits per second, as 2M")
        either = self.crf is None or self.bitrate is None
        check_pair(either, "bitrate must be without crf.", "bitrate", "crf")
        named = self.cluster is None or CLUSTER.fullmatch(self.cluster) is not None
        check(self, "cluster", named, "local:N, HOST:PORT or FILE.json")
        kept = self.cluster is None or self.resume
        check_pair(kept, "cluster must be with resume.", "cluster", "resume")
        check(self, "threads", self.threads is None or self.threads >= 1, "at least 1, or None")

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
            check(self, "size", False, "1280x720, 720p or -1x720")
        sides = filter(None, (size.width, size.height, size.short_side))
        check(self, "size", all(map(_is_side, sides)), SIDES)
        check_pair(
            self.size is None or not self.resize, "size must be without resize.", "size", "resize"
        )


def _is_side(pixels: int) -> bool:
    return MIN_OUTPUT_SIDE <= pixels <= MAX_SIDE
