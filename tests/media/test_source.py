"""Files as streams of upright frames."""

import math
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from tests.clips import Clip, Sound, patches, squares
from vidstyle.errors import SourceError
from vidstyle.frame import BT601, BT709, Checkpoint, Frame
from vidstyle.media.source import FileSource
from vidstyle.stats import Stats

UNEVEN = [0, 1, 3, 4, 8, 9, 20, 21, 22, 30, 31, 47]
COLORFUL = patches(64, 48)


def read(path: Path, **options: Any) -> list[Frame]:
    with FileSource(path, Stats(), **options) as source:
        return list(source)


def times(frames: list[Frame]) -> list[Fraction]:
    return [frame.pts * frame.time_base for frame in frames]


def corners(image: NDArray[np.uint8]) -> NDArray[np.int64]:
    """The colors in the middle of the four quarters, as a 2x2x3 array."""
    height, width = image.shape[:2]
    rows, columns = [height // 4, 3 * height // 4], [width // 4, 3 * width // 4]
    return image[np.ix_(rows, columns)].astype(np.int64)


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".mov"])
def test_uneven_times_are_the_files_own(tmp_path: Path, suffix: str) -> None:
    clip = Clip(pts=UNEVEN, time_base=Fraction(1, 25), options={"bf": "2"})
    assert times(read(clip.write(tmp_path / f"clip{suffix}"))) == clip.times()


def test_a_late_first_frame_stays_late(tmp_path: Path) -> None:
    clip = Clip(
        pts=[1001 * n for n in range(3, 15)],
        time_base=Fraction(1, 30000),
        format_options={"movie_timescale": "30000"},
    )
    assert times(read(clip.write(tmp_path / "clip.mp4")))[0] == Fraction(1001, 10000)


def test_a_transport_stream_starts_near_zero(tmp_path: Path) -> None:
    path = Clip(format_options={"muxdelay": "1.4"}).write(tmp_path / "clip.ts")
    frames = read(path)
    assert len(frames) == 12
    assert frames[0].time_s < 0.2


@pytest.mark.parametrize("degrees", [0, 90, 180, 270])
@pytest.mark.parametrize("mirrored", [False, True])
def test_frames_are_upright(tmp_path: Path, degrees: int, mirrored: bool) -> None:
    clip = Clip(frames=1, picture=COLORFUL, rotation=degrees, mirrored=mirrored)
    picture = read(clip.write(tmp_path / "clip.mov"))[0].picture
    # `set_display_rotation` turns counter-clockwise and then mirrors.
    expected = np.rot90(COLORFUL, degrees // 90)
    expected = expected[:, ::-1] if mirrored else expected
    assert (picture.width, picture.height) == (expected.shape[1], expected.shape[0])
    assert np.abs(corners(picture.to_rgb()) - corners(expected)).max() < 12


def test_turning_inverts_the_aspect_of_pixels(tmp_path: Path) -> None:
    path = Clip(rotation=90, aspect=Fraction(4, 3)).write(tmp_path / "clip.mp4")
    with FileSource(path, Stats()) as source:
        assert source.info.sample_aspect_ratio == Fraction(3, 4)
        assert (source.info.width, source.info.height) == (48, 64)


@pytest.mark.parametrize(
    ("codec", "pixels"),
    [
        ("ffv1", "yuv420p10le"),
        ("ffv1", "yuv444p"),
        ("ffv1", "yuv422p"),
        ("ffv1", "gray"),
        ("ffv1", "gray10le"),
        ("ffv1", "bgr0"),
        ("ffv1", "yuva420p"),
        ("prores_ks", "yuv422p10le"),
    ],
)
def test_every_pixel_format_becomes_the_same_picture(
    tmp_path: Path, codec: str, pixels: str
) -> None:
    path = Clip(frames=2, codec=codec, pixels=pixels, picture=COLORFUL).write(tmp_path / "c.mkv")
    expected = COLORFUL
    if "gray" in pixels:
        light = COLORFUL @ np.array([0.299, 0.587, 0.114])
        expected = np.repeat(light[..., None], 3, axis=2).astype(np.uint8)
    image = read(path)[0].picture.to_rgb()
    assert np.abs(corners(image) - corners(expected)).max() <= 6


@pytest.mark.parametrize(("size_wh", "matrix"), [((64, 48), BT601), ((1280, 720), BT709)])
def test_untagged_colors_are_read_by_size(
    tmp_path: Path, size_wh: tuple[int, int], matrix: int
) -> None:
    path = Clip(frames=1, size_wh=size_wh).write(tmp_path / "clip.mp4")
    assert read(path)[0].picture.color.matrix == matrix


@pytest.mark.parametrize("size_wh", [(1, 1), (3, 1), (2, 2), (33, 21)])
def test_tiny_and_odd_sizes_are_read(tmp_path: Path, size_wh: tuple[int, int]) -> None:
    path = Clip(frames=3, size_wh=size_wh, codec="ffv1").write(tmp_path / "clip.mkv")
    frames = read(path)
    assert len(frames) == 3
    assert (frames[0].picture.width, frames[0].picture.height) == size_wh


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".ts"])
def test_start_and_end_cut_to_the_frame(tmp_path: Path, suffix: str) -> None:
    clip = Clip(frames=30, options={"g": "10", "bf": "2"})
    frames = read(clip.write(tmp_path / f"clip{suffix}"), start_s=0.46, end_s=0.9)
    assert times(frames) == [Fraction(n, 25) for n in range(11)]  # 0.48 to 0.88
    middle = squares(12, 64, 48)[16:32, 24:40]
    seen = frames[0].picture.to_rgb()[16:32, 24:40]
    assert np.abs(seen.astype(int) - middle).mean() < 12


