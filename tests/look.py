"""Content of a media file, read with PyAV alone: an independent check of outputs."""

import hashlib
from contextlib import suppress
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray


@dataclass
class Track:
    """Audio or subtitle stream of a file."""

    kind: str  # "audio" or "subtitle"
    codec: str  # FFmpeg's canonical name
    language: str | None
    times: list[float] = field(default_factory=list)  # seconds
    packets: list[str] = field(default_factory=list)  # SHA-1 of each packet
    bytes_: list[bytes] = field(default_factory=list)  # data of each packet


@dataclass
class Contents:
    """Content of a media file: decoded frames, packets of the other streams, metadata."""

    times: list[Fraction] = field(default_factory=list)  # seconds
    images: list[NDArray[np.uint8]] = field(default_factory=list)  # HxWx3 RGB, as decoded
    tags: tuple[int, int, int, int] = (2, 2, 2, 0)  # color tags: matrix, primaries, transfer, range
    tick: Fraction = Fraction(1)  # time base of the video, in seconds
    aspect: Fraction = Fraction(1)  # of a pixel
    rotation: int = 0  # degrees counter-clockwise
    duration_s: float = 0.0
    video_duration_s: float | None = None
    language: str | None = None
    kinds: list[str] = field(default_factory=list)  # types of all streams
    tracks: list[Track] = field(default_factory=list)
    chapters: list[tuple[float, float, str]] = field(default_factory=list)  # start, end, title
    metadata: dict[str, str] = field(default_factory=dict)

    @property
    def size_wh(self) -> tuple[int, int]:
        return self.images[0].shape[1], self.images[0].shape[0]

    @property
    def sounds(self) -> list[Track]:
        return [track for track in self.tracks if track.kind == "audio"]

    @property
    def subtitles(self) -> list[Track]:
        return [track for track in self.tracks if track.kind == "subtitle"]


def look(path: Path) -> Contents:
    """Read a file completely; its first video stream is decoded."""
    found = Contents()
    with av.open(str(path)) as container:
        video: Any = container.streams.video[0]
        found.tick, found.aspect = video.time_base, video.sample_aspect_ratio or Fraction(1)
        found.language = video.metadata.get("language")
        found.duration_s = (container.duration or 0) / 1e6
        if video.duration:
            found.video_duration_s = float(video.duration * video.time_base)
        found.kinds = [stream.type for stream in container.streams]
        found.metadata = {key.lower(): value for key, value in container.metadata.items()}
        found.chapters = [_chapter(chapter) for chapter in container.chapters()]
        tracks = {s.index: _track(s) for s in container.streams if s.type in ("audio", "subtitle")}
        for packet in container.demux():
            any_packet: Any = packet
            if packet.stream.index == video.index:
                for frame in any_packet.decode():
                    _add_frame(found, frame, video.time_base)
            elif packet.stream.index in tracks and packet.dts is not None:
                _add_packet(tracks[packet.stream.index], any_packet)
        found.tracks = list(tracks.values())
    return found


def _track(stream: Any) -> Track:
    codec = stream.codec_context.codec.canonical_name
    return Track(stream.type, codec, stream.metadata.get("language"))


def _chapter(chapter: Any) -> tuple[float, float, str]:
    unit = chapter["time_base"]
    return (
        float(chapter["start"] * unit),
        float(chapter["end"] * unit),
        chapter["metadata"]["title"],
    )


def _add_frame(found: Contents, frame: Any, time_base: Fraction) -> None:
    found.times.append(frame.pts * time_base)
    found.images.append(frame.to_ndarray(format="rgb24"))
    found.rotation = frame.rotation
    found.tags = (
        int(frame.colorspace),
        int(frame.color_primaries),
        int(frame.color_trc),
        int(frame.color_range),
    )


def _add_packet(track: Track, packet: Any) -> None:
    data = bytes(packet)
    track.times.append(float(packet.pts * packet.time_base))
    track.packets.append(hashlib.sha1(data).hexdigest())
    track.bytes_.append(data)


def playable(path: Path) -> tuple[int, int]:
    """How many frames and samples a file gives until it breaks off, perhaps within a packet."""
    frames = samples = 0
    with suppress(av.InvalidDataError, EOFError), av.open(str(path)) as container:
        for frame in container.decode():
            if isinstance(frame, av.VideoFrame):
                frames += 1
            elif isinstance(frame, av.AudioFrame):
                samples += frame.samples
    return frames, samples
