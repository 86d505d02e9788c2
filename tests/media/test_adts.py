"""AAC parameters from the headers of its packets."""

from pathlib import Path

import av
import pytest

from tests.clips import Clip, Sound
from vidstyle.media.adts import audio_specific_config


@pytest.mark.parametrize("rate", [16000, 44100, 48000])
def test_the_parameters_are_those_of_mp4(tmp_path: Path, rate: int) -> None:
    for suffix in (".ts", ".mp4"):
        Clip(sounds=[Sound(rate=rate)]).write(tmp_path / f"a{suffix}")
    with av.open(str(tmp_path / "a.mp4")) as container:
        extradata = container.streams.audio[0].codec_context.extradata or b""
    with av.open(str(tmp_path / "a.ts")) as container:
        packet = next(p for p in container.demux(audio=0) if p.size)
        assert audio_specific_config(bytes(packet)) == extradata[:2]


@pytest.mark.parametrize("packet", [b"", b"\xff\xf1", b"\x21\x10\x04\x60\x8c\x1c\x21"])
def test_packets_without_a_header_have_none(packet: bytes) -> None:
    assert audio_specific_config(packet) is None
