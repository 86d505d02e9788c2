"""Test clips: small video files with chosen timestamps, codecs, color tags and side streams."""

import pickle
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from vidstyle.media.scheduling import unchanged_scheduling

Image = NDArray[np.uint8]  # HxWx3 RGB

SUBTITLES = ((0, 300, "first line"), (300, 200, "second line"))  # ms, ms, text
CHAPTERS = ((0, 200, "one"), (200, 480, "two"))  # ms, ms, title
_CONTENTS = dict[tuple[bytes, str], bytes]()  # of files, by pickled clip and suffix


@dataclass(frozen=True)
class Sound:
    """Audio stream of a clip: a stereo tone of 440 Hz."""

    codec: str = "aac"
    language: str | None = None
    start_s: float = 0.0
    seconds: float = 0.5
    rate: int = 48000  # Hz


@dataclass(frozen=True)
class Clip:
    """Description of a test clip; `write` makes the file."""

    frames: int = 12
    size_wh: tuple[int, int] = (64, 48)
    rate: int = 25  # frames per second
    pts: Sequence[int] | None = None  # in units of time_base; evenly spaced if None
    time_base: Fraction | None = None
    codec: str = "libx264"
    pixels: str = "yuv420p"
    options: dict[str, str] = field(default_factory=dict)
    format_options: dict[str, str] = field(default_factory=dict)
    rotation: int = 0  # degrees counter-clockwise, as `av` counts them
    mirrored: bool = False
    aspect: Fraction | None = None
    tags: tuple[int, int, int, int] | None = None  # color tags: matrix, primaries, transfer, range
    picture: Image | None = None  # of all frames; moving squares if None
    sounds: Sequence[Sound] = ()
    subtitles: Sequence[str] = ()  # codecs
    chapters: bool = False
    attachment: bool = False
    metadata: dict[str, str] = field(default_factory=dict)
    language: str | None = None
    interlaced: bool = False
    extra_video: bool = False  # a second, smaller video stream

    def write(self, path: Path) -> Path:
        """Write the clip and return its path; a process encodes equal clips once."""
        key = pickle.dumps(self), path.suffix
        if key in _CONTENTS:
            path.write_bytes(_CONTENTS[key])
        else:
            self._encode(path)
            _CONTENTS[key] = path.read_bytes()
        return path

    @unchanged_scheduling()
    def _encode(self, path: Path) -> None:
        with av.open(str(path), "w", options=dict(self.format_options)) as output:
            output.metadata.update(self.metadata)
            video = self._add_video(output)
            extra = _add_extra_video(output) if self.extra_video else None
            sounds = [_add_sound(output, sound) for sound in self.sounds]
            subtitles = [_add_subtitles(output, codec) for codec in self.subtitles]
            if self.chapters:
                output.set_chapters([_chapter(*each) for each in CHAPTERS])
            if self.attachment:
                output.add_attachment("font.ttf", "font/ttf", b"not really a font")
            for number in range(self.frames):
                output.mux(video.encode(self._frame(number, video)))
            output.mux(video.encode(None))
            if extra is not None:
                _write_extra_video(output, extra)
            for sound, stream in zip(self.sounds, sounds, strict=True):
                _encode_tone(output, stream, sound)
            for codec, stream in zip(self.subtitles, subtitles, strict=True):
                _write_subtitles(output, codec, stream)

    def times(self) -> list[Fraction]:
        """Presentation times of the frames, in seconds."""
        return [self._pts(number) * self._time_base for number in range(self.frames)]

    @property
    def _time_base(self) -> Fraction:
        return self.time_base or Fraction(1, self.rate)

    def _pts(self, number: int) -> int:
        if self.pts is not None:
            return self.pts[number]
        return round(number / (self.rate * self._time_base))

    def _add_video(self, output: Any) -> Any:
        video = output.add_stream(self.codec, rate=self.rate, options=dict(self.options))
        video.width, video.height = self.size_wh
        video.pix_fmt = self.pixels
        context = video.codec_context
        context.time_base = self._time_base
        context.thread_count = 1
        if self.aspect is not None:
            context.sample_aspect_ratio = self.aspect
        if self.rotation or self.mirrored:
            video.set_display_rotation(self.rotation, hflip=self.mirrored)
        if self.tags is not None:
            context.colorspace, context.color_primaries = self.tags[:2]
            context.color_trc, context.color_range = self.tags[2:]
        if self.interlaced:
            context.flags |= 0x00040000 | 0x20000000  # interlaced DCT and motion estimation
        if self.language is not None:
            video.metadata["language"] = self.language
        return video

    def _frame(self, number: int, video: Any) -> av.VideoFrame:
        image = squares(number, *self.size_wh) if self.picture is None else self.picture
        rgb = av.VideoFrame.from_ndarray(image, format="rgb24")
        matrix, range_ = (self.tags[0], self.tags[3]) if self.tags else (2, 0)
        frame = rgb.reformat(
            format=self.pixels,
            dst_colorspace=None if matrix == 2 else matrix,
            dst_color_range=range_ or None,
        )
        frame.pts, frame.time_base = self._pts(number), self._time_base
        if self.tags is not None:
            frame.colorspace, frame.color_range = matrix, range_
        return frame


