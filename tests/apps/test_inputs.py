"""What callers may hand in: paths, file objects, arrays, PIL images."""

import io
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.clips import patches
from tests.processes import file_size_limit
from vidstyle.apps.inputs import input_path, read_image, result_stem, video_file
from vidstyle.errors import SourceError
from vidstyle.media.image_file import write_photo

PHOTO = patches(20, 16)


class Folderish(os.PathLike[str]):
    def __fspath__(self) -> str:
        return "some/a.mp4"


@pytest.mark.parametrize(
    ("input", "path"),
    [
        ("a.mp4", Path("a.mp4")),
        (Path("a.mp4"), Path("a.mp4")),
        (Folderish(), Path("some/a.mp4")),
        (io.BytesIO(), None),
        (PHOTO, None),
        (7, None),
    ],
)
def test_only_paths_and_strings_are_paths(input: object, path: Path | None) -> None:
    assert input_path(input) == path


@pytest.mark.parametrize("address", ["https://a.org/b.mp4", "rtsp://cam/1", "FTP://x/y.png"])
def test_an_address_is_told_from_a_missing_file(address: str) -> None:
    with pytest.raises(SourceError, match=rf"^{address} is an address, not a file\. Download it"):
        input_path(address)
    with pytest.raises(SourceError, match=rf"^{address} is an address"):
        input_path(Path(address))
    assert input_path("c:/film.mp4") == Path("c:/film.mp4")


def test_a_photo_is_read_from_a_path_and_from_memory(tmp_path: Path) -> None:
    write_photo(tmp_path / "a.png", PHOTO)
    memory = io.BytesIO((tmp_path / "a.png").read_bytes())
    for input in (tmp_path / "a.png", str(tmp_path / "a.png"), memory):
        np.testing.assert_array_equal(read_image(input).array, PHOTO)


def test_an_array_is_passed_on_as_it_is() -> None:
    assert read_image(PHOTO).array is PHOTO


def test_a_video_s_path_is_passed_on_and_nothing_is_copied(tmp_path: Path) -> None:
    with video_file(str(tmp_path / "none.mp4")) as path:
        assert path == tmp_path / "none.mp4"
    assert not any(tmp_path.iterdir())


def test_what_is_left_in_a_file_object_is_copied_and_deleted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    (tmp_path / "film.mkv").write_bytes(b"skipped" + bytes(range(256)) * 1000)
    with (tmp_path / "film.mkv").open("rb") as file:
        file.seek(7)
        with video_file(file) as path:
            assert isinstance(path, Path)
            assert path.name == "film.mkv"
            assert path.parent.parent == tmp_path / "temporary"
            assert path.read_bytes() == bytes(range(256)) * 1000
    assert not any((tmp_path / "temporary").iterdir())


def test_the_copy_is_deleted_after_an_error_too() -> None:
    with pytest.raises(ZeroDivisionError), video_file(io.BytesIO(b"film")) as path:
        assert isinstance(path, Path)
        assert path.name == "input"
        raise ZeroDivisionError
    assert isinstance(path, Path)
    assert not path.exists()


@pytest.mark.parametrize("name", [7, "", None])
def test_file_objects_without_a_name_have_a_plain_one(name: object) -> None:
    class Named(io.BytesIO):
        pass

    file: Any = Named(b"no picture")
    file.name = name
    with pytest.raises(SourceError, match=r"^input is not a picture"):
        read_image(file)


@pytest.mark.parametrize("input", [io.StringIO("text"), 7, None, [1, 2]])
def test_other_things_are_refused_in_one_line(input: Any) -> None:
    for read in (read_image, lambda given: video_file(given).__enter__()):
        with pytest.raises(TypeError) as raised:
            read(input)
        assert "\n" not in str(raised.value)


def test_an_empty_name_is_not_the_current_folder() -> None:
    with pytest.raises(SourceError, match="The input's name is empty"):
        input_path("")


def test_a_photo_is_read_from_standard_input(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_photo(tmp_path / "a.png", PHOTO)
    content = io.BytesIO((tmp_path / "a.png").read_bytes())
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(content))
    np.testing.assert_array_equal(read_image("-").array, PHOTO)


def test_a_terminal_is_no_input(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = io.TextIOWrapper(io.BytesIO())
    monkeypatch.setattr(terminal, "isatty", lambda: True)
    monkeypatch.setattr(sys, "stdin", terminal)
    for read in (read_image, lambda given: video_file(given).__enter__()):
        with pytest.raises(SourceError, match=r"^Standard input is the terminal\. Pipe a file"):
            read("-")


def test_a_copy_that_does_not_fit_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    with (
        file_size_limit(100),
        pytest.raises(SourceError, match=r"^Cannot copy the input to .*: File too large"),
        video_file(io.BytesIO(bytes(1000))),
    ):
        raise AssertionError


@pytest.mark.parametrize(
    ("path", "stem"),
    [
        ("film.v1.mp4", "film.v1"),
        ("-", "stdin"),
        ("shot.v1", "shot.v1"),
        ("shot.v1/f_%04d.png", "f"),
        ("shot.v1/%04d.png", "shot.v1"),
        ("shot.v1/f%d.mp4", "f%d"),
    ],
)
def test_results_are_named_after_their_inputs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str, stem: str
) -> None:
    (tmp_path / "shot.v1").mkdir()
    monkeypatch.chdir(tmp_path)
    assert result_stem(Path(path)) == stem


def test_the_current_folder_has_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert result_stem(Path()) == tmp_path.name
