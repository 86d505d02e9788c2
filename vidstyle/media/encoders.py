"""Video encoders: one table of their names, FFmpeg options and pixel formats, and a trial of each.

An encoder in the table may be missing in the installed FFmpeg, or need hardware that is not there:
`failure` encodes a few frames to find out.
"""

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cache
from typing import Any

import av

from vidstyle.errors import SinkError, did_you_mean, reason
from vidstyle.media.scheduling import unchanged_scheduling

os.environ.setdefault("SVT_LOG", "1")  # errors only; SVT-AV1 reads no other setting

TRIAL_SIDE, TRIAL_FRAMES = 256, 3  # px and number of the frames that an encoder is tried with
PRESETS = (
    "ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow", "slower", "veryslow",
)  # fmt: skip
X26X = dict(zip(PRESETS, PRESETS, strict=True))
# These predict a P-frame from one frame only. Without "strict", x264 keeps a fourth reference for
# (nearly) nothing: 42 MB at 4K for the same pictures.
X264_PRESETS = {preset: {"b-pyramid": "strict"} for preset in ("superfast", "veryfast")}
SVT = dict(zip(PRESETS, ("12", "11", "10", "10", "9", "8", "6", "6", "6"), strict=True))
VPX = dict(zip(PRESETS, 6 * ("8",) + 3 * ("5",), strict=True))
WEBP = dict(zip(PRESETS, ("0", "1", "2", "3", "3", "4", "5", "6", "6"), strict=True))
TEN_BITS = "10bit"
HARDWARE = ("videotoolbox", "nvenc", "qsv", "amf", "vaapi")  # last words of encoders' names
# Mastering display (SMPTE ST 2086) of painted PQ: primaries and white of BT.709, 203 nits; the
# brightest pixel has 203 nits too (MaxCLL), the frame average is not known.
X265_MASTERING = (
    "master-display=G(15000,30000)B(7500,3000)R(32000,16500)WP(15635,16450)L(2030000,50)"
    ":max-cll=203,0:hdr10=1"
)
SVT_MASTERING = (
    "mastering-display=G(0.3,0.6)B(0.15,0.06)R(0.64,0.33)WP(0.3127,0.329)L(203,0.005)"
    ":content-light=203,0"
)
WITH_ALPHA_IN_SIDE_DATA = ("matroska", "webm")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class VideoEncoder:
    """Row of the table: an encoder, as FFmpeg names and configures it, or one way to use it."""

    name: str  # FFmpeg's
    aliases: tuple[str, ...] = ()  # that users know; several encoders may share one
    options: Mapping[str, str] = field(default_factory=dict)  # AVOptions that are always set
    speed: str | None = None  # AVOption of the preset
    speeds: Mapping[str, str] = field(default_factory=dict)  # its values by x264's preset
    preset_options: Mapping[str, Mapping[str, str]] = field(default_factory=dict)  # more AVOptions
    quality: tuple[str, ...] = ()  # AVOptions of the constant quality; none if it is fixed
    default_quality: str | None = None
    takes_bitrate: bool = True
    odd_sizes: bool = False  # width and height may be odd
    stores_aspect: bool = False  # the bitstream stores the shape of a pixel
    alpha: str | None = None  # pixel format with an alpha channel
    alpha_containers: tuple[str, ...] = ()  # that store it; all if empty
    suffix: str = ".mp4"  # of outputs without a name
    mastering: tuple[str, str] | None = None  # AVOption, and the part of it that describes PQ

    @property
    def is_hevc(self) -> bool:
        return "hevc" in self.aliases

    @property
    def is_hardware(self) -> bool:
        """Whether it needs a GPU or a media engine."""
        return self.name.rpartition("_")[2] in HARDWARE


