"""Streams to a pipe: complete, in order, and without a seek."""

import io
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any, BinaryIO, cast

import av
import numpy as np
import pytest

from tests.clips import Clip, Sound, patches
from vidstyle.errors import SinkError
from vidstyle.media.codecs import STREAM_FORMATS, choose_encoder
from vidstyle.media.source import FileSource
from vidstyle.media.stream_sink import StreamSink
from vidstyle.stats import Stats


class Pipe:
    """Unbuffered pipe that takes a few bytes at once, up to a limit."""

    def __init__(self, limit: float = float("inf")) -> None:
        self.content = bytearray()
        self._limit = limit

    def write(self, content: Any) -> int:
        if len(self.content) > self._limit:
            raise BrokenPipeError(32, "Broken pipe")
        part = bytes(content)[:1000]
        self.content += part
        return len(part)


def write(
    pipe: Pipe,
    clip: Path,
    stream_format: str,
    rate: Fraction | None = None,
    pix_fmt: str | None = None,
) -> list[str]:
    container = STREAM_FORMATS[stream_format]
    encoder = choose_encoder(Path("-"), None, None, None, container, pix_fmt=pix_fmt)
    with FileSource(clip, Stats(), deep=encoder.is_deep) as source:
        like = source.info if rate is None else replace(source.info, rate=rate)
        file = cast(BinaryIO, pipe)
        with StreamSink(file, stream_format, like, encoder, Stats()) as sink:
            for frame in source:
                sink.write(frame)
            assert sink.finish() == len(pipe.content)
    return sink.warnings


def packets(content: bytes, kind: str) -> list[float]:
    """Times of the packets of a kind, in seconds."""
    with av.open(io.BytesIO(content), "r") as container:
        found: list[Any] = [p for p in container.demux() if p.size and p.stream.type == kind]
        return sorted(float(packet.pts * packet.time_base) for packet in found)


@pytest.mark.parametrize("suffix", [".mp4", ".ts"])
@pytest.mark.parametrize("stream_format", ["mkv", "mpegts"])
def test_pictures_and_sound_arrive_in_step(tmp_path: Path, stream_format: str, suffix: str) -> None:
    clip, pipe = Clip(sounds=[Sound()]).write(tmp_path / f"in{suffix}"), Pipe()
    assert write(pipe, clip, stream_format) == []
    original = clip.read_bytes()
    for kind in ("video", "audio"):
        sent, wanted = packets(bytes(pipe.content), kind), packets(original, kind)
        assert len(sent) == len(wanted)
        shift = packets(bytes(pipe.content), "video")[0] - packets(original, "video")[0]
        assert [time - shift for time in sent] == pytest.approx(wanted, abs=0.002)


def test_raw_video_tells_its_rate_and_leaves_out_sound(tmp_path: Path) -> None:
    clip, pipe = Clip(sounds=[Sound()]).write(tmp_path / "in.mp4"), Pipe()
    (note,) = write(pipe, clip, "y4m")
    assert note.startswith("left out: audio stream 1 (aac)")
    assert pipe.content.startswith(b"YUV4MPEG2 W64 H48 F25:1 ")
    assert pipe.content.count(b"FRAME\n") == 12


@pytest.mark.parametrize(
    ("pix_fmt", "share"), [(None, 1.5), ("rgb24", 3), ("bgra", 4), ("gray", 1), ("yuv420p10le", 3)]
)
@pytest.mark.parametrize("tags", [(1, 1, 1, 1), (5, 5, 6, 2)], ids=["bt709", "bt601 full"])
def test_raw_frames_are_bare_pixels(
    tmp_path: Path, pix_fmt: str | None, share: float, tags: tuple[int, int, int, int]
) -> None:
    pixels = "yuvj420p" if tags[3] == 2 else "yuv420p"
    clip = Clip(picture=patches(64, 48), tags=tags, pixels=pixels, sounds=[Sound()])
    pipe = Pipe()
    silent, command = write(pipe, clip.write(tmp_path / "in.mp4"), "raw", pix_fmt=pix_fmt)
    assert silent == "no sound in raw video"
    name = pix_fmt or "yuv420p"
    assert command == f"for FFmpeg: -f rawvideo -pix_fmt {name} -s 64x48 -r 25"
    assert len(pipe.content) == 12 * 64 * 48 * share
    if pix_fmt == "rgb24":
        frames = np.frombuffer(pipe.content, np.uint8).reshape(12, 48, 64, 3)
        place = np.ix_([12, 36], [16, 48])
        wanted = patches(64, 48)[place].astype(int)
        assert all(np.abs(frame[place] - wanted).max() < 12 for frame in frames)


def test_raw_video_of_other_pixels_is_refused() -> None:
    with pytest.raises(SinkError, match=r"^raw has no foo\. It has yuv420p, "):
        choose_encoder(Path("-"), None, None, None, "rawvideo", pix_fmt="foo")
    with pytest.raises(SinkError, match="y4m holds raw video, which has no pix_fmt"):
        choose_encoder(Path("-"), None, None, None, "yuv4mpegpipe", pix_fmt="rgb24")


def test_raw_video_has_a_constant_rate(tmp_path: Path) -> None:
    clip, pipe = Clip(frames=5, pts=[0, 1, 4, 5, 6]).write(tmp_path / "in.mp4"), Pipe()
    (note,) = write(pipe, clip, "y4m", Fraction(25))
    assert note == "a constant rate of 25 fps: 2 frames repeated, 0 left out"
    assert pipe.content.count(b"FRAME\n") == 7
    dense = Clip(frames=6, pts=[0, 1, 2, 3, 4, 5], time_base=Fraction(1, 50))
    pipe = Pipe()
    (note,) = write(pipe, dense.write(tmp_path / "dense.mkv"), "y4m", Fraction(25))
    assert note == "a constant rate of 25 fps: 0 frames repeated, 3 left out"
    assert pipe.content.count(b"FRAME\n") == 3


def test_a_reader_that_ends_is_one_line(tmp_path: Path) -> None:
    clip = Clip().write(tmp_path / "in.mp4")
    with pytest.raises(SinkError, match=r"^Cannot write standard output: Broken pipe\. What was"):
        write(Pipe(limit=2000), clip, "y4m")
