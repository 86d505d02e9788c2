"""Picture sequences: one file a frame, all at once or none, and nothing of others is lost."""

import os
from collections.abc import Iterator
from errno import EPERM
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from tests.clips import Clip, Sound, write_transparent
from tests.processes import file_size_limit
from vidstyle.errors import SinkError
from vidstyle.media.atomic import partial_path
from vidstyle.media.image_file import open_photo
from vidstyle.media.numbered_names import NumberedNames
from vidstyle.media.picture_sink import PictureSink, delete_stale_pictures
from vidstyle.media.result_mark import is_marked
from vidstyle.media.source import FileSource
from vidstyle.stats import Stats


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    return Clip(frames=3, options={"crf": "4"}).write(tmp_path / "in.mp4")


@pytest.fixture
def source(clip: Path) -> Iterator[FileSource]:
    with FileSource(clip, Stats()) as opened:
        yield opened


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def write(source: FileSource, path: Path, **settings: object) -> list[str]:
    """Write all frames of a source; return the warnings."""
    with PictureSink(path, source.info, Stats(), **settings) as sink:  # type: ignore[arg-type]
        for frame in source:
            sink.write(frame)
        size = sink.finish()
    prefix = path.name.partition("%")[0]
    files = path.parent.glob(f"{prefix}*{path.suffix}")
    assert size == sum(file.stat().st_size for file in files if is_marked(file))
    return sink.warnings


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".tif"])
def test_every_frame_becomes_a_picture(tmp_path: Path, clip: Path, suffix: str) -> None:
    with FileSource(clip, Stats()) as source:
        assert write(source, tmp_path / f"f%03d{suffix}") == ["25 pictures a second"]
    assert names(tmp_path) == [f"f00{number}{suffix}" for number in (1, 2, 3)] + ["in.mp4"]
    with FileSource(clip, Stats()) as source:
        for number, frame in enumerate(source, start=1):
            file = tmp_path / f"f00{number}{suffix}"
            difference = np.abs(open_photo(file).image.astype(int) - frame.picture.to_rgb())
            assert difference.mean() < 3
            assert is_marked(file)


def test_uneven_times_are_said(tmp_path: Path) -> None:
    clip = Clip(frames=3, pts=[0, 1, 9], sounds=[Sound()]).write(tmp_path / "in.mkv")
    with FileSource(clip, Stats()) as source:
        silent, uneven = write(source, tmp_path / "%d.png")
    assert silent == "no sound in .png"
    assert uneven.endswith("pictures a second on the mean; their times were uneven")


def test_pixels_become_square(tmp_path: Path) -> None:
    clip = Clip(frames=1, aspect=Fraction(1, 2)).write(tmp_path / "in.mp4")
    with FileSource(clip, Stats()) as source:
        write(source, tmp_path / "%d.png")
    assert open_photo(tmp_path / "1.png").image.shape == (96, 64, 3)


def test_transparency_is_kept(tmp_path: Path) -> None:
    clip = write_transparent(tmp_path / "in.mkv", "ffv1", "bgra", frames=1)
    with FileSource(clip, Stats(), keep_alpha=True) as source:
        write(source, tmp_path / "%d.png")
    alpha = open_photo(tmp_path / "1.png").alpha
    assert alpha is not None and (alpha[0, 0], alpha[24, 32]) == (0, 255)


def test_quality_is_that_of_jpeg(tmp_path: Path, clip: Path) -> None:
    for quality in (20, 95):
        with FileSource(clip, Stats()) as source:
            write(source, tmp_path / f"{quality}_%d.jpg", jpeg_quality=quality)
    assert (tmp_path / "20_1.jpg").stat().st_size < (tmp_path / "95_1.jpg").stat().st_size


def test_an_unfinished_sequence_leaves_no_file(tmp_path: Path, source: FileSource) -> None:
    with PictureSink(tmp_path / "%d.png", source.info, Stats()) as sink:
        sink.write(next(iter(source)))
        assert len(names(tmp_path)) == 2
    assert names(tmp_path) == ["in.mp4"]


def test_a_full_disk_leaves_no_file(tmp_path: Path, source: FileSource) -> None:
    message = r"^Cannot write .*%d\.png: File too large\. Nothing was left behind\.$"
    with pytest.raises(SinkError, match=message), file_size_limit(100):
        write(source, tmp_path / "%d.png")
    assert names(tmp_path) == ["in.mp4"]


def test_a_missing_folder_is_one_line(tmp_path: Path, source: FileSource) -> None:
    with pytest.raises(SinkError, match=r"none/%d\.png: No such file") as raised:
        write(source, tmp_path / "none" / "%d.png")
    assert "\n" not in str(raised.value)