ENCODERS = (
    VideoEncoder(
        name="libx264", aliases=("h264", "avc", "x264"), speed="preset", speeds=X26X,
        preset_options=X264_PRESETS,
        quality=("crf",), default_quality="20", stores_aspect=True,
    ),
    VideoEncoder(
        name="libx265", aliases=("hevc", "h265", "x265"), speed="preset", speeds=X26X,
        options={"x265-params": "log-level=error"},
        quality=("crf",), default_quality="20", stores_aspect=True,
        mastering=("x265-params", X265_MASTERING),
    ),
    VideoEncoder(
        name="libsvtav1", aliases=("av1", "svt-av1", "svtav1"), speed="preset", speeds=SVT,
        options={"svtav1-params": "tune=0"},
        quality=("crf",), default_quality="30", mastering=("svtav1-params", SVT_MASTERING),
    ),
    VideoEncoder(
        name="libvpx-vp9", aliases=("vp9",), speed="cpu-used", speeds=VPX,
        options={"deadline": "realtime", "row-mt": "1", "b": "0"},
        quality=("crf",), default_quality="30", odd_sizes=True,
        alpha="yuva420p", alpha_containers=WITH_ALPHA_IN_SIDE_DATA, suffix=".webm",
    ),
    VideoEncoder(
        name="libvpx", aliases=("vp8",), speed="cpu-used", speeds=VPX,
        options={"deadline": "realtime", "b": "8M"},
        quality=("crf",), default_quality="30", odd_sizes=True,
        alpha="yuva420p", alpha_containers=WITH_ALPHA_IN_SIDE_DATA, suffix=".webm",
    ),
    VideoEncoder(
        name="prores_ks", aliases=("prores",), options={"vendor": "apl0"}, takes_bitrate=False,
        alpha="yuva444p10le", suffix=".mov",
    ),
    VideoEncoder(
        name="ffv1", aliases=("lossless",), takes_bitrate=False, odd_sizes=True,
        alpha="yuva420p", suffix=".mkv",
    ),
    VideoEncoder(
        name="libx264", aliases=("lossless",), speed="preset", speeds=X26X,
        preset_options=X264_PRESETS,
        options={"qp": "0"}, takes_bitrate=False, stores_aspect=True,
    ),
    VideoEncoder(
        name="libvpx-vp9", aliases=("lossless",), speed="cpu-used", speeds=VPX,
        options={"deadline": "realtime", "row-mt": "1", "lossless": "1"},
        takes_bitrate=False, odd_sizes=True,
        alpha="yuva420p", alpha_containers=WITH_ALPHA_IN_SIDE_DATA, suffix=".webm",
    ),
    *(
        VideoEncoder(
            name=f"{standard}_{hardware}", aliases=(standard,),
            quality=("global_quality", "cq"), stores_aspect=True,
        )
        for hardware in HARDWARE
        for standard in ("h264", "hevc", "av1")
    ),
)  # fmt: skip
RAW_VIDEO = VideoEncoder(
    name="rawvideo", takes_bitrate=False, odd_sizes=True, stores_aspect=True
)  # of y4m; not on offer
# Likewise, of animations; a GIF's pictures are kept losslessly until its palette is known.
ANIMATED_WEBP = VideoEncoder(
    name="libwebp_anim", speed="compression_level", speeds=WEBP, quality=("quality",),
    default_quality="80", takes_bitrate=False, odd_sizes=True, alpha="bgra",
)  # fmt: skip
ANIMATED_PNG = VideoEncoder(name="apng", takes_bitrate=False, odd_sizes=True, alpha="rgba")
BEFORE_GIF = VideoEncoder(name="ffv1", takes_bitrate=False, odd_sizes=True, alpha="yuva420p")


def encoders_named(word: str) -> list[VideoEncoder]:
    """Installed encoders with a name or an alias, best known first; case does not count."""
    word = word.lower()
    return [row for row in _installed() if word in (row.name, *row.aliases)]


def encoders_that_start() -> list[VideoEncoder]:
    """Installed encoders that start on this machine; the first call takes half a second."""
    return [row for row in _installed() if not failure(row)]


def encoder_findings() -> dict[str, str]:
    """Aliases of each encoder that starts, by its name, and the names of those that do not."""
    started = _by_name(encoders_that_start())
    others = [name for name in _by_name(_installed()) if name not in started]
    findings = {name: ", ".join(aliases) for name, aliases in started.items()}
    return findings | ({"do not start here": ", ".join(others)} if others else {})


def unknown_encoder(word: str) -> str:
    """Message on a name that no encoder has, with those that start."""
    started = encoders_that_start()
    names = ", ".join(f"{name} ({found[0]})" for name, found in _by_name(started).items())
    words = [word for row in started for word in (row.name, *row.aliases)]
    return f'No encoder "{word}".{did_you_mean(word, words)} Installed: {names}.'


@cache
def failure(row: VideoEncoder) -> str:
    """Why an encoder does not encode a few frames on this machine; "" if it does."""
    context: Any = av.CodecContext.create(row.name, "w")
    context.width = context.height = TRIAL_SIDE
    context.pix_fmt, context.time_base = default_pixels(row), Fraction(1, 25)
    context.thread_count = 1
    context.options = encoder_options(row, "ultrafast")
    try:
        with unchanged_scheduling():
            context.open()
        packets = [context.encode(frame) for frame in (*_trial_frames(), None)]
    except (ValueError, av.FFmpegError) as error:
        return reason(error)
    return "" if any(packets) else "it gave no picture"


