"""Frames into files: sizes, colors, lengths, and nothing left behind."""

import errno
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from tests.clips import Clip, Sound
from tests.look import look
from tests.processes import file_size_limit
from vidstyle.errors import SinkError
from vidstyle.frame import Frame
from vidstyle.media.codecs import choose_encoder
from vidstyle.media.info import VideoInfo
from vidstyle.media.sink import FileSink
from vidstyle.media.source import FileSource
from vidstyle.stats import Stats


def source_of(path: Path) -> tuple[VideoInfo, list[Frame]]:
    with FileSource(path, Stats()) as source:
        return source.info, list(source)


def write(path: Path, info: VideoInfo, frames: list[Frame], codec: str | None = None) -> list[str]:
    encoder = choose_encoder(path, codec, None, None)
    with FileSink(path, info, encoder, Stats()) as sink:
        for frame in frames:
            sink.write(frame)
        assert sink.finish() == path.stat().st_size
    return sink.warnings


@pytest.mark.parametrize(
    ("codec", "suffix"),
    [
        ("libx264", ".mp4"),
        ("libx265", ".mp4"),
        ("libvpx-vp9", ".webm"),
        ("libsvtav1", ".mkv"),
        ("ffv1", ".mkv"),
        ("prores_ks", ".mov"),
    ],
)
def test_every_encoder_keeps_number_and_times(tmp_path: Path, codec: str, suffix: str) -> None:
    clip = Clip(pts=[0, 2, 3, 7, 8, 9, 13, 20, 21, 22, 23, 30])
    info, frames = source_of(clip.write(tmp_path / "in.mp4"))
    write(tmp_path / f"out{suffix}", info, frames, codec)
    assert look(tmp_path / f"out{suffix}").times == clip.times()


@pytest.mark.parametrize("count", [1, 2, 3, 4])
@pytest.mark.parametrize("codec", ["libx264", "libx265", "libsvtav1"])
def test_the_shortest_films_are_written_too(tmp_path: Path, codec: str, count: int) -> None:
    """x265 gave random decoding times to films of one or two frames."""
    clip = Clip(frames=count, pts=[0, 3, 4, 9][:count])
    info, frames = source_of(clip.write(tmp_path / "in.mkv"))
    for number in range(3):
        output = tmp_path / f"out{number}.mp4"
        write(output, info, frames, codec)
        assert look(output).times == clip.times()


def test_uneven_frames_do_not_make_the_file_longer(tmp_path: Path) -> None:
    clip = Clip(pts=[0, 1, 3, 4, 8, 9, 20, 21, 22, 30, 31, 47], options={"bf": "0"})
    info, frames = source_of(clip.write(tmp_path / "in.mp4"))
    write(tmp_path / "out.mkv", info, frames)
    assert look(tmp_path / "out.mkv").duration_s == pytest.approx(48 / 25, abs=0.002)


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".mov"])
def test_the_last_frame_is_inside_the_length_the_file_states(tmp_path: Path, suffix: str) -> None:
    pts = [0, 10, 33, 41, 80, 95, 200, 210, 225, 300, 310, 440]
    clip = Clip(pts=pts, time_base=Fraction(1, 1000), options={"bf": "0"})
    info, frames = source_of(clip.write(tmp_path / "in.mkv"))
    write(tmp_path / f"out{suffix}", info, frames)
    assert look(tmp_path / f"out{suffix}").duration_s == pytest.approx(0.48, abs=0.002)


def test_odd_sizes_lose_one_row_and_column_and_say_so(tmp_path: Path) -> None:
    info, frames = source_of(Clip(size_wh=(33, 21), codec="ffv1").write(tmp_path / "in.mkv"))
    warnings = write(tmp_path / "out.mp4", info, frames)
    assert look(tmp_path / "out.mp4").size_wh == (32, 20)
    assert warnings == ["33x21 became 32x20: libx264 wants even sizes"]


@pytest.mark.parametrize(("codec", "suffix"), [("ffv1", ".mkv"), ("libvpx-vp9", ".webm")])
def test_odd_sizes_are_kept_where_the_encoder_takes_them(
    tmp_path: Path, codec: str, suffix: str
) -> None:
    info, frames = source_of(Clip(size_wh=(33, 21), codec="ffv1").write(tmp_path / "in.mkv"))
    assert write(tmp_path / f"out{suffix}", info, frames, codec) == []
    assert look(tmp_path / f"out{suffix}").size_wh == (33, 21)


def test_a_single_pixel_becomes_the_least_that_can_be_encoded(tmp_path: Path) -> None:
    info, frames = source_of(Clip(size_wh=(1, 1), codec="ffv1").write(tmp_path / "in.mkv"))
    write(tmp_path / "out.mp4", info, frames)
    found = look(tmp_path / "out.mp4")
    assert found.size_wh == (2, 2)
    assert len(found.times) == 12


