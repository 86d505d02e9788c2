"""H.264 of a viewer comes and goes without delay; damaged and hostile packets end nothing."""

from collections.abc import Callable

import numpy as np
import pytest

from tests.live.scene import panned
from tests.textures import noise_image
from vidstyle.frame import ColorSpace, Picture
from vidstyle.server import limits
from vidstyle.server.frame_codec import KeyframeNeeded
from vidstyle.server.problems import Problem
from vidstyle.server.video_codec import BITS_PER_PIXEL, H264Codec, has_h264, is_keyframe

START = b"\0\0\0\1"
SPS, PPS, IDR, DELTA = b"\x67\x42", b"\x68\xce", b"\x65\x88", b"\x61\xe0"

pytestmark = pytest.mark.skipif(not has_h264(), reason="FFmpeg lacks libx264")


def stream(count: int, width: int = 256, height: int = 160) -> list[bytes]:
    """Packets of a stream, as a browser sends them."""
    encoder = H264Codec(30.0)
    return [encoder.encode(panned(number, width, height)) for number in range(count)]


def packet(*units: bytes) -> bytes:
    return b"".join(START + unit for unit in units)


def off(one: Picture, other: Picture) -> float:
    """Mean difference in levels."""
    return float(np.abs(one.to_rgb().astype(int) - other.to_rgb()).mean())


def test_each_packet_gives_its_own_frame_at_once() -> None:
    codec = H264Codec(30.0)
    for number, content in enumerate(stream(5)):
        assert is_keyframe(content) == (number == 0)
        assert off(codec.decode(content), panned(number)) < 6


@pytest.mark.parametrize("color", [ColorSpace(1), ColorSpace(5), ColorSpace(1, full_range=True)])
def test_colors_become_those_of_hd_video(color: ColorSpace) -> None:
    picture = Picture.from_rgb(np.full((48, 64, 3), (200, 60, 30), np.uint8), color)
    decoded = H264Codec(30.0).decode(H264Codec(30.0).encode(picture))
    assert decoded.color == ColorSpace()
    assert off(decoded, picture) < 4


@pytest.mark.parametrize("size_wh", [(64, 48), (65, 49), (2, 2), (3, 400)])
def test_paintings_of_all_sizes_are_encoded(size_wh: tuple[int, int]) -> None:
    width, height = size_wh
    picture = Picture.from_rgb(np.full((height, width, 3), 128, np.uint8))
    decoded = H264Codec(30.0).decode(H264Codec(30.0).encode(picture))
    assert (decoded.width, decoded.height) == (picture.width & ~1, picture.height & ~1)


def test_keyframes_come_on_request_and_with_another_size() -> None:
    codec = H264Codec(30.0)
    assert is_keyframe(codec.encode(panned(0)))
    assert not is_keyframe(codec.encode(panned(1)))
    codec.request_keyframe()
    assert is_keyframe(codec.encode(panned(2)))
    assert not is_keyframe(codec.encode(panned(3)))
    assert is_keyframe(codec.encode(panned(4, 128, 96)))


def test_frames_of_another_size_are_decoded() -> None:
    codec = H264Codec(30.0)
    for content, width in ((stream(1)[0], 256), (stream(1, 128, 96)[0], 128)):
        assert codec.decode(content).width == width


@pytest.mark.parametrize(
    "broken",
    [
        lambda content: b"",
        lambda content: b"no video",
        lambda content: content[:30],
        lambda content: content[: len(content) // 2],
        lambda content: content[:20] + bytes(len(content) - 20),
        lambda content: content[::-1],
        lambda content: content + content,
    ],
)
def test_after_a_broken_packet_a_keyframe_is_needed(broken: Callable[[bytes], bytes]) -> None:
    codec = H264Codec(30.0)
    first, second, third = stream(3)
    codec.decode(first)
    with pytest.raises(KeyframeNeeded):
        codec.decode(broken(second))
    with pytest.raises(KeyframeNeeded):
        codec.decode(third)
    assert off(codec.decode(first), panned(0)) < 6
    assert off(codec.decode(second), panned(1)) < 6


def test_a_stream_begins_with_a_keyframe() -> None:
    with pytest.raises(KeyframeNeeded):
        H264Codec(30.0).decode(stream(2)[1])


def test_huge_frames_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    content = stream(1)[0]
    monkeypatch.setattr(limits, "LIVE_PIXELS", 256 * 160 - 1)
    with pytest.raises(Problem) as caught:
        H264Codec(30.0).decode(content)
    assert caught.value.status == 413
    monkeypatch.setattr(limits, "LIVE_PIXELS", 256 * 160 // 2 - 1)  # not even decoded
    with pytest.raises(KeyframeNeeded):
        H264Codec(30.0).decode(content)


@pytest.mark.parametrize(
    "content",
    [
        packet(IDR, IDR),  # two frames
        packet(DELTA, DELTA),
        packet(SPS, PPS),  # none
        packet(b"\x62\xe0", DELTA),  # data partitions
        packet(b"\x67\x6e", PPS, IDR),  # High 10
        packet(b"\x67\xf4", PPS, IDR),  # High 4:4:4
        packet(DELTA, *[b"\x61\x40"] * limits.LIVE_NAL_UNITS),
        START,
    ],
)
def test_packets_with_more_than_a_frame_are_refused_undecoded(content: bytes) -> None:
    with pytest.raises(KeyframeNeeded):
        is_keyframe(content)


def test_slices_of_one_frame_are_allowed() -> None:
    assert is_keyframe(packet(SPS, PPS, IDR, b"\x65\x40"))
    assert not is_keyframe(packet(b"\x09\xf0", DELTA, b"\x61\x40"))
    assert not is_keyframe(packet(IDR))  # without its parameters


def test_the_data_rate_is_bounded() -> None:
    codec, count = H264Codec(30.0), 45
    noise = (Picture.from_rgb(noise_image(48, 64, seed)) for seed in range(count))
    bits = 8 * sum(len(codec.encode(picture)) for picture in noise)
    assert bits < 1.2 * BITS_PER_PIXEL * 48 * 64 * (count + 15)  # and a buffer of half a second