def encoder_options(
    row: VideoEncoder, preset: str, crf: float | None = None, bitrate: int | None = None
) -> dict[str, str]:
    """AVOptions of an encoder.

    Args:
        row: of the table.
        preset: one of `PRESETS`; no effect on encoders without such a setting.
        crf: constant quality, where the encoder has one; None for its default.
        bitrate: in bits per second, instead of a constant quality.
    """
    options = dict(row.options)
    if row.speed is not None:
        options[row.speed] = row.speeds[preset]
    options |= row.preset_options.get(preset, {})
    if bitrate is not None:
        return options | {"b": str(bitrate)}
    if crf is not None:
        whole = row.default_quality is None  # hardware takes no fractions
        return options | dict.fromkeys(row.quality, f"{round(crf) if whole else crf:g}")
    if row.default_quality is not None:
        options |= dict.fromkeys(row.quality, row.default_quality)
    return options


def mastering_options(row: VideoEncoder, options: Mapping[str, str]) -> dict[str, str]:
    """Options of an encoder, with the mastering display of painted PQ if it writes one."""
    if row.mastering is None:
        return dict(options)
    name, text = row.mastering
    return dict(options) | {name: ":".join(filter(None, [options.get(name, ""), text]))}


def percent_quality(crf: float) -> int:
    """Quality of WebP or JPEG, 0 to 100, for a constant rate factor, 63 to 0."""
    return round(100 * (1 - crf / 63))


def default_pixels(row: VideoEncoder) -> str:
    """Pixel format to encode in: yuv420p if the encoder takes it, else the first that it lists."""
    formats = pixel_formats(row)
    return "yuv420p" if "yuv420p" in formats or not formats else formats[0]


def pixel_formats(row: VideoEncoder) -> Sequence[str]:
    """Pixel formats that an encoder says to take; empty if it says nothing."""
    return [format.name for format in av.Codec(row.name, "w").video_formats or ()]


def asked_pixels(row: VideoEncoder, asked: str) -> str:
    """Pixel format of an encoder for a name that a user gives.

    Args:
        row: of the table.
        asked: FFmpeg's name, of which a final "le" may be left out, or `TEN_BITS` for the format of
            the encoder with the fewest bits from 10, with 4:2:0 chroma if it has such a format.

    Raises:
        SinkError: the encoder takes no such format, or that is RGB or gray.
    """
    formats = [name for name in pixel_formats(row) if _is_yuv(name)]
    if asked.lower() == TEN_BITS:
        fitting = [name for name in formats if bits(name) >= 10 and not has_alpha(name)]
    else:
        fitting = [name for name in formats if name in (asked, f"{asked}le")]
    if not fitting and asked.lower() == TEN_BITS:
        deep = "hevc, av1, prores and ffv1 have 10"
        raise SinkError(f"{row.name} has 8 bits only; {deep}.", {"codec": ...})
    if not fitting:
        known = ", ".join(formats)
        raise SinkError(f"{row.name} takes no {asked}. It takes {known}.", {"pix_fmt": ...})
    return min(fitting, key=lambda name: (bits(name), "420" not in name))


def bits(pixels: str) -> int:
    """Bits of the luma in a pixel format."""
    return int(av.VideoFormat(pixels).components[0].bits)


def has_alpha(pixels: str) -> bool:
    """Whether a pixel format has an alpha channel."""
    return any(part.is_alpha for part in av.VideoFormat(pixels).components)


def _is_yuv(pixels: str) -> bool:
    """Whether pictures can be converted to a format: neither RGB, gray, float nor of a device."""
    known = av.VideoFormat(pixels)
    return len(known.components) >= 3 and not known.is_rgb and bits(pixels) <= 16


def _by_name(rows: Iterable[VideoEncoder]) -> dict[str, list[str]]:
    """Aliases of encoders by name; one name may have several rows."""
    aliases: dict[str, list[str]] = {}
    for row in rows:
        aliases.setdefault(row.name, []).extend(row.aliases)
    return aliases


def _trial_frames() -> list[av.VideoFrame]:
    frames = [av.VideoFrame(TRIAL_SIDE, TRIAL_SIDE, "yuv420p") for _ in range(TRIAL_FRAMES)]
    for number, frame in enumerate(frames):
        frame.pts, frame.time_base = number, Fraction(1, 25)
        for plane in frame.planes:
            plane.update(bytes([128]) * plane.buffer_size)
    return frames


@cache
def _installed() -> tuple[VideoEncoder, ...]:
    return tuple(row for row in ENCODERS if _is_installed(row.name))


def _is_installed(name: str) -> bool:
    try:
        return av.Codec(name, "w").is_encoder
    except av.codec.codec.UnknownCodecError:
        return False
