"""Decoding of a file: from its start or within, past damage, odd codecs and changes of shape."""

import re
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from tests.clips import Clip
from vidstyle.errors import SourceError
from vidstyle.frame import Picture
from vidstyle.media.source import FileSource
from vidstyle.media.video_decoder import VideoDecoder
from vidstyle.stats import Stats


def test_interlaced_frames_keep_number_and_times(tmp_path: Path) -> None:
    clip = Clip(interlaced=True, options={"x264-params": "tff=1"})
    stats = Stats()
    with FileSource(clip.write(tmp_path / "clip.mp4"), stats) as source:
        assert [frame.pts * frame.time_base for frame in source] == clip.times()
    assert stats["interlaced"] == 1


def test_a_start_behind_an_i_frame_that_refreshes_a_part_only_shows_whole_pictures(
    tmp_path: Path,
) -> None:
    refreshed = {"x264-params": "intra-refresh=1:keyint=8:min-keyint=8:bframes=0"}
    path = Clip(frames=40, size_wh=(96, 64), options=refreshed).write(tmp_path / "in.mp4")
    with FileSource(path, Stats()) as source:
        whole = {frame.time_s: frame.picture.y.astype(int) for frame in source}
    with FileSource(path, Stats(), start_s=0.8) as source:
        first = next(iter(source)).picture.y.astype(int)
    assert np.abs(first - whole[0.8]).max() == 0
    with FileSource(path, Stats()) as source:
        source.start_from(0.8, lambda frame: frame.time_s >= 0.8)
        frames = list(source)
    assert frames[0].time_s == 0.8
    for frame in frames:
        assert np.abs(frame.picture.y.astype(int) - whole[frame.time_s]).max() == 0


def test_damaged_packets_are_counted_and_passed_over(tmp_path: Path) -> None:
    path = Clip(frames=40, codec="ffv1", options={"slicecrc": "1"}).write(tmp_path / "clip.avi")
    spoil(path, start=0.5)
    stats = Stats()
    with FileSource(path, stats) as source:
        frames = list(source)
    assert stats["corrupt packets"] + stats["damaged frames"] > 0
    assert 30 <= len(frames) <= 40
    assert all(a.pts < b.pts for a, b in pairwise(frames))


def spoil(path: Path, start: float, length: int = 300) -> None:
    """Overwrite bytes in the middle of a file with noise."""
    content = bytearray(path.read_bytes())
    first = int(len(content) * start)
    noise = np.random.default_rng(1).integers(0, 256, length, np.uint8).tobytes()
    content[first : first + length] = noise
    path.write_bytes(content)


def test_frames_too_large_to_paint_are_refused(tmp_path: Path) -> None:
    clip = Clip(frames=1, size_wh=(40_000, 2), codec="ffv1").write(tmp_path / "in.mkv")
    with pytest.raises(SourceError, match=r"in\.mkv has 40000x2 px, over the limits of 32766 px"):
        FileSource(clip, Stats())


# User data of LCEVC (H.264 SEI, ITU-T T.35), which FFmpeg makes side data of a type new to PyAV.
LCEVC = b"\x06\x04\x18\xb4\x00\x50\x00" + 20 * b"\x11" + b"\x80"


@pytest.mark.parametrize(("rotation", "mirrored"), [(0, False), (90, False), (180, True)])
def test_side_data_of_a_type_that_pyav_does_not_know_is_ignored(
    tmp_path: Path, rotation: int, mirrored: bool
) -> None:
    plain = Clip(frames=3).write(tmp_path / "plain.mp4")
    turned = Clip(frames=3, rotation=rotation, mirrored=mirrored).write(tmp_path / "turned.mp4")
    with av.open(plain) as source, av.open(tmp_path / "lcevc.mp4", "w") as output:
        stream: Any = output.add_stream_from_template(source.streams.video[0])
        stream.set_display_rotation(rotation, hflip=mirrored)
        for packet in source.demux(video=0):
            if packet.dts is not None:
                enhanced = av.Packet(len(LCEVC).to_bytes(4, "big") + LCEVC + bytes(packet))
                enhanced.pts, enhanced.dts = packet.pts, packet.dts
                enhanced.time_base, enhanced.stream = packet.time_base, stream
                output.mux(enhanced)
    with av.open(tmp_path / "lcevc.mp4") as container:
        listed: Any = next(container.decode(video=0)).side_data
        kinds = {each.type.name for each in listed}
    assert any(kind.startswith("UNKNOWN") for kind in kinds)
    expected, found = (pictures(file) for file in (turned, tmp_path / "lcevc.mp4"))
    assert len(found) == 3
    for wanted, shown in zip(expected, found, strict=True):
        np.testing.assert_array_equal(wanted.y, shown.y)


def pictures(file: Path) -> list[Picture]:
    with FileSource(file, Stats()) as source:
        return [frame.picture for frame in source]


