"""Addresses and test patterns as live sources."""

import time
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from tests.clips import Clip, squares
from tests.codecs_left import containers_left, without_collector
from tests.live.sources.playback import NEVER, read_all
from tests.live.sources.server import nobody_listening, serving
from vidstyle.errors import SourceError
from vidstyle.live.sources.open import open_source
from vidstyle.live.sources.stream import Stream
from vidstyle.options import LiveOptions


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    return Clip(frames=6, rate=10).write(tmp_path / "in.mp4")


@pytest.fixture
def server(clip: Path) -> Iterator[str]:
    with serving(clip.parent) as address:
        yield address


def test_test_pictures_have_the_size_and_the_speed_asked_for() -> None:
    source = Stream.test_pattern(96, 64, Fraction(50))
    began = time.monotonic()
    pictures = [source.read(NEVER) for _ in range(6)]
    took_s = time.monotonic() - began
    source.close()
    assert {(p.width, p.height) for p in pictures if p} == {(96, 64)}
    assert took_s >= 0.09
    assert source.rate == 50


def test_an_address_is_a_camera_too(server: str) -> None:
    source = open_source(LiveOptions(camera=f"{server}/in.mp4"))
    assert (source.width, source.height) == (64, 48)
    assert source.rate == 10
    pictures = read_all(source)
    assert len(pictures) == 6
    shown = pictures[0].to_rgb().astype(int)
    assert np.abs(shown - squares(0, 64, 48)).mean() < 8


def test_what_has_no_length_is_lost_where_it_ends_and_can_be_opened_again(
    server: str, tmp_path: Path
) -> None:
    Clip(frames=12, rate=10).write(tmp_path / "live.ts")
    for _ in range(2):
        source = open_source(LiveOptions(camera=f"{server}/live.ts"))
        for _ in range(12):
            assert source.read(NEVER) is not None
        with pytest.raises(SourceError, match=r"live.ts has stopped\.$"):
            source.read(NEVER)
        source.close()


def test_only_the_last_of_lost_streams_is_in_memory(server: str) -> None:
    with without_collector():
        for _ in range(3):
            open_source(LiveOptions(camera=f"{server}/in.mp4")).close()
        assert containers_left() == 1


def test_damaged_packets_are_passed_over(server: str, tmp_path: Path) -> None:
    path = Clip(frames=30, codec="mjpeg", pixels="yuvj420p").write(tmp_path / "hit.mp4")
    data = bytearray(path.read_bytes())
    data[len(data) // 2 : len(data) // 2 + 300] = bytes(300)
    path.write_bytes(data)
    pictures = read_all(open_source(LiveOptions(camera=f"{server}/hit.mp4")))
    assert 25 <= len(pictures) <= 30


def test_pictures_of_another_size_are_given_as_they_are(server: str, tmp_path: Path) -> None:
    small = Clip(frames=5, codec="mjpeg", pixels="yuvj420p").write(tmp_path / "small.mjpeg")
    large = Clip(frames=5, codec="mjpeg", pixels="yuvj420p", size_wh=(96, 80))
    both = small.read_bytes() + large.write(tmp_path / "large.mjpeg").read_bytes()
    (tmp_path / "live.mjpeg").write_bytes(both)
    source = open_source(LiveOptions(camera=f"{server}/live.mjpeg"))
    pictures = [source.read(NEVER) for _ in range(10)]
    source.close()
    assert [(p.width, p.height) for p in pictures if p] == [(64, 48)] * 5 + [(96, 80)] * 5


def test_sound_alone_is_no_camera(server: str, clip: Path) -> None:
    import av

    with av.open(str(clip.parent / "only.wav"), "w") as output:
        stream = output.add_stream("pcm_s16le", rate=8000)
        samples = np.zeros((1, 800), np.int16)
        sound = av.AudioFrame.from_ndarray(samples, format="s16", layout="mono")
        sound.sample_rate = 8000
        output.mux(stream.encode(sound))
    with pytest.raises(SourceError, match="gives no video"):
        open_source(LiveOptions(camera=f"{server}/only.wav"))


def test_a_turned_stream_is_given_upright(server: str, tmp_path: Path) -> None:
    Clip(frames=3, rotation=90).write(tmp_path / "turned.mp4")
    source = Stream(f"{server}/turned.mp4")
    assert (source.width, source.height) == (48, 64)
    assert {(p.width, p.height) for p in read_all(source)} == {(48, 64)}


def test_nobody_at_the_address_is_said_in_one_line() -> None:
    with (
        nobody_listening() as address,
        pytest.raises(SourceError, match="cannot be opened: ") as raised,
    ):
        Stream(f"{address}/none.mp4")
    assert "\n" not in str(raised.value)