def test_a_start_is_found_behind_the_only_i_frame_of_a_transport_stream(tmp_path: Path) -> None:
    path = Clip(frames=30, options={"g": "300"}).write(tmp_path / "clip.ts")
    assert len(read(path, start_s=0.5)) == 17  # of 30 at 25 a second


def test_a_start_behind_the_end_is_refused(tmp_path: Path) -> None:
    path = Clip().write(tmp_path / "clip.mp4")
    with pytest.raises(SourceError, match=r"no frame after 99 s: it is 0\.5 s long"):
        read(path, start_s=99)


def test_expected_frames_are_right(tmp_path: Path) -> None:
    path = Clip(frames=25).write(tmp_path / "clip.mp4")
    with FileSource(path, Stats()) as source:
        assert source.info.expected_frames == 25
    with FileSource(path, Stats(), start_s=0.2, end_s=0.6) as source:
        assert source.info.expected_frames == len(list(source)) == 10


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_a_missing_end_is_noticed(tmp_path: Path, suffix: str) -> None:
    options = {"movflags": "faststart"} if suffix == ".mp4" else {}
    clip = Clip(frames=60, options={"g": "5", "crf": "1"}, format_options=options)
    path = clip.write(tmp_path / f"clip{suffix}")
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * 0.6)])
    with FileSource(path, Stats()) as source:
        count = len(list(source))
        assert 10 < count < 55
        assert source.lost_s == pytest.approx(2.4 - count / 25, abs=0.2)


def test_a_whole_file_has_lost_nothing(tmp_path: Path) -> None:
    path = Clip(sounds=[Sound(seconds=0.3)]).write(tmp_path / "clip.mp4")
    with FileSource(path, Stats()) as source:
        assert len(list(source)) == 12
        assert source.lost_s == 0


def test_what_is_no_video_is_refused_with_a_reason(tmp_path: Path) -> None:
    (tmp_path / "text.mp4").write_text("hello")
    (tmp_path / "empty.mp4").touch()
    (tmp_path / "words.srt").write_text("1\n00:00:00,000 --> 00:00:01,000\nhi\n")
    write_song(tmp_path / "song.mp3")
    for name, reason in {
        "missing.mp4": "There is no file",
        "text.mp4": "not a video that can be opened",
        "empty.mp4": r"empty \(0 bytes\)",
        "words.srt": r"has no video in it \(only subtitle\)",
        "song.mp3": r"has no video in it \(only audio, cover picture\)",
        ".": "is a folder",
    }.items():
        with pytest.raises(SourceError, match=reason):
            read(tmp_path / name)