def write_mpeg4(path: Path, packed: bool) -> Path:
    """Write an AVI of MPEG-4 with a B-frame between two others, alone or packed with the next.

    A packed B-frame leaves a chunk that is not coded. Decoders recognize the form by the name of
    the encoder.
    """
    encoder: Any = av.CodecContext.create("mpeg4", "w")
    encoder.width, encoder.height, encoder.pix_fmt = 64, 48, "yuv420p"
    encoder.time_base, encoder.framerate = Fraction(1, 25), 25
    encoder.max_b_frames, encoder.thread_count, encoder.options = 1, 1, {"b_strategy": "0"}
    packets = list[Any]()
    for number in range(15):
        gray = np.full((72, 64), 20 + 12 * number, np.uint8)
        frame = av.VideoFrame.from_ndarray(gray, format="yuv420p")
        frame.pts, frame.time_base = number, Fraction(1, 25)
        packets += encoder.encode(frame)
    packets += encoder.encode(None)
    chunks = list[bytes]()
    for packet, before in zip(packets, [None, *packets], strict=False):
        if packed and before is not None and packet.pts < before.pts:
            chunks[-1] += bytes(packet)
            chunks.append(b"\x00\x00\x01\xb6\x51\x00\x00")
        else:
            chunks.append(bytes(packet))
    chunks[0] = re.sub(rb"Lavc\d\d\.\d\d\.\d{3}", b"DivX503b1393p", chunks[0])
    with av.open(path, "w") as output:
        stream: Any = output.add_stream("mpeg4", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for number, chunk in enumerate(chunks):
            written = av.Packet(chunk)
            written.stream, written.time_base = stream, Fraction(1, 25)
            written.pts = written.dts = number
            output.mux(written)
    return path


def test_packed_b_frames_have_the_times_of_unpacked_ones(tmp_path: Path) -> None:
    shown = list[list[tuple[float, int]]]()
    for packed in (False, True):
        stats = Stats()
        path = write_mpeg4(tmp_path / f"{packed}.avi", packed)
        with av.open(path) as container:
            guessed = [frame.pts or 0 for frame in container.decode(video=0)]
        assert (guessed != sorted(guessed)) is packed
        with FileSource(path, stats) as source:
            shown.append([(f.time_s, round(float(f.picture.y.mean()))) for f in source])
        assert stats["repeated times"] == 0
    assert len(shown[0]) == 15
    assert shown[1] == shown[0]
    assert [b[0] - a[0] for a, b in pairwise(shown[0])] == pytest.approx([1 / 25] * 14)


@pytest.mark.parametrize("interlaced", [False, True])
@pytest.mark.parametrize(
    ("codec", "parts"),
    [
        ("libx264", [{}, {"size_wh": (96, 48)}, {}]),
        ("mpeg2video", [{"aspect": Fraction(1)}, {"aspect": Fraction(4, 3)}]),
    ],
)
def test_a_picture_that_changes_its_shape_is_not_stretched(
    tmp_path: Path, codec: str, parts: list[dict[str, Any]], interlaced: bool
) -> None:
    """As television does between two programs: by its size, or by that of its pixels."""
    files = [
        Clip(
            frames=25,
            picture=np.full((48, part.get("size_wh", (64, 48))[0], 3), 255, np.uint8),
            codec=codec,
            interlaced=interlaced,
            **part,
        ).write(tmp_path / f"{number}.ts")
        for number, part in enumerate(parts)
    ]
    path = tmp_path / "in.ts"
    path.write_bytes(b"".join(file.read_bytes() for file in files))
    stats = Stats()
    with FileSource(path, stats) as source:
        frames = [frame.picture for frame in source]
    assert len(frames) == 25 * len(parts)
    assert {(picture.width, picture.height) for picture in frames} == {(64, 48)}
    assert 25 <= stats["fitted frames"] <= 26
    assert bool(stats["interlaced"]) is interlaced
    for number, picture in enumerate(frames):
        bars = 25 <= number < 50
        if number not in (24, 49):  # decoded when the new shape is known already
            assert bool(picture.y[1].max() < 30) is bars
            assert picture.y[12:36].min() > 200


def test_a_decoder_goes_on_before_the_time_it_is_sent_to(tmp_path: Path) -> None:
    clip = Clip(frames=30, options={"g": "10", "bf": "0"}).write(tmp_path / "clip.mp4")
    decoder = VideoDecoder(clip, 1, pytest.fail)
    try:
        units = [round(n / 25 / decoder.time_base) for n in range(30)]
        for time_s, first in ((0.9, 20), (None, 0), (0.5, 10)):
            decoder.seek(time_s)
            assert decoder.was_sought is (time_s is not None)
            assert [frame.pts for frame in decoder.frames()] == units[first:]
            assert decoder.can_enter
        decoder.reopen(0.9, Fraction(1))
        assert [frame.pts for frame in decoder.frames()] == units[20:]
        assert decoder.packets_end_s == pytest.approx(1.2)
    finally:
        decoder.close()
