"""Containers, sound, and the choice of the video encoder for an output."""

import io
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import av

from vidstyle.errors import SinkError, reason
from vidstyle.hardware import usable_cores
from vidstyle.media.encoder_choice import AUTO, fastest_encoder
from vidstyle.media.encoders import (
    ANIMATED_PNG,
    ANIMATED_WEBP,
    BEFORE_GIF,
    PRESETS,
    RAW_VIDEO,
    TEN_BITS,
    VideoEncoder,
    asked_pixels,
    bits,
    default_pixels,
    encoder_options,
    encoders_named,
    failure,
    has_alpha,
    percent_quality,
    unknown_encoder,
)
from vidstyle.media.scheduling import unchanged_scheduling

CONTAINERS = {".mp4": "mp4", ".m4v": "mp4", ".mkv": "matroska", ".mov": "mov", ".webm": "webm"}
ANIMATIONS = {".gif": "gif", ".webp": "webp", ".apng": "apng"}  # without sound
# Formats that can be written to a pipe, by the names that users give.
STREAM_FORMATS = {
    "mkv": "matroska", "mpegts": "mpegts", "y4m": "yuv4mpegpipe", "raw": "rawvideo"
}  # fmt: skip
RAW_PIXELS = (
    "yuv420p", "yuv422p", "yuv444p", "nv12", "rgb24", "bgr24", "rgba", "bgra", "gray",
    "yuv420p10le",
)  # fmt: skip
ONLY_ENCODERS = {  # with their pixel formats, of containers that leave no choice
    "yuv4mpegpipe": (RAW_VIDEO, "yuv420p"),
    "rawvideo": (RAW_VIDEO, "yuv420p"),
    "gif": (BEFORE_GIF, "yuv420p"),
    "webp": (ANIMATED_WEBP, "bgra"),
    "apng": (ANIMATED_PNG, "rgb24"),
}
DEFAULT_CODECS = {"webm": "vp9"}  # by container; in all others:
DEFAULT_CODEC, DEFAULT_ENCODER = "h264", "libx264"
HDR_CODECS = {"webm": "av1"}  # likewise, for HDR
HDR_CODEC = "hevc"
AUDIO_ENCODERS = {"aac": "aac", "opus": "libopus"}  # by codec

