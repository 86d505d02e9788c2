"""Containers and video encoders: the ones available, and their FFmpeg options."""

import io
import os
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av

from vidstyle.errors import SinkError, reason
from vidstyle.hardware import usable_cores

os.environ.setdefault("SVT_LOG", "1")  # errors only; SVT-AV1 reads no other setting

CONTAINERS = {".mp4": "mp4", ".m4v": "mp4", ".mkv": "matroska", ".mov": "mov", ".webm": "webm"}
# Formats that can be written to a pipe, by the names that users give.
STREAM_FORMATS = {"mkv": "matroska", "mpegts": "mpegts", "y4m": "yuv4mpegpipe"}
# Encoders on offer, best known first; `available_encoders` lists those that are installed.
KNOWN_ENCODERS = (
    "libx264", "libx265", "libsvtav1", "libvpx-vp9", "libvpx", "ffv1", "prores_ks",
    "h264_videotoolbox", "hevc_videotoolbox", "h264_nvenc", "hevc_nvenc", "h264_qsv",
    "h264_amf",
)  # fmt: skip
WEBM_ENCODERS = ("libvpx-vp9", "libvpx", "libsvtav1")
# Pixel formats with an alpha channel. VP8 and VP9 keep it in side data that only Matroska stores.
ALPHA_FORMATS = {
    "libvpx-vp9": "yuva420p", "libvpx": "yuva420p", "ffv1": "yuva420p",
    "prores_ks": "yuva444p10le",
}  # fmt: skip
RAW_VIDEO = "rawvideo"
ODD_SIZES_ALLOWED = ("libvpx-vp9", "libvpx", "ffv1", RAW_VIDEO)
AUDIO_ENCODERS = {"aac": "aac", "opus": "libopus"}  # by codec
PRESETS = (
    "ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow", "slower", "veryslow",
)  # fmt: skip
SVT_PRESETS = {"ultrafast": "12", "superfast": "11", "veryfast": "10", "fast": "9", "medium": "8"}

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
    """Video encoder with its options."""

    name: str  # in FFmpeg's words, as "libx264"
    options: dict[str, str]  # AVOptions of the encoder

    @property
    def even_sizes_only(self) -> bool:
        """Whether width and height must be even, because of 4:2:0 chroma."""
        return self.name not in ODD_SIZES_ALLOWED

    @property
    def stores_aspect_ratio(self) -> bool:
        """Whether the shape of a pixel is stored: in the VUI of H.264 and H.265, or by y4m."""
        return self.name.startswith(("libx26", "h264", "hevc", RAW_VIDEO))

    @property
    def is_hevc(self) -> bool:
        return self.name == "libx265" or self.name.startswith("hevc")


def alpha_format(encoder: Encoder, container: str) -> str | None:
    """Pixel format in which an encoder keeps an alpha channel in a container, or None."""
    in_side_data = encoder.name.startswith("libvpx")
    if in_side_data and container not in ("matroska", "webm"):
        return None
    return ALPHA_FORMATS.get(encoder.name)


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


def available_encoders() -> list[str]:
    """Video encoders on offer in the installed PyAV; hardware encoders may still fail to open."""
    return [name for name in KNOWN_ENCODERS if name in av.codecs_available and _is_encoder(name)]


def default_preset(cores: int) -> str:
    """Default x264 preset for a number of cores; encoding is the largest single cost.

    On two cores veryfast took 10 ms per frame at 720p and 32 ms at 1080p, superfast 6 and 17.
    """
    return "superfast" if cores <= 2 else "veryfast"


def choose_encoder(
    path: Path,
    codec: str | None,
    crf: float | None,
    preset: str | None,
    container: str | None = None,
) -> Encoder:
    """Choose the video encoder and its options for an output file.

    An encoder given by name is opened once for trial.

    Args:
        path: output file; the suffix decides the container.
        codec: FFmpeg's name of the encoder; None for libx264, or libvpx-vp9 in WebM.
        crf: constant rate factor; None for the default of the encoder here, 20 for H.264 and
            H.265, 30 for VP8, VP9 and AV1.
        preset: x264 preset from ultrafast to veryslow, mapped to the nearest one of libsvtav1,
            libvpx and libvpx-vp9; None for `default_preset`.
        container: FFmpeg's name, for streams; None for that of the path.

    Raises:
        SinkError: unknown suffix, encoder or preset; an encoder that cannot be opened on this
            machine or that the container does not support; a `crf` for a lossless encoder.
    """
    container = container or container_format(path)
    if container == STREAM_FORMATS["y4m"]:
        return _raw_video(codec, crf)
    name = codec or ("libvpx-vp9" if container == "webm" else "libx264")
    if name not in available_encoders():
        raise SinkError(f'No encoder "{name}". Installed: {", ".join(available_encoders())}.')
    preset = preset or default_preset(usable_cores())
    if preset not in PRESETS:
        raise SinkError(f'No preset "{preset}". There are {", ".join(PRESETS)}.')
    options = _preset_options(name, preset)
    if crf is not None:
        options |= _quality_options(name, crf)
    encoder = Encoder(name, options)
    if codec is not None:
        _check_opens(encoder, container)
    return encoder


