"""Which encoders there are, and how each container and encoder wants to be asked."""

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av

from vidstyle.errors import SinkError
from vidstyle.machine import usable_cores

CONTAINERS = {".mp4": "mp4", ".m4v": "mp4", ".mkv": "matroska", ".mov": "mov", ".webm": "webm"}
# Encoders worth offering, best known first; `available_encoders` says which are really there.
KNOWN_ENCODERS = (
    "libx264", "libx265", "libsvtav1", "libvpx-vp9", "libvpx", "mpeg4", "ffv1", "prores_ks",
    "mjpeg", "h264_videotoolbox", "hevc_videotoolbox", "h264_nvenc", "hevc_nvenc", "h264_qsv",
    "h264_amf",
)  # fmt: skip
WEBM_ENCODERS = ("libvpx-vp9", "libvpx", "libsvtav1")
ODD_SIZES_ALLOWED = ("libvpx-vp9", "libvpx", "ffv1", "mpeg4", "mjpeg")
X264_PRESETS = (
    "ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow", "slower", "veryslow",
)  # fmt: skip
SVT_PRESETS = {"ultrafast": "12", "superfast": "11", "veryfast": "10", "fast": "9", "medium": "8"}


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
    if container not in ("mp4", "mov"):
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


def choose_encoder(
    path: Path, codec: str | None, crf: float | None, preset: str | None
) -> Encoder:
    """Pick the encoder and its options for an output file.

    Args:
        path: the output; its suffix names the container.
        codec: FFmpeg's name of the encoder; None for libx264, or libvpx-vp9 in WebM.
        crf: quality; None for one that keeps brush strokes.
        preset: x264's names from ultrafast to veryslow; other encoders get what is nearest.

    Raises:
        SinkError: no such encoder, one the container does not take, or an unknown preset.
    """
    webm = container_format(path) == "webm"
    name = codec or ("libvpx-vp9" if webm else "libx264")
    if name not in available_encoders():
        raise SinkError(f'No encoder "{name}". Installed: {", ".join(available_encoders())}.')
    if webm and name not in WEBM_ENCODERS:
        raise SinkError(f"WebM holds VP8, VP9 or AV1: use --codec {' or '.join(WEBM_ENCODERS)}.")
    preset = preset or default_preset(usable_cores())
    quality = {"crf": f"{crf:g}"} if crf is not None else {}
    if name in ("libx264", "libx265"):
        if preset not in X264_PRESETS:
            raise SinkError(f'No preset "{preset}". There are {", ".join(X264_PRESETS)}.')
        options = {"preset": preset, "crf": "20"} | quality
        if name == "libx265":
            options["x265-params"] = "log-level=error"
        return Encoder(name, options)
    if name == "libsvtav1":
        speed = SVT_PRESETS.get(preset, "8")
        return Encoder(name, {"preset": speed, "crf": "30", "svtav1-params": "tune=0"} | quality)
    if name in ("libvpx-vp9", "libvpx"):
        speed = "5" if preset in ("slow", "slower", "veryslow") else "8"
        fast = {"deadline": "realtime", "cpu-used": speed, "row-mt": "1", "b": "0"}
        if name == "libvpx":
            fast = {"deadline": "realtime", "cpu-used": speed, "b": "8M"}
        return Encoder(name, fast | {"crf": "30"} | quality)
    if crf is not None:
        return Encoder(name, {"global_quality": str(round(crf)), "qscale": str(round(crf))})
    return Encoder(name, {})


def _is_encoder(name: str) -> bool:
    try:
        return av.Codec(name, "w").is_encoder
    except av.codec.codec.UnknownCodecError:
        return False
