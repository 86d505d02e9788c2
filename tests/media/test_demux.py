"""Opening of media files, the choice of their video, and reading on behind damage."""

import os
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import av
import pytest

from tests.clips import Clip, Sound
from vidstyle.errors import SourceError
from vidstyle.media.demux import (
    MAX_FAILED_READS,
    is_cover_art,
    leading_pts,
    open_container,
    read_packets,
    video_stream,
)

Step = int | Exception


class Toy:
    """A container whose reads give packets by number, or errors."""

    def __init__(self, steps: list[Step]) -> None:
        self._steps = steps
        self.begun = 0

    def demux(self) -> Iterator[Any]:
        self.begun += 1
        while self._steps:
            step = self._steps.pop(0)
            if isinstance(step, Exception):
                raise step
            yield packet(step)


def packet(number: int, size: int = 10) -> Any:
    return SimpleNamespace(dts=number if number >= 0 else None, size=size if number >= 0 else 0)


def damage() -> av.FFmpegError:
    return av.InvalidDataError(1094995529, "Invalid data found when processing input")


def numbers(toy: Any) -> list[int]:
    return [each.dts for each in read_packets(toy)]


def test_packets_come_in_order_and_those_that_empty_decoders_are_left_out() -> None:
    toy = Toy([0, 1, -1, 2, -1])
    assert numbers(toy) == [0, 1, 2]
    assert toy.begun == 1


def test_reading_goes_on_behind_damage() -> None:
    assert numbers(Toy([0, damage(), 1, damage(), damage(), 2])) == [0, 1, 2]


def test_so_many_failures_in_a_row_are_borne_and_one_more_is_not() -> None:
    borne = [damage() for _ in range(MAX_FAILED_READS - 1)]
    assert numbers(Toy([0, *borne, 1, *[damage() for _ in borne], 2])) == [0, 1, 2]
    toy: Any = Toy([0, *[damage() for _ in range(MAX_FAILED_READS)], 1])
    packets = read_packets(toy)
    assert next(packets).dts == 0
    with pytest.raises(av.FFmpegError):
        next(packets)


def test_packets_of_streams_that_came_late_are_counted_and_passed_over() -> None:
    late = list[None]()
    toy: Any = Toy([0, IndexError("no such stream"), IndexError("no such stream"), 1])
    found = [each.dts for each in read_packets(toy, lambda: late.append(None))]
    assert found == [0, 1]
    assert len(late) == 2


def test_the_packets_of_a_file_are_those_of_pyav(tmp_path: Path) -> None:
    clip = Clip(sounds=[Sound()]).write(tmp_path / "in.mkv")
    with av.open(str(clip)) as plain, open_container(clip) as ours:
        expected = [(p.stream.index, p.dts) for p in plain.demux() if p.size]
        assert [(p.stream.index, p.dts) for p in read_packets(ours)] == expected


def test_the_larger_of_two_videos_is_the_main_one(tmp_path: Path) -> None:
    clip = Clip(extra_video=True).write(tmp_path / "in.mkv")
    with open_container(clip) as container:
        assert len(container.streams.video) == 2
        stream = video_stream(container, clip)
        assert (stream.width, stream.height) == (64, 48)


@pytest.mark.parametrize(("cover_first", "main"), [(True, 1), (False, 0)])
def test_a_cover_is_no_video(cover_first: bool, main: int) -> None:
    attached = av.stream.Disposition.attached_pic
    streams = [
        SimpleNamespace(type="video", disposition=d, codec_context=object())
        for d in ((attached, 0) if cover_first else (0, attached))
    ]
    container: Any = SimpleNamespace(
        streams=SimpleNamespace(video=streams, best=lambda kind: streams[0])
    )
    stream: Any = video_stream(container, Path("a.mp4"))
    assert stream is streams[main]
    assert [is_cover_art(s) for s in streams] == [cover_first, not cover_first]


def test_a_codec_that_pyav_does_not_know_is_said() -> None:
    stream = SimpleNamespace(type="video", disposition=0, codec_context=None)
    streams = SimpleNamespace(video=[stream], best=lambda kind: stream)
    container: Any = SimpleNamespace(streams=streams)
    with pytest.raises(SourceError, match=r"a\.mp4 has a video whose codec"):
        video_stream(container, Path("a.mp4"))


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("folder", "is a folder, not a video file"),
        ("empty.mp4", r"is empty \(0 bytes\)"),
        ("words.mp4", "is not a video that can be opened"),
        ("none.mp4", r"There is no file .*none\.mp4\. Check the name"),
        ("list.mp4", "is a playlist, which names other files or addresses"),
        ("hls.mp4", "is a playlist, which names other files or addresses"),
        ("sdp.mp4", "is a playlist, which names other files or addresses"),
        ("in%d.png", "VIDSTYLE_FORMATS=all allows every format"),
    ],
)
def test_what_cannot_be_opened_is_said_in_one_line(tmp_path: Path, name: str, reason: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "empty.mp4").touch()
    (tmp_path / "words.mp4").write_text("no video")
    Clip(frames=2).write(tmp_path / "in.ts")
    (tmp_path / "list.mp4").write_text("ffconcat version 1.0\nfile in.ts\n")
    (tmp_path / "hls.mp4").write_text("#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:1,\nin.ts\n")
    (tmp_path / "sdp.mp4").write_text("v=0\ns=x\nc=IN IP4 127.0.0.1\nm=video 5004 RTP/AVP 96\n")
    (tmp_path / "in%d.png").write_text("a pattern of names")
    with pytest.raises(SourceError, match=reason) as raised:
        open_container(tmp_path / name)
    assert "\n" not in str(raised.value)


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_said(tmp_path: Path) -> None:
    clip = Clip(frames=1).write(tmp_path / "in.mp4")
    clip.chmod(0)
    with pytest.raises(SourceError, match="may not be read: permission denied"):
        open_container(clip)


def test_sound_alone_has_no_video(tmp_path: Path) -> None:
    with av.open(str(tmp_path / "only.wav"), "w") as output:
        output.add_stream("pcm_s16le", rate=8000)
        output.start_encoding()
    with open_container(tmp_path / "only.wav") as container, pytest.raises(SourceError) as raised:
        video_stream(container, tmp_path / "only.wav")
    assert str(raised.value).endswith("only.wav has no video in it (only audio).")


@pytest.mark.parametrize("first", [-20, -3, 0, 7])
@pytest.mark.parametrize("options", [{}, {"bf": "0"}])
def test_the_time_of_the_first_frame_is_counted_back_from_later_ones(
    tmp_path: Path, first: int, options: dict[str, str]
) -> None:
    disabled = {"avoid_negative_ts": "disabled"}
    clip = Clip(frames=30, pts=range(first, first + 30), options=options, format_options=disabled)
    path = clip.write(tmp_path / "in.mkv")
    assert leading_pts(path, 0, Fraction(40)) == 40 * first


def test_a_stream_without_times_has_no_first_one(tmp_path: Path) -> None:
    path = Clip(frames=5).write(tmp_path / "in.h264")
    assert leading_pts(path, 0, Fraction(40)) is None