def _raw_video(codec: str | None, crf: float | None) -> Encoder:
    for name, value in (("codec", codec), ("crf", crf)):
        if value is not None:
            raise SinkError(f"y4m holds raw video, which has no {name}.", {name: None})
    return Encoder(RAW_VIDEO, {})


def _preset_options(name: str, preset: str) -> dict[str, str]:
    slow = preset in ("slow", "slower", "veryslow")
    match name:
        case "libx264":
            return {"preset": preset, "crf": "20"}
        case "libx265":
            return {"preset": preset, "crf": "20", "x265-params": "log-level=error"}
        case "libsvtav1":
            speed = "6" if slow else SVT_PRESETS.get(preset, "8")
            return {"preset": speed, "crf": "30", "svtav1-params": "tune=0"}
        case "libvpx-vp9":
            speed = "5" if slow else "8"
            return {"deadline": "realtime", "cpu-used": speed, "row-mt": "1", "b": "0", "crf": "30"}
        case "libvpx":
            speed = "5" if slow else "8"
            return {"deadline": "realtime", "cpu-used": speed, "b": "8M", "crf": "30"}
        case _:
            return {}


def _quality_options(name: str, crf: float) -> dict[str, str]:
    match name:
        case "libx264" | "libx265" | "libsvtav1" | "libvpx-vp9" | "libvpx":
            return {"crf": f"{crf:g}"}
        case "ffv1" | "prores_ks":
            raise SinkError(f"{name} has no quality to set: it keeps everything.", {"crf": None})
        case _:
            return {"global_quality": str(round(crf)), "cq": str(round(crf))}


def pixel_format(codec: av.Codec) -> str:
    """Pixel format to encode in: yuv420p if the encoder supports it, else the first it lists."""
    formats = [f.name for f in codec.video_formats or ()]
    return "yuv420p" if "yuv420p" in formats or not formats else formats[0]


def check_size(encoder: Encoder, width: int, height: int) -> None:
    """Open an encoder for pictures of a size in pixels, and close it.

    Raises:
        SinkError: the encoder refused the size, or has no memory for it.
    """
    context: Any = av.CodecContext.create(encoder.name, "w")
    odd = encoder.even_sizes_only
    context.width, context.height = (max(2, s & ~1) if odd else s for s in (width, height))
    context.pix_fmt, context.time_base = pixel_format(context.codec), Fraction(1, 25)
    context.options = dict(encoder.options)
    try:
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


def _check_opens(encoder: Encoder, container: str) -> None:
    """Open the encoder and a muxer in memory, to find missing hardware or an unfit container."""
    suffix = next((s for s, name in CONTAINERS.items() if name == container), container)
    unfit = SinkError(f"{suffix} cannot hold {encoder.name} video; .mkv can.")
    with av.open(io.BytesIO(), "w", format=container) as trial:
        try:
            stream: Any = trial.add_stream(encoder.name, rate=25, options=dict(encoder.options))
        except ValueError as error:
            raise unfit from error
        stream.width, stream.height, stream.pix_fmt = 256, 256, pixel_format(stream.codec)
        try:
            stream.codec_context.open()
        except av.FFmpegError as error:
            raise SinkError(
                f"{encoder.name} cannot be started on this machine ({reason(error)}). "
                "Choose an encoder that needs no hardware, or none.",
                {"codec": ...},
                {"codec": None},
            ) from error
        try:
            trial.start_encoding()
        except av.FFmpegError as error:
            raise unfit from error


def _is_encoder(name: str) -> bool:
    try:
        return av.Codec(name, "w").is_encoder
    except av.codec.codec.UnknownCodecError:
        return False
