"""Sound encoded anew: what it says, when, and for how many channels."""

from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from tests.clips import Clip, Sound
from tests.look import look
from vidstyle.errors import SinkError
from vidstyle.media.codecs import check_audio, choose_encoder
from vidstyle.media.demux import read_packets
from vidstyle.media.sink import FileSink
from vidstyle.media.source import FileSource
from vidstyle.media.stream_copy import StreamCopier
from vidstyle.media.track_converter import AudioConverter, audio_target, decodes_any
from vidstyle.stats import Stats

RATE, HZ = 48_000, 440
LAG_S = 0.002  # of a tone against its own time


def convert(
    path: Path, output: Path, audio: str = "copy", start_s: float = 0.0, end_s: float | None = None
) -> list[str]:
    encoder, copier = choose_encoder(output, None, None, None), partial(StreamCopier, audio=audio)
    with (
        FileSource(path, Stats(), start_s=start_s, end_s=end_s) as source,
        FileSink(output, source.info, encoder, Stats(), side_streams=copier) as sink,
    ):
        for frame in source:
            sink.write(frame)
        sink.finish()
    return sink.warnings


def heard(path: Path) -> NDArray[np.float64]:
    """The first channel of a file's sound from time 0, at `RATE`."""
    samples = np.zeros(4 * RATE)
    with av.open(path) as container:
        resampler = av.AudioResampler(format="fltp", layout="mono", rate=RATE)
        for frame in container.decode(audio=0):
            for part in resampler.resample(frame):
                assert part.pts is not None and part.time_base is not None
                first = round(part.pts * part.time_base * RATE)
                piece = part.to_ndarray()[0][max(0, -first) :]
                samples[max(0, first) : max(0, first) + len(piece)] = piece
    return samples


