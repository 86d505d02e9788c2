"""Which encoders there are, and how each container and encoder wants to be asked."""

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

os.environ.setdefault("SVT_LOG", "1")  # errors only; SVT-AV1 has no other way to be told

CONTAINERS = {".mp4": "mp4", ".m4v": "mp4", ".mkv": "matroska", ".mov": "mov", ".webm": "webm"}
# Encoders worth offering, best known first; `available_encoders` says which are really there.
KNOWN_ENCODERS = (
    "libx264", "libx265", "libsvtav1", "libvpx-vp9", "libvpx", "ffv1", "prores_ks",
    "h264_videotoolbox", "hevc_videotoolbox", "h264_nvenc", "hevc_nvenc", "h264_qsv",
    "h264_amf",
)  # fmt: skip
WEBM_ENCODERS = ("libvpx-vp9", "libvpx", "libsvtav1")
ODD_SIZES_ALLOWED = ("libvpx-vp9", "libvpx", "ffv1")
PRESETS = (
    "ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow", "slower", "veryslow",
)  # fmt: skip
SVT_PRESETS = {"ultrafast": "12", "superfast": "11", "veryfast": "10", "fast": "9", "medium": "8"}


MP4_LIKE = ("mp4", "mov")
MP4_FINE_CLOCK = 90_000  # Hz; FFmpeg's usual 1000 puts a late first frame up to 0.5 ms off
# Tags that MP4 has boxes for; others need the newer kind of tags, which fewer players show.
MP4_TAGS = {
    "title", "artist", "album_artist", "composer", "album", "date", "comment", "genre",
    "copyright", "grouping", "lyrics", "description", "synopsis", "show", "episode_id", "network",
    "keywords", "season_number", "media_type", "track", "disc", "creation_time", "encoder",
    "major_brand", "minor_version", "compatible_brands",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Encoder:
    """An encoder and its private options."""

    name: str
    options: dict[str, str]

    @property
    def even_sizes_only(self) -> bool:
        return self.name not in ODD_SIZES_ALLOWED

    @property
    def states_aspect(self) -> bool:
        """Whether the video itself says how wide its pixels are."""
        return self.name.startswith(("libx26", "h264", "hevc"))

    @property
    def is_hevc(self) -> bool:
        return self.name == "libx265" or self.name.startswith("hevc")


def container_format(path: Path) -> str:
    """FFmpeg's name of the container for a file name.

    Raises:
        SinkError: the suffix is not one we write.
    """
    try:
        return CONTAINERS[path.suffix.lower()]
    except KeyError:
        known = ", ".join(CONTAINERS)
        raise SinkError(f'Cannot write "{path.name}": the name must end in {known}.') from None


def muxer_options(container: str, time_base: Fraction, tags: Iterable[str]) -> dict[str, str]:
    """What to ask of a container's writer so that times and tags stay what they were.

    Args:
        container: as `container_format` gave it.
        time_base: of the frames, in seconds per unit.
        tags: names of what is said of the file as a whole.
    """
    if container not in MP4_LIKE:
        # Else sound that starts a little before zero, as AAC does, would delay the pictures.
        return {"avoid_negative_ts": "disabled"}
    units = time_base.denominator
    options = {"movie_timescale": str(units * max(1, MP4_FINE_CLOCK // units))}
    if {tag.lower() for tag in tags} - MP4_TAGS:
        options["movflags"] = "use_metadata_tags"
    return options


def available_encoders() -> list[str]:
    """The video encoders of the installed PyAV. Hardware ones may still fail without hardware."""
    return [name for name in KNOWN_ENCODERS if name in av.codecs_available and _is_encoder(name)]


def default_preset(cores: int) -> str:
    """x264's preset that leaves room for painting: encoding is the largest single cost.

    On two cores veryfast took 10 ms a frame at 720p and 32 ms at 1080p, superfast 6 and 17.
    """
    return "superfast" if cores <= 2 else "veryfast"


def choose_encoder(path: Path, codec: str | None, crf: float | None, preset: str | None) -> Encoder:
    """Pick the encoder and its options for an output file.

    Args:
        path: the output; its suffix names the container.
        codec: FFmpeg's name of the encoder; None for libx264, or libvpx-vp9 in WebM.
        crf: quality; None for one that keeps brush strokes.
        preset: x264's names from ultrafast to veryslow; other encoders get what is nearest.

    Raises:
        SinkError: no such encoder, one that this machine or the container cannot use, or an
            unknown preset.
    """
    container = container_format(path)
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
        _try_out(encoder, path)
    return encoder


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
    """4:2:0 where the encoder takes it, else the first format it names."""
    formats = [f.name for f in codec.video_formats or ()]
    return "yuv420p" if "yuv420p" in formats or not formats else formats[0]


def _try_out(encoder: Encoder, path: Path) -> None:
    """Start the encoder on nothing: many are listed that lack their hardware, or the container."""
    unfit = SinkError(f"{path.suffix} cannot hold {encoder.name} video; .mkv can.")
    with av.open(io.BytesIO(), "w", format=container_format(path)) as trial:
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