def squares(number: int, width: int, height: int) -> Image:
    """HxWx3 RGB: a bright square that moves 2 px per frame over a dim gradient."""
    image = np.zeros((height, width, 3), np.uint8)
    image[..., 0] = np.linspace(40, 120, width).astype(np.uint8)
    image[..., 2] = np.linspace(120, 40, height).astype(np.uint8)[:, None]
    side, left = max(1, min(width, height) // 3), (2 * number) % max(1, width)
    image[side : 2 * side, left : left + side] = (240, 200, 60)
    return image


def patches(width: int, height: int) -> Image:
    """HxWx3 RGB: quarters in red, green, blue and bright gray."""
    image = np.empty((height, width, 3), np.uint8)
    middle, center = height // 2, width // 2
    image[:middle, :center], image[:middle, center:] = (200, 30, 30), (30, 180, 40)
    image[middle:, :center], image[middle:, center:] = (40, 50, 200), (235, 235, 235)
    return image


def _add_extra_video(output: Any) -> Any:
    stream = output.add_stream("libx264", rate=25)
    stream.width, stream.height, stream.pix_fmt = 32, 24, "yuv420p"
    return stream


def _write_extra_video(output: Any, stream: Any) -> None:
    frame = av.VideoFrame.from_ndarray(squares(0, 32, 24), format="rgb24")
    frame.pts, frame.time_base = 0, Fraction(1, 25)
    output.mux(stream.encode(frame))
    output.mux(stream.encode(None))


def _add_sound(output: Any, sound: Sound) -> Any:
    stream = output.add_stream(sound.codec, rate=sound.rate)
    if sound.language is not None:
        stream.metadata["language"] = sound.language
    return stream


def _encode_tone(output: Any, stream: Any, sound: Sound) -> None:
    count, start = round(sound.seconds * sound.rate), round(sound.start_s * sound.rate)
    tone = np.sin(np.arange(count) * 2 * np.pi * 440 / sound.rate).astype(np.float32) / 4
    frame = av.AudioFrame.from_ndarray(np.stack([tone, tone]), format="fltp", layout="stereo")
    frame.sample_rate, frame.pts, frame.time_base = sound.rate, start, Fraction(1, sound.rate)
    output.mux(stream.encode(frame))
    output.mux(stream.encode(None))


def _add_subtitles(output: Any, codec: str) -> Any:
    stream = output.add_stream(codec)
    stream.metadata["language"] = "eng"
    stream.codec_context.time_base = Fraction(1, 1000)
    stream.time_base = Fraction(1, 1000)
    stream.codec_context.subtitle_header = b"[Script Info]\n\n[Events]\nFormat: Text\n"
    return stream


def _write_subtitles(output: Any, codec: str, stream: Any) -> None:
    for number, (start, duration, text) in enumerate(SUBTITLES):
        data = text.encode()
        if codec == "mov_text":
            data = len(data).to_bytes(2, "big") + data
        elif codec == "ass":
            data = f"{number},0,Default,,0,0,0,,{text}".encode()
        packet = av.Packet(data)
        packet.stream = stream
        packet.pts = packet.dts = start
        packet.duration, packet.time_base = duration, Fraction(1, 1000)
        output.mux(packet)


def _chapter(start: int, end: int, title: str) -> Any:
    time_base = Fraction(1, 1000)
    return {"id": start, "start": start, "end": end, "time_base": time_base,
            "metadata": {"title": title}}  # fmt: skip


def cut_off_clip(path: Path) -> Path:
    """Write a clip of 60 frames, truncated to three fifths of its bytes."""
    Clip(frames=60, options={"g": "5", "crf": "1"}).write(path)
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * 0.6)])
    return path


def transparent(width: int, height: int) -> NDArray[np.uint8]:
    """HxWx4 RGBA: a green square in the middle, with red under fully transparent pixels around."""
    image = np.zeros((height, width, 4), np.uint8)
    image[..., 0] = 255
    image[height // 4 : 3 * height // 4, width // 4 : 3 * width // 4] = (0, 255, 0, 255)
    return image


def write_transparent(path: Path, codec: str, pixels: str, frames: int = 3) -> Path:
    """Write a clip of `transparent` pictures, 64x48, and return its path."""
    return write_rgba(path, codec, pixels, [transparent(64, 48)] * frames)


def write_rgba(path: Path, codec: str, pixels: str, pictures: Sequence[NDArray[np.uint8]]) -> Path:
    """Write a clip of pictures, HxWx4 RGBA, 10 a second, and return its path."""
    height, width, _ = pictures[0].shape
    with av.open(str(path), "w") as output:
        video: Any = output.add_stream(codec, rate=10, options={"b": "1M"})
        video.width, video.height, video.pix_fmt = width, height, pixels
        if codec.startswith("libvpx"):
            video.metadata["alpha_mode"] = "1"
        for number, picture in enumerate(pictures):
            rgba = av.VideoFrame.from_ndarray(picture, format="rgba")
            frame = rgba.reformat(format=pixels)
            frame.pts, frame.time_base = number, Fraction(1, 10)
            output.mux(video.encode(frame))
        output.mux(video.encode(None))
    return path