def test_a_colon_in_a_name_is_no_protocol(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Clip(frames=2).write(tmp_path / "clip.mp4").rename(tmp_path / "file:clip.mp4")
    monkeypatch.chdir(tmp_path)
    assert len(read(Path("file:clip.mp4"))) == 2


def write_song(path: Path) -> None:
    """An MP3 with a cover picture."""
    with av.open(str(path), "w") as output:
        sound = output.add_stream("libmp3lame", rate=48000)
        cover = output.add_stream("png", rate=1)
        cover.width = cover.height = 16
        cover.pix_fmt = "rgb24"
        cover.disposition = av.stream.Disposition.attached_pic
        output.mux(cover.encode(av.VideoFrame.from_ndarray(patches(16, 16))))
        tone = av.AudioFrame.from_ndarray(np.zeros((2, 4800), np.float32), "fltp", "stereo")
        tone.sample_rate, tone.pts = 48000, 0
        output.mux(sound.encode(tone))
        output.mux(sound.encode(None))


@pytest.mark.parametrize("codec", ["libx264", "libvpx"])
@pytest.mark.parametrize("first", [-1, -20])
def test_frames_before_zero_are_kept_and_the_first_is_zero(
    tmp_path: Path, codec: str, first: int
) -> None:
    options = {"avoid_negative_ts": "disabled"}
    clip = Clip(frames=25, pts=range(first, first + 25), codec=codec, format_options=options)
    with FileSource(clip.write(tmp_path / "in.mkv"), Stats()) as source:
        times = [frame.time_s for frame in source]
    assert times == pytest.approx([n / 25 for n in range(25)], abs=0.0011)


def test_the_start_counts_from_the_beginning_of_a_file_that_begins_before_zero(
    tmp_path: Path,
) -> None:
    options = {"avoid_negative_ts": "disabled"}
    sounds = [Sound(start_s=-0.8, seconds=1.0)]
    clip = Clip(frames=25, pts=range(-20, 5), format_options=options, sounds=sounds)
    with FileSource(clip.write(tmp_path / "in.mkv"), Stats(), start_s=0.2, end_s=0.6) as source:
        frames = list(source)
    expected = [squares(number, 64, 48) for number in range(5, 15)]
    assert len(frames) == 10
    for frame, wanted in zip(frames, expected, strict=True):
        assert np.abs(frame.picture.to_rgb().astype(int) - wanted).mean() < 8


def test_a_clock_that_begins_days_later_is_set_to_zero(tmp_path: Path) -> None:
    """As in fragments of a live stream, whose clock is that of the world."""
    pts = [25 * 1_700_000_000 + number for number in range(5)]
    clip = Clip(frames=5, pts=pts, codec="libvpx").write(tmp_path / "in.webm")
    with FileSource(clip, Stats()) as source:
        assert [frame.time_s for frame in source] == pytest.approx([n / 25 for n in range(5)])


RESUMED = {
    "b.mp4": Clip(frames=30, options={"bf": "3", "g": "7", "sc_threshold": "0"}),
    "open.mkv": Clip(frames=30, options={"bf": "3", "g": "7", "x264-params": "open-gop=1"}),
    "uneven.mp4": Clip(pts=UNEVEN, time_base=Fraction(1, 25), options={"bf": "2", "g": "3"}),
    "turned.mov": Clip(frames=30, rotation=90, options={"g": "7"}),
    "stream.ts": Clip(frames=30, options={"g": "7"}),
    "late.ts": Clip(frames=30, options={"g": "7"}, format_options={"muxdelay": "1.4"}),
    "packed.avi": Clip(frames=30, codec="mpeg4", options={"bf": "2", "g": "7"}),
    "fields.mp4": Clip(frames=30, interlaced=True, options={"g": "7"}),
    "one-key.mp4": Clip(frames=30, options={"g": "99"}),
}


@pytest.mark.parametrize(
    ("name", "options"),
    [
        *((name, {}) for name in RESUMED),
        ("open.mkv", {"start_s": 0.15}),
        ("late.ts", {"start_s": 0.15}),
        ("uneven.mp4", {"rate": Fraction(30)}),
        ("packed.avi", {"rate": Fraction(30)}),
    ],
)
def test_reading_goes_on_with_the_very_frame_of_a_checkpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, options: dict[str, Any]
) -> None:
    monkeypatch.setattr("vidstyle.media.source.RESUME_BACK_S", (0.2, math.inf))
    path = RESUMED[name].write(tmp_path / name)
    whole = read(path, **options)
    for index in (1, len(whole) // 2, len(whole) - 1):
        stats = Stats()
        with FileSource(path, stats, **options) as source:
            source.start_at(checkpoint_of(whole[index]))
            rest = list(source)
        assert [(f.pts, f.duration) for f in rest] == [(f.pts, f.duration) for f in whole[index:]]
        for frame, same in zip(rest, whole[index:], strict=True):
            planes = zip(frame.picture.planes, same.picture.planes, strict=True)
            assert all(np.array_equal(plane, other) for plane, other in planes)


def checkpoint_of(frame: Frame, **counts: int) -> Checkpoint:
    return Checkpoint(1, frame.pts, 1, counts, frame.time_s)


def test_a_checkpoint_is_sought_where_times_are_regular(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened, reopen = list[bool](), FileSource._reopen

    def noted(source: FileSource, time_s: float) -> None:
        reopen(source, time_s)
        opened.append(source._decoder.was_sought)

    monkeypatch.setattr(FileSource, "_reopen", noted)
    path = Clip(frames=60, options={"g": "7"}).write(tmp_path / "a.mp4")
    frame = read(path)[50]
    for counts, sought in (({}, [True]), ({"clock restarts": 1}, [False])):
        opened.clear()
        with FileSource(path, Stats()) as source:
            source.start_at(checkpoint_of(frame, **counts))
            assert next(iter(source)).pts == frame.pts
        assert opened == sought


def test_what_is_read_again_is_not_counted_again(tmp_path: Path) -> None:
    path = Clip(frames=30, options={"g": "7"}).write(tmp_path / "a.mp4")
    content = bytearray(path.read_bytes())
    place = len(content) // 3
    content[place : place + 300] = bytes(300)
    path.write_bytes(content)
    whole, stats = Stats(), Stats()
    with FileSource(path, whole) as source:
        frames = list(source)
    with FileSource(path, stats) as source:
        source.start_at(checkpoint_of(frames[-2]))
        assert [frame.pts for frame in source] == [frame.pts for frame in frames[-2:]]
    names = ("corrupt packets", "damaged frames")
    assert sum(whole[name] for name in names) > 0
    assert [stats[name] for name in names] == [0, 0]


def test_a_file_that_has_changed_is_an_error(tmp_path: Path) -> None:
    path = Clip(frames=30).write(tmp_path / "a.mp4")
    with FileSource(path, Stats()) as source:
        source.start_at(Checkpoint(1, 10**9, 1, {}, time_s=0.6))
        with pytest.raises(SourceError, match=r"has changed: it has no frame at 0\.6 s"):
            next(iter(source))