def test_a_lost_picture_is_found(tmp_path: Path, source: FileSource) -> None:
    with PictureSink(tmp_path / "%d.png", source.info, Stats()) as sink:
        for frame in source:
            sink.write(frame)
        (lost,) = tmp_path.glob(".*/2.png")
        lost.write_bytes(b"")
        with pytest.raises(SinkError, match=r"The pictures have .* bytes instead of"):
            sink.finish()
    assert names(tmp_path) == ["in.mp4"]


def test_a_name_that_was_taken_meanwhile_stays(tmp_path: Path, source: FileSource) -> None:
    (tmp_path / "f-2").mkdir()
    with PictureSink(tmp_path / "f_%d.png", source.info, Stats(), replace=False) as sink:
        for frame in source:
            sink.write(frame)
        (tmp_path / "f_2.png").write_text("precious")
        with pytest.raises(SinkError, match=r"f_2\.png came into being .* are in .*f-3\.$"):
            sink.finish()
    assert (tmp_path / "f_2.png").read_text() == "precious"
    assert names(tmp_path / "f-3") == ["f_1.png", "f_2.png", "f_3.png"]
    assert names(tmp_path) == ["f-2", "f-3", "f_2.png", "in.mp4"]


def test_a_folder_of_a_name_costs_no_picture_old_or_new(tmp_path: Path, source: FileSource) -> None:
    (tmp_path / "f_1.png").write_text("old")
    (tmp_path / "f_2.png").mkdir()
    with pytest.raises(SinkError, match=r"f_2\.png is a folder and was not .* are in .*f-2\.$"):
        write(source, tmp_path / "f_%d.png")
    assert (tmp_path / "f_1.png").read_text() == "old"
    assert names(tmp_path / "f-2") == ["f_1.png", "f_2.png", "f_3.png"]
    assert names(tmp_path) == ["f-2", "f_1.png", "f_2.png", "in.mp4"]


def fail_to_name(monkeypatch: pytest.MonkeyPatch, ending: str, error: BaseException) -> None:
    replace = os.replace

    def replace_or_fail(old: Path, new: Path) -> None:
        if str(new).endswith(ending):
            raise error
        replace(old, new)

    monkeypatch.setattr(os, "replace", replace_or_fail)


def test_a_picture_that_cannot_be_replaced_costs_no_other(
    tmp_path: Path, source: FileSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    fail_to_name(monkeypatch, "f2.png", OSError(EPERM, "Operation not permitted"))
    message = r"f2\.png: Operation not .*\. 1 of 3 pictures have their names, the .* in .*f-2\.$"
    with pytest.raises(SinkError, match=message) as raised:
        write(source, tmp_path / "f%d.png")
    assert "\n" not in str(raised.value)
    assert names(tmp_path / "f-2") == ["f2.png", "f3.png"]
    assert names(tmp_path) == ["f-2", "f1.png", "in.mp4"]


def test_an_interruption_between_two_names_costs_no_picture(
    tmp_path: Path,
    source: FileSource,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    fail_to_name(monkeypatch, "f3.png", KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        write(source, tmp_path / "f%d.png")
    assert names(tmp_path / "f-2") == ["f3.png"]
    assert names(tmp_path) == ["f-2", "f1.png", "f2.png", "in.mp4"]
    assert "2 of 3 pictures have their names" in caplog.text


def test_pictures_are_kept_even_if_their_folder_gets_no_name(
    tmp_path: Path, source: FileSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> Path:
        raise OSError(EPERM, "Operation not permitted")

    (tmp_path / "f2.png").mkdir()
    monkeypatch.setattr(Path, "rename", refuse)
    with pytest.raises(SinkError, match=r"are in .*\.partial\.png\.$"):
        write(source, tmp_path / "f%d.png")
    (hidden,) = tmp_path.glob(".*")
    assert names(hidden) == ["f1.png", "f2.png", "f3.png"]


def test_pictures_of_a_longer_run_stay_and_are_said(tmp_path: Path, source: FileSource) -> None:
    for number in (2, 4, 7):
        (tmp_path / f"f{number}.png").write_text("old")
    assert (
        write(source, tmp_path / "f%d.png")[-1] == "f4.png to f7.png were there before and stayed"
    )
    assert (tmp_path / "f7.png").read_text() == "old"
    assert (tmp_path / "f2.png").read_bytes() != b"old"


def test_what_a_killed_run_left_is_deleted_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "f%d.png"
    pictures = NumberedNames.parse(path)
    assert pictures is not None
    mine, with_notes = partial_path(path), partial_path(path)
    for folder in (mine, with_notes):
        folder.mkdir()
        (folder / "f1.png").touch()
    (with_notes / "notes.txt").touch()
    (tmp_path / "f1.png").touch()
    delete_stale_pictures(pictures, path)
    assert names(tmp_path) == sorted([with_notes.name, "f1.png"])
    assert names(with_notes) == ["notes.txt"]