def envelope(samples: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Whether there is sound, for each 10 ms."""
    loud: NDArray[np.bool_] = np.abs(samples).reshape(-1, RATE // 100).max(axis=1) > 0.05
    return loud


def lag_s(samples: NDArray[np.float64], start_s: float, seconds: float) -> float:
    """How much later than at its time the tone of `Sound` is heard."""
    first = round(max(0.0, start_s + 0.05) * RATE)
    last = round((start_s + seconds - 0.05) * RATE)
    times = np.arange(first, last) / RATE - start_s
    wave = np.exp(-2j * np.pi * HZ * times)
    phase = np.angle(np.sum(samples[first:last] * wave * 1j))
    return float(-phase / (2 * np.pi * HZ))


@pytest.mark.parametrize(
    ("codec", "suffix", "to", "became"),
    [
        ("pcm_alaw", "mov", "mkv", "aac"),
        ("adpcm_ms", "avi", "mp4", "aac"),
        ("aac", "mkv", "webm", "opus"),
        ("libopus", "mkv", "mov", "aac"),
    ],
)
def test_sound_that_the_container_refuses_is_encoded_in_time_and_said(
    tmp_path: Path, codec: str, suffix: str, to: str, became: str
) -> None:
    start_s = 0.0 if suffix == "avi" else 0.3  # which begins at once
    clip = Clip(frames=25, codec="mpeg4", sounds=[Sound(codec, "ger", start_s, 0.5)])
    warnings = convert(clip.write(tmp_path / f"in.{suffix}"), tmp_path / f"out.{to}")
    (track,) = look(tmp_path / f"out.{to}").sounds
    assert track.codec == became
    (warning,) = warnings
    name = {"mkv": "matroska"}.get(to, to)
    assert warning.endswith(f") became {became}: {name} cannot hold it")
    assert suffix == "avi" or track.language == "ger"
    samples = heard(tmp_path / f"out.{to}")
    assert abs(lag_s(samples, start_s, 0.5)) < LAG_S
    assert 48 <= envelope(samples).sum() <= 56


@pytest.mark.parametrize("to", ["mkv", "webm"])
def test_a_cut_is_exact_to_the_sample(tmp_path: Path, to: str) -> None:
    sound = Sound("pcm_alaw", start_s=0.2, seconds=0.6)
    path = Clip(frames=25, sounds=[sound]).write(tmp_path / "in.mov")
    convert(path, tmp_path / f"out.{to}", start_s=0.4, end_s=0.6)
    samples = heard(tmp_path / f"out.{to}")
    assert abs(lag_s(samples, -0.2, 0.4)) < LAG_S
    assert 19 <= envelope(samples).sum() <= 27  # 0.2 s, up to the end of a packet


def test_a_gap_becomes_silence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sound = Sound("pcm_alaw", seconds=1.0)
    path = Clip(frames=25, sounds=[sound]).write(tmp_path / "in.mov")

    def with_gap(container: Any, *more: Any) -> Iterator[Any]:
        for packet in read_packets(container, *more):
            if packet.stream.type == "video" or not 0.3 <= packet.pts * packet.time_base < 0.6:
                yield packet

    monkeypatch.setattr("vidstyle.media.stream_copy.read_packets", with_gap)
    convert(path, tmp_path / "out.mkv")
    samples = heard(tmp_path / "out.mkv")
    sounding = envelope(samples)
    assert sounding[5:25].all()
    assert not sounding[36:54].any()
    assert sounding[66:95].all()
    assert abs(lag_s(samples, 0.0, 0.3)) < LAG_S


@pytest.mark.parametrize(("audio", "found"), [("aac", "aac"), ("opus", "opus"), ("none", None)])
def test_all_sound_is_encoded_or_left_out_on_request(
    tmp_path: Path, audio: str, found: str | None
) -> None:
    path = Clip(sounds=[Sound("ac3"), Sound("libmp3lame")], subtitles=["srt"]).write(
        tmp_path / "in.mkv"
    )
    assert convert(path, tmp_path / "out.mkv", audio) == []
    content = look(tmp_path / "out.mkv")
    assert [track.codec for track in content.sounds] == ([found] * 2 if found else [])
    assert len(content.subtitles) == 1


@pytest.mark.parametrize(
    ("container", "codec", "cure"), [("mov", "opus", "aac"), ("webm", "aac", "opus")]
)
def test_a_codec_that_the_container_refuses_is_said_before_the_work(
    container: str, codec: str, cure: str
) -> None:
    with pytest.raises(SinkError, match=f"{container} cannot hold {codec} sound") as raised:
        check_audio(container, codec)
    assert raised.value.cures == ({"audio": cure},)
    check_audio(container, cure)
    check_audio("matroska", codec)


@pytest.mark.parametrize("codec", ["aac", "opus"])
@pytest.mark.parametrize(
    ("layout", "channels"),
    [("mono", 1), ("stereo", 2), ("5.1", 6), ("5.1(side)", 6), ("7.1", 8), ("22.2", 2)],
)
def test_channels_are_kept_where_the_encoder_knows_them(
    tmp_path: Path, codec: str, layout: str, channels: int
) -> None:
    source: Any = av.CodecContext.create("pcm_s16le", "r")
    source.sample_rate, source.layout, source.format = 44_100, layout, "s16"
    with av.open(tmp_path / "out.mkv", "w") as output:
        target = audio_target(output, codec, source)
        assert target is not None
        assert target.codec_context.layout.nb_channels == channels
        assert target.codec_context.sample_rate == (44_100 if codec == "aac" else 48_000)
        output.start_encoding()
        converter = AudioConverter(ToyDecoder([frame(0, 4096, layout=layout)]), target, TICK)
        assert [*converter.convert(None), *converter.flush()]


TICK = Fraction(1, 1000)


def frame(pts: int | None, samples: int, rate: int = 48_000, layout: str = "stereo") -> Any:
    channels = av.AudioLayout(layout).nb_channels
    made = av.AudioFrame.from_ndarray(
        np.full((1, samples * channels), 8000, np.int16), format="s16", layout=layout
    )
    made.sample_rate, made.pts = rate, pts
    return made


class ToyDecoder:
    """A decoder that has these frames ready for the first packet."""

    def __init__(self, frames: list[Any]) -> None:
        self._frames = frames

    def decode(self, packet: Any) -> list[Any]:
        frames, self._frames = self._frames, []
        return frames


def end_of(tmp_path: Path, frames: list[Any]) -> int:
    """The sample at which frames that were converted to AAC end, at 48 kHz."""
    with av.open(tmp_path / "out.mkv", "w") as output:
        like: Any = av.CodecContext.create("pcm_s16le", "r")
        like.sample_rate, like.layout, like.format = 48_000, "stereo", "s16"
        target = audio_target(output, "aac", like)
        assert target is not None
        output.start_encoding()
        converter = AudioConverter(ToyDecoder(frames), target, TICK)
        packets: list[Any] = [*converter.convert(None), *converter.flush()]
        last = packets[-1]
        end: int = round((last.pts + last.duration) * last.time_base * 48_000)
        return end


@pytest.mark.parametrize(
    "frames",
    [
        lambda: [frame(0, 4800), frame(None, 4800), frame(None, 4800)],  # one pts in a packet
        lambda: [frame(0, 4800), frame(200, 4800)],  # a gap
        lambda: [frame(0, 9600), frame(200, 4410, rate=44_100)],  # another rate
        lambda: [frame(0, 9600), frame(200, 4800, layout="mono")],  # and number of channels
        lambda: [frame(-100, 9600), frame(100, 9600)],  # before the start
        lambda: [frame(0, 14400), frame(150, 7200)],  # twice the same
    ],
)
def test_the_length_is_that_of_the_times(tmp_path: Path, frames: Callable[[], list[Any]]) -> None:
    assert end_of(tmp_path, frames()) == pytest.approx(14_400, abs=1100)


def test_garbage_is_no_sound(tmp_path: Path) -> None:
    path = Clip(sounds=[Sound("ac3")]).write(tmp_path / "in.mkv")
    with av.open(path) as container:
        stream = container.streams.audio[0]
        good = [packet for packet in container.demux(stream) if packet.size][:3]
        decoder: Any = stream.codec_context
        assert decodes_any(decoder, good)
        assert not decodes_any(decoder, [av.Packet(bytes(200))] * 3)
        assert decodes_any(decoder, [av.Packet(bytes(200)), *good])
        assert not decodes_any(decoder, [])


def write_amr(tmp_path: Path) -> Path:
    """A video with the speech codec of telephones: half a second of noise, in blocks of 20 ms."""
    draw = np.random.default_rng(3)
    blocks = [b"\x3c" + draw.bytes(31) for _ in range(25)]  # 12.2 kbit/s
    (tmp_path / "sound.amr").write_bytes(b"#!AMR\n" + b"".join(blocks))
    video = Clip(codec="mpeg4").write(tmp_path / "video.mov")
    path = tmp_path / "in.mov"
    with (
        av.open(video) as pictures,
        av.open(tmp_path / "sound.amr") as speech,
        av.open(path, "w") as output,
    ):
        inputs: list[Any] = [pictures.streams.video[0], speech.streams.audio[0]]
        targets = [output.add_stream_from_template(stream) for stream in inputs]
        for stream, target in zip(inputs, targets, strict=True):
            for packet in stream.container.demux(stream):
                if packet.dts is not None:
                    packet.stream = target
                    output.mux(packet)
    return path


@pytest.mark.parametrize(
    ("to", "blocks", "codec"),
    [("mov", 1, "amr_nb"), ("mov", 2, "aac"), ("mp4", 1, "aac"), ("mkv", 2, "aac")],
)
def test_speech_of_telephones_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, to: str, blocks: int, codec: str
) -> None:
    """MOV takes single blocks only, as it finds out when a packet is written."""

    def in_blocks(container: Any, *more: Any) -> Iterator[Any]:
        for packet in read_packets(container, *more):
            if packet.stream.type == "audio" and blocks > 1:
                joined = av.Packet(blocks * bytes(packet))
                joined.stream, joined.time_base = packet.stream, packet.time_base
                joined.pts, joined.dts = blocks * packet.pts, blocks * packet.dts
                joined.duration = blocks * packet.duration
                yield joined
            else:
                yield packet

    path = write_amr(tmp_path)
    for module in ("mux_trial", "stream_copy"):
        monkeypatch.setattr(f"vidstyle.media.{module}.read_packets", in_blocks)
    warnings = convert(path, tmp_path / f"out.{to}")
    (track,) = look(tmp_path / f"out.{to}").sounds
    assert track.codec == codec
    assert len(warnings) == (codec == "aac")
    assert envelope(heard(tmp_path / f"out.{to}")).sum() >= 40 * blocks  # of 50; noise has pauses