def test_the_aspect_of_pixels_is_kept(tmp_path: Path) -> None:
    info, frames = source_of(Clip(aspect=Fraction(64, 45)).write(tmp_path / "in.mp4"))
    write(tmp_path / "out.mp4", info, frames)
    assert look(tmp_path / "out.mp4").aspect == Fraction(64, 45)


@pytest.mark.parametrize("aspect", [Fraction(4, 3), Fraction(3, 4)])
def test_pixels_become_square_where_their_aspect_would_be_lost(
    tmp_path: Path, aspect: Fraction
) -> None:
    info, frames = source_of(Clip(aspect=aspect).write(tmp_path / "in.mp4"))
    (warning,) = write(tmp_path / "out.webm", info, frames)
    found = look(tmp_path / "out.webm")
    size = found.size_wh
    assert size == ((85, 48) if aspect > 1 else (64, 64))
    assert found.aspect == 1
    assert warning.startswith(f"64x48 became {size[0]}x{size[1]}: libvpx-vp9 in webm has square")


def test_a_block_left_by_an_error_leaves_no_file(tmp_path: Path) -> None:
    info, frames = source_of(Clip(sounds=[Sound()]).write(tmp_path / "in.mp4"))
    output = tmp_path / "out" / "out.mp4"
    output.parent.mkdir()
    with (
        pytest.raises(RuntimeError),
        FileSink(output, info, choose_encoder(output, None, None, None), Stats()) as sink,
    ):
        sink.write(frames[0])
        raise RuntimeError
    assert list(output.parent.iterdir()) == []


def test_an_existing_file_survives_a_failed_run(tmp_path: Path) -> None:
    info, frames = source_of(Clip().write(tmp_path / "in.mp4"))
    output = tmp_path / "out.mp4"
    output.write_text("precious")
    with (
        pytest.raises(RuntimeError),
        FileSink(output, info, choose_encoder(output, None, None, None), Stats()) as sink,
    ):
        sink.write(frames[0])
        raise RuntimeError
    assert output.read_text() == "precious"


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_a_full_disk_is_reported_and_leaves_no_file(tmp_path: Path, suffix: str) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (48, 64, 3), np.uint8)
    info, frames = source_of(Clip(frames=60, picture=noise).write(tmp_path / "in.mp4"))
    output = tmp_path / "out" / f"out{suffix}"
    output.parent.mkdir()
    with file_size_limit(4096), pytest.raises(SinkError, match=r"Cannot write .*File too large"):
        write(output, info, frames)
    assert list(output.parent.iterdir()) == []


def test_a_missing_folder_is_reported(tmp_path: Path) -> None:
    info, frames = source_of(Clip(frames=1).write(tmp_path / "in.mp4"))
    with pytest.raises(SinkError, match="No such file or directory"):
        write(tmp_path / "nowhere" / "out.mp4", info, frames)


def test_a_colon_in_the_name_is_no_protocol(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    info, frames = source_of(Clip(frames=2).write(tmp_path / "in.mp4"))
    monkeypatch.chdir(tmp_path)
    write(Path("take: two.mp4"), replace(info, path=tmp_path / "in.mp4"), frames)
    assert len(look(tmp_path / "take: two.mp4").times) == 2


@pytest.mark.parametrize(
    ("codec", "size_wh"), [("libx264", (17000, 16)), ("libvpx", (16, 17000)), ("libx265", (2, 2))]
)
def test_a_size_that_the_encoder_refuses_is_said(
    tmp_path: Path, codec: str, size_wh: tuple[int, int]
) -> None:
    clip = Clip(frames=1, size_wh=size_wh, codec="ffv1").write(tmp_path / "in.mkv")
    info, frames = source_of(clip)
    width, height = size_wh
    with pytest.raises(SinkError, match=rf"{codec} cannot encode {width}x{height} px") as raised:
        write(tmp_path / "out.mkv", info, frames, codec)
    assert raised.value.cures == ({"resize": True}, {"codec": ...})
    assert [file.name for file in tmp_path.iterdir()] == ["in.mkv"]


def test_a_container_that_refuses_the_encoder_s_stream_is_a_sink_error(tmp_path: Path) -> None:
    class Refused(FileSink):
        def _add_video(self, output: av.container.OutputContainer) -> av.VideoStream:
            raise av.FFmpegError(errno.ENOMEM, "Cannot allocate memory")

    info, _ = source_of(Clip(frames=2).write(tmp_path / "in.mp4"))
    path = tmp_path / "out.mp4"
    with pytest.raises(SinkError, match=r"Cannot write .*out\.mp4: Cannot allocate memory"):
        Refused(path, info, choose_encoder(path, None, None, None), Stats())
    assert [file.name for file in tmp_path.iterdir()] == ["in.mp4"]
