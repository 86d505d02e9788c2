"""Image sequences: every picture at the time of its number, damage and gaps included."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.clips import patches, squares, transparent
from vidstyle.errors import SourceError
from vidstyle.frame import Checkpoint, Frame
from vidstyle.media.image_file import write_photo, write_result
from vidstyle.media.image_sequence import SequenceSource, find_sequence, is_sequence, pictures_in
from vidstyle.media.info import VideoInfo
from vidstyle.stats import Stats


def write(folder: Path, *names: str, size_wh: tuple[int, int] = (64, 48)) -> None:
    """Write pictures of moving squares, in this order."""
    folder.mkdir(exist_ok=True)
    for number, name in enumerate(names):
        write_photo(folder / name, squares(number, *size_wh))


def read(
    path: Path, stats: Stats | None = None, rate: Fraction | None = None, **settings: object
) -> tuple[list[Frame], VideoInfo]:
    sequence = find_sequence(path, rate)
    with SequenceSource(sequence, stats or Stats(), **settings) as source:  # type: ignore[arg-type]
        return list(source), source.info


@pytest.mark.parametrize(
    ("path", "names", "found", "slots"),
    [
        ("f%04d.png", ["f0003.png", "f0001.png", "f0002.png", "g0004.png"], "1 2 3", (0, 1, 2)),
        ("f%d.png", ["f9.png", "f10.png", "f8.png"], "8 9 10", (0, 1, 2)),
        ("f%d.png", ["f1.png", "f2.png", "f5.png"], "1 2 5", (0, 1, 4)),
        ("f%d.png", ["f10.png", "f30.png", "f20.png"], "10 20 30", (0, 1, 2)),  # every tenth
        ("f%d.png", ["f7.png"], "7", (0,)),
        ("", ["f9.png", "f10.png", "f12.png", ".f1.png", "a.txt"], "9 10 12", (0, 1, 3)),
        ("", ["b2.png", "a10.png", "a9.png"], "9 10 2", (0, 1, 2)),
        ("", ["1.png", "2.jpg", "11.png"], "1 2 11", (0, 1, 2)),
    ],
)
def test_pictures_are_found_in_the_order_of_their_numbers(
    tmp_path: Path, path: str, names: list[str], found: str, slots: tuple[int, ...]
) -> None:
    for name in names:
        (tmp_path / name).touch()
    sequence = find_sequence(tmp_path / path)
    numbers = ["".join(filter(str.isdigit, file.stem)).lstrip("0") for file in sequence.files]
    assert " ".join(numbers) == found
    assert sequence.slots == slots
    assert sequence.rate == 25


def test_gaps_are_counted(tmp_path: Path) -> None:
    for number in (1, 2, 5, 6, 8):
        (tmp_path / f"{number}.png").touch()
    sequence = find_sequence(tmp_path)
    assert sequence.missing == 3
    assert [file.name for file in sequence.gaps] == ["2.png", "6.png"]


def test_what_means_a_sequence(tmp_path: Path) -> None:
    (tmp_path / "x%d.png").touch()
    assert is_sequence(tmp_path)
    assert is_sequence(tmp_path / "f%d.png")
    assert not is_sequence(tmp_path / "x%d.png")  # a file of this name
    assert not is_sequence(tmp_path / "f%d.mp4")
    assert not is_sequence(tmp_path / "f.png")


def test_results_are_left_out_unless_all_are(tmp_path: Path) -> None:
    for name in ("f1.ink.png", "f2.ink.png"):
        write_result(tmp_path / name, squares(0, 8, 8))
    assert len(find_sequence(tmp_path).files) == 2
    write(tmp_path, "f1.png", "f2.png", "f3.png")
    assert [file.name for file in find_sequence(tmp_path).files] == ["f1.png", "f2.png", "f3.png"]


def test_pictures_are_in_natural_order(tmp_path: Path) -> None:
    for name in ("b.png", "a10.PNG", "A9.jpg", "a9b2.png", ".a.png", "a.mp4"):
        (tmp_path / name).touch()
    names = [file.name for file in pictures_in(tmp_path)]
    assert names == ["A9.jpg", "a9b2.png", "a10.PNG", "b.png"]


@pytest.mark.parametrize("path", ["", "none", "none/f%d.png", "f%d.png"])
def test_no_pictures_are_one_line(tmp_path: Path, path: str) -> None:
    with pytest.raises(SourceError) as raised:
        find_sequence(tmp_path / path)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".tif", ".bmp", ".webp"])
def test_frames_are_the_pictures(tmp_path: Path, suffix: str) -> None:
    write(tmp_path, *(f"{number}{suffix}" for number in (1, 2, 4)))
    frames, info = read(tmp_path / f"%d{suffix}", rate=Fraction(24))
    assert [(frame.pts, frame.duration) for frame in frames] == [(0, 1), (1, 2), (3, 1)]
    assert {frame.time_base for frame in frames} == {Fraction(1, 24)}
    assert (info.rate, info.frame_count) == (Fraction(24), 3)
    assert info.duration_s == pytest.approx(4 / 24)
    for number, frame in enumerate(frames):
        difference = np.abs(frame.picture.to_rgb().astype(int) - squares(number, 64, 48))
        assert np.median(difference) < 8


@pytest.mark.parametrize(
    ("start_s", "end_s", "pts"),
    [(0.0, 0.1, [0, 1, 2]), (0.08, None, [0, 1, 2]), (0.04, 0.12, [0, 1]), (0.0, None, range(5))],
)
def test_start_and_end_cut(
    tmp_path: Path, start_s: float, end_s: float | None, pts: list[int]
) -> None:
    write(tmp_path, *(f"{number}.png" for number in range(5)))
    frames, info = read(tmp_path, start_s=start_s, end_s=end_s)
    assert [frame.pts for frame in frames] == list(pts)
    assert info.expected_frames == len(frames)
    with pytest.raises(SourceError, match=r"no picture after 9 s: it is 0\.2 s long"):
        read(tmp_path, start_s=9.0)


def test_pictures_of_another_shape_lie_between_bars(tmp_path: Path) -> None:
    write(tmp_path, "1.png")
    write_photo(tmp_path / "2.png", patches(48, 48))
    stats = Stats()
    frames, _ = read(tmp_path, stats)
    assert {(frame.picture.width, frame.picture.height) for frame in frames} == {(64, 48)}
    assert stats["fitted frames"] == 1


def test_pictures_that_cannot_be_read_are_counted(tmp_path: Path) -> None:
    write(tmp_path, *(f"{number}.png" for number in range(5)))
    for number in (0, 2):
        (tmp_path / f"{number}.png").write_bytes(b"no picture")
    stats = Stats()
    frames, _ = read(tmp_path, stats)
    assert [frame.pts for frame in frames] == [1, 3, 4]
    assert stats["unreadable pictures"] == 2


def test_without_a_picture_that_can_be_read_the_first_reason_is_said(tmp_path: Path) -> None:
    for number in (1, 2):
        (tmp_path / f"{number}.png").write_bytes(b"no picture")
    with pytest.raises(SourceError, match=r"1\.png is not a picture that can be read"):
        read(tmp_path)


@pytest.mark.parametrize("keep_alpha", [True, False])
def test_transparency_is_kept_on_request(tmp_path: Path, keep_alpha: bool) -> None:
    Image.fromarray(transparent(64, 48)).save(tmp_path / "1.png")
    stats = Stats()
    (frame,), info = read(tmp_path, stats, keep_alpha=keep_alpha)
    assert info.has_alpha == keep_alpha
    assert (frame.alpha is not None) == keep_alpha
    assert stats["transparent frames"] == (0 if keep_alpha else 1)
    assert frame.picture.to_rgb()[0, 0].min() > 250  # white, not the red below


def test_photos_are_upright_and_of_the_size_asked_for(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(patches(64, 48)).save(tmp_path / "1.jpg", exif=exif)
    (frame,), info = read(tmp_path, size=lambda width, height: (width // 2, height // 4))
    assert (info.width, info.height, info.sample_aspect_ratio) == (24, 16, Fraction(1, 2))
    assert (frame.picture.width, frame.picture.height) == (24, 16)


def test_reading_goes_on_with_the_picture_of_a_checkpoint(tmp_path: Path) -> None:
    write(tmp_path, "1.png", "2.png", "4.png", "5.png")
    sequence = find_sequence(tmp_path)
    with SequenceSource(sequence, Stats(), start_s=0.03) as source:
        whole = list(source)
    with SequenceSource(sequence, Stats(), start_s=0.03) as source:
        source.start_at(Checkpoint(1, whole[1].pts, 1, {}))
        rest = list(source)
    assert [(f.pts, f.duration) for f in rest] == [(f.pts, f.duration) for f in whole[1:]]
    assert np.array_equal(rest[0].picture.y, whole[1].picture.y)
    with SequenceSource(sequence, Stats()) as source, pytest.raises(SourceError, match="changed"):
        source.start_at(Checkpoint(1, 2, 1, {}))  # in the gap