MP4_LIKE = ("mp4", "mov")
MP4_TIMESCALE = 90_000  # Hz, roughly; FFmpeg's 1000 puts a late first frame up to 0.5 ms off
# Metadata keys with an MP4 box of their own; others need `mdta` tags, which fewer players show.
MP4_TAGS = {
    "title", "artist", "album_artist", "composer", "album", "date", "comment", "genre",
    "copyright", "grouping", "lyrics", "description", "synopsis", "show", "episode_id", "network",
    "keywords", "season_number", "media_type", "track", "disc", "creation_time", "encoder",
    "major_brand", "minor_version", "compatible_brands",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Encoder:
    """Video encoder for an output, with its options."""

    kind: VideoEncoder
    options: dict[str, str]  # AVOptions of the encoder
    pixels: str  # FFmpeg's name of the pixel format
    fixed_pixels: bool = False  # also of frames with an alpha channel

    @property
    def name(self) -> str:
        """FFmpeg's name, as "libx264"."""
        return self.kind.name

    @property
    def is_deep(self) -> bool:
        """Whether it encodes more than 8 bits."""
        return bits(self.pixels) > 8


def alpha_format(encoder: Encoder, container: str) -> str | None:
    """Pixel format in which an encoder keeps an alpha channel in a container, or None."""
    if encoder.fixed_pixels:
        return encoder.pixels if has_alpha(encoder.pixels) else None
    stored = encoder.kind.alpha_containers
    return encoder.kind.alpha if not stored or container in stored else None


def container_format(path: Path) -> str:
    """FFmpeg's name of the muxer for a file name, by its suffix.

    Raises:
        SinkError: there is no muxer for the suffix.
    """
    try:
        return CONTAINERS[path.suffix.lower()]
    except KeyError:
        known = ", ".join(CONTAINERS)
        raise SinkError(f'Cannot write "{path.name}": the name must end in {known}.') from None


def muxer_options(container: str, time_base: Fraction, tags: Iterable[str]) -> dict[str, str]:
    """Muxer options that keep timestamps and metadata exact.

    Args:
        container: FFmpeg's name, from `container_format`.
        time_base: seconds per pts of the video stream.
        tags: keys of the container's metadata.
    """
    if container not in MP4_LIKE:
        # Else audio with a negative start time, as AAC's priming, would shift the video.
        return {"avoid_negative_ts": "disabled"}
    units = time_base.denominator
    options = {"movie_timescale": str(units * max(1, MP4_TIMESCALE // units))}
    if {tag.lower() for tag in tags} - MP4_TAGS:
        options["movflags"] = "use_metadata_tags"
    return options


def audio_codec(container: str) -> str:
    """Codec to encode audio with that a container refuses; key of `AUDIO_ENCODERS`."""
    return "opus" if container == "webm" else "aac"


def check_audio(container: str, codec: str) -> None:
    """Check before any work that a container supports audio of a codec.

    Args:
        container: FFmpeg's name, from `container_format`.
        codec: key of `AUDIO_ENCODERS`.

    Raises:
        SinkError: it does not.
    """
    try:
        with av.open(io.BytesIO(), "w", format=container) as trial:
            trial.add_stream(AUDIO_ENCODERS[codec], rate=48_000, layout="stereo")
            trial.start_encoding()
    except (ValueError, av.FFmpegError) as error:
        other = audio_codec(container)
        raise SinkError(
            f"{container} cannot hold {codec} sound.",
            {"audio": "copy" if other == codec else other},
        ) from error


def opens_audio(encoder: str, rate: int, layout: str) -> bool:
    """Whether an audio encoder opens with a sample rate in Hz and a channel layout."""
    context: Any = av.CodecContext.create(encoder, "w")
    try:
        context.sample_rate, context.layout = rate, layout
        context.format = context.codec.audio_formats[0]
        context.open()
    except (ValueError, av.FFmpegError):
        return False
    return True


def default_preset(cores: int) -> str:
    """Default x264 preset for a number of cores; encoding is the largest single cost.

    On two cores veryfast took 10 ms per frame at 720p and 32 ms at 1080p, superfast 6 and 17.
    """
    return "superfast" if cores <= 2 else "veryfast"


def default_suffix(codec: str | None) -> str:
    """Suffix of an output without a name, for a codec or encoder; ".mp4" for unknown ones."""
    rows = [] if codec is None else encoders_named(codec)
    return rows[0].suffix if rows else ".mp4"


def choose_encoder(
    path: Path,
    codec: str | None,
    crf: float | None,
    preset: str | None,
    container: str | None = None,
    *,
    bitrate: int | None = None,
    pix_fmt: str | None = None,
    hdr: bool = False,
) -> Encoder:
    """Choose the video encoder and its options for an output file.

    An encoder given by name is tried once per process.

    Args:
        path: output file; the suffix decides the container.
        codec: name or alias in `ENCODERS`, the first of several that starts and that the container
            supports; None for H.264, or VP9 in WebM; "auto" for the same by the hardware, where
            that is much faster, see `encoder_choice`.
        crf: constant rate factor; None for the default of the encoder here, 20 for H.264 and
            H.265, 30 for VP8, VP9 and AV1.
        preset: x264 preset from ultrafast to veryslow, mapped to the nearest one of libsvtav1,
            libvpx and libvpx-vp9; None for `default_preset`.
        container: FFmpeg's name, for streams; None for that of the path.
        bitrate: in bits per second, instead of a constant quality; None for that.
        pix_fmt: pixel format, see `asked_pixels`; None for yuv420p, or the first that the encoder
            takes, and for one with an alpha channel where the input has one.
        hdr: for HDR: the default is H.265, or AV1 in WebM, and `TEN_BITS`.

    Raises:
        SinkError: unknown suffix, encoder or preset; an encoder that cannot be started on this
            machine or that the container does not support; a `crf` or `bitrate` for a lossless
            encoder; a pixel format that the encoder does not take, or one of 8 bits for HDR.
    """
    container = container or container_format(path)
    preset = preset or default_preset(usable_cores())
    if preset not in PRESETS:
        raise SinkError(f'No preset "{preset}". There are {", ".join(PRESETS)}.')
    automatic = codec == AUTO
    codec = None if automatic else codec
    if container in ONLY_ENCODERS:
        fixed = {"bitrate": bitrate, "pix_fmt": pix_fmt, "hdr": hdr or None}
        return _only_encoder(container, codec, preset, crf, **fixed)
    kind = _first_that_fits(codec or _usual_codec(container, hdr), container)
    if automatic and pix_fmt is None and not hdr and kind.name == DEFAULT_ENCODER:
        kind = fastest_encoder(DEFAULT_CODEC, preset)
    if crf is not None and not kind.quality:
        raise SinkError(f"{kind.name} has no quality to set: it keeps everything.", {"crf": None})
    if bitrate is not None and not kind.takes_bitrate:
        raise SinkError(f"{kind.name} has no bitrate to set.", {"bitrate": None})
    options = encoder_options(kind, preset, crf, bitrate)
    if pix_fmt is None and not hdr:
        return Encoder(kind, options, default_pixels(kind))
    encoder = Encoder(kind, options, asked_pixels(kind, pix_fmt or TEN_BITS), fixed_pixels=True)
    if hdr and not encoder.is_deep:
        raise SinkError(f"HDR needs 10 bits, and {pix_fmt} has 8.", {"pix_fmt": TEN_BITS})
    return encoder


def _usual_codec(container: str, hdr: bool) -> str:
    if hdr:
        return HDR_CODECS.get(container, HDR_CODEC)
    return DEFAULT_CODECS.get(container, DEFAULT_CODEC)


def _only_encoder(
    container: str, codec: str | None, preset: str, crf: float | None, **others: object
) -> Encoder:
    """Encoder of a container that holds one codec."""
    kind, pixels = ONLY_ENCODERS[container]
    names = {**STREAM_FORMATS, **ANIMATIONS}
    name = next(name for name, each in names.items() if each == container)
    fixed = {"codec": codec, **others} | ({} if kind.quality else {"crf": crf})
    asked = fixed.pop("pix_fmt", None) if container == STREAM_FORMATS["raw"] else None
    for setting, value in fixed.items():
        if value is not None:
            fact = "holds raw video, which has" if kind is RAW_VIDEO else "has"
            raise SinkError(f"{name} {fact} no {setting} to set.", {setting: None})
    options = encoder_options(kind, preset)
    if crf is not None:
        options |= dict.fromkeys(kind.quality, str(percent_quality(crf)))
    if asked is None:
        return Encoder(kind, options, pixels)
    if asked not in RAW_PIXELS:
        raise SinkError(f"raw has no {asked}. It has {', '.join(RAW_PIXELS)}.", {"pix_fmt": ...})
    return Encoder(kind, options, str(asked), fixed_pixels=True)


def _first_that_fits(codec: str, container: str) -> VideoEncoder:
    """First encoder of a name that starts here and that the container supports.

    Those for which the container is usual come first.
    """
    rows = sorted(encoders_named(codec), key=lambda row: CONTAINERS[row.suffix] != container)
    if not rows:
        raise SinkError(unknown_encoder(codec), {"codec": ...})
    errors = [_misfit(row, container) for row in rows]
    for row, error in zip(rows, errors, strict=True):
        if error is None:
            return row
    assert errors[0] is not None
    raise errors[0]


def _misfit(row: VideoEncoder, container: str) -> SinkError | None:
    """Error of an encoder that does not start here, or that a container does not support."""
    why = failure(row)
    if why:
        return SinkError(
            f"{row.name} cannot be started on this machine ({why}). "
            "Choose an encoder that needs no hardware, or none.",
            {"codec": ...},
            {"codec": None},
        )
    if not _holds(container, row):
        suffix = next((s for s, name in CONTAINERS.items() if name == container), container)
        better = row.suffix if row.suffix != suffix else ".mkv"
        return SinkError(f"{suffix} cannot hold {row.name} video; {better} can.")
    return None


@cache
def _holds(container: str, row: VideoEncoder) -> bool:
    """Whether a muxer, in memory, takes the video of an encoder."""
    with av.open(io.BytesIO(), "w", format=container) as trial:
        try:
            stream: Any = trial.add_stream(row.name, rate=25, options=encoder_options(row, "fast"))
            stream.width, stream.height, stream.pix_fmt = 256, 256, default_pixels(row)
            with unchanged_scheduling():
                trial.start_encoding()
        except (ValueError, av.FFmpegError):
            return False
    return True


def check_size(encoder: Encoder, width: int, height: int) -> None:
    """Open an encoder for pictures of a size in pixels, and close it.

    Raises:
        SinkError: the encoder refused the size, or has no memory for it.
    """
    context: Any = av.CodecContext.create(encoder.name, "w")
    even = not encoder.kind.odd_sizes
    context.width, context.height = (max(2, s & ~1) if even else s for s in (width, height))
    context.pix_fmt, context.time_base = encoder.pixels, Fraction(1, 25)
    context.options = dict(encoder.options)
    try:
        with unchanged_scheduling():
            context.open()
    except av.FFmpegError as error:
        raise size_error(encoder, context.width, context.height, error) from error


def size_error(encoder: Encoder, width: int, height: int, error: Exception) -> SinkError:
    """Error of an encoder that refused a size in pixels."""
    return SinkError(
        f"{encoder.name} cannot encode {width}x{height} px ({reason(error)}). "
        "Keep the working size, or choose another encoder.",
        {"resize": True},
        {"codec": ...},
    )
