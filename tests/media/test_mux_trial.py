"""Which packets a container takes, found out without a file."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from tests.clips import Clip, Sound
from vidstyle.media import mux_trial
from vidstyle.media.demux import read_packets
from vidstyle.media.mux_trial import FIRST_PACKETS, MUX_ERRORS, NullFile, TrialMuxer, first_packets


def test_a_null_file_has_the_places_of_a_real_one() -> None:
    """The same random writes and seeks, into both."""
    random, null, real = np.random.default_rng(0), NullFile(), io.BytesIO()
    for _ in range(300):
        whence = int(random.integers(0, 3))
        length = len(real.getvalue())
        offset = int(random.integers(0, 50)) - (25 if whence == 2 else 0)
        if whence == 2 and length + offset < 0:
            continue
        assert null.seek(offset, whence) == real.seek(offset, whence)
        content = bytes(int(random.integers(0, 40)))
        if content:
            assert null.write(content) == real.write(content)
        assert null.tell() == real.tell()
    assert null.seek(0, io.SEEK_END) == real.seek(0, io.SEEK_END)


@contextmanager
def trial(input: Any, stream: Any, suffix: str) -> Iterator[TrialMuxer]:
    with av.open(io.BytesIO(), "w", format=suffix) as output:
        muxer = TrialMuxer(output, stream)
        yield muxer
        muxer.close()
        output.add_stream_from_template(stream)  # so that closing has something to write
        output.start_encoding()


@pytest.fixture
def sound(tmp_path: Path) -> Path:
    return Clip(sounds=[Sound("aac", seconds=0.5)]).write(tmp_path / "in.mkv")


def packets(container: Any) -> list[Any]:
    return [packet for packet in read_packets(container) if packet.stream.type == "audio"]


@pytest.mark.parametrize("suffix", ["mp4", "matroska", "mov"])
def test_good_packets_are_taken(sound: Path, suffix: str) -> None:
    with av.open(str(sound)) as container:
        stream = container.streams.audio[0]
        with trial(container, stream, suffix) as muxer:
            for packet in packets(container):
                muxer.write(packet)


def test_a_time_that_goes_back_is_refused_at_once(sound: Path) -> None:
    with av.open(str(sound)) as container:
        stream = container.streams.audio[0]
        with trial(container, stream, "mp4") as muxer:
            first, second, third, *_ = packets(container)
            second.dts = second.pts = third.dts + 1000
            muxer.write(first)
            muxer.write(second)
            with pytest.raises(MUX_ERRORS):
                muxer.write(third)


def test_a_codec_that_the_container_does_not_know_is_refused(sound: Path) -> None:
    with (
        av.open(str(sound)) as container,
        av.open(io.BytesIO(), "w", format="webm") as output,
    ):
        with pytest.raises(MUX_ERRORS):
            TrialMuxer(output, container.streams.audio[0])
        output.add_stream("libvpx", rate=25).pix_fmt = "yuv420p"
        output.start_encoding()


def test_one_good_packet_is_enough(sound: Path) -> None:
    with av.open(str(sound)) as container:
        stream = container.streams.audio[0]
        with trial(container, stream, "mp4") as muxer:
            assert not muxer.accepts_any([])
            assert muxer.accepts_any(packets(container)[:2])


def test_a_muxer_is_reopened_and_goes_on(sound: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mux_trial, "REOPEN_AFTER", 5)
    with av.open(str(sound)) as container:
        stream = container.streams.audio[0]
        with trial(container, stream, "matroska") as muxer:
            for packet in packets(container)[:18]:
                muxer.write(packet)


def test_the_first_packets_of_each_stream_are_those_of_the_file(tmp_path: Path) -> None:
    clip = Clip(sounds=[Sound(), Sound(start_s=0.2)], subtitles=["srt"]).write(tmp_path / "in.mkv")
    with av.open(str(clip)) as container:
        expected: dict[int, list[bytes]] = {1: [], 2: [], 3: []}
        for packet in container.demux():
            if packet.stream.index in expected and packet.size:
                expected[packet.stream.index].append(bytes(packet))
    found = first_packets(clip, expected)
    assert found.keys() == expected.keys()
    for index, some in found.items():
        assert [bytes(packet) for packet in some] == expected[index][:FIRST_PACKETS]
    assert len(found[3]) == 2  # all the lines there are
    assert first_packets(clip, []) == {}
