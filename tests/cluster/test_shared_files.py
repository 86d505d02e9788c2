"""Files of the coordinator are found on workers by path, or by their content."""

import os
from pathlib import Path

import pytest

from vidstyle.cluster import shared_files
from vidstyle.cluster.dispatch import DamagedResultError
from vidstyle.cluster.shared_files import SharedFile, SharedFiles


@pytest.fixture
def film(tmp_path: Path) -> Path:
    file = tmp_path / "film.mp4"
    file.write_bytes(bytes(range(256)) * 9)
    return file


def sent(file: SharedFile, folder: Path) -> None:
    token = shared_files.new_copy(file, folder)
    for block in shared_files.blocks_of(file):
        shared_files.add_block(token, block, folder)
    shared_files.complete_copy(token, file, folder)


def test_the_same_file_at_the_same_path_needs_no_copy(film: Path, tmp_path: Path) -> None:
    assert shared_files.found(SharedFile.of(film), tmp_path / "none") == film


def test_another_file_at_the_same_path_is_not_taken(film: Path, tmp_path: Path) -> None:
    file = SharedFile.of(film)
    film.write_bytes(film.read_bytes()[::-1])
    assert shared_files.found(file, tmp_path / "none") is None


def test_a_copy_is_found_by_its_content(
    film: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared_files, "BLOCK_BYTES", 1000)
    shared, folder = SharedFiles([film]), tmp_path / "copies"
    file = shared.with_content(str(film))
    assert shared.files == {str(film): file}
    sent(file, folder)
    content = film.read_bytes()
    film.unlink()
    copy = shared_files.found(file, folder)
    assert copy is not None
    assert (copy.read_bytes(), copy.suffix) == (content, ".mp4")
    assert [each.name for each in folder.iterdir()] == [copy.name]


def test_a_copy_that_was_damaged_on_its_way_is_refused(film: Path, tmp_path: Path) -> None:
    folder, file = tmp_path / "copies", SharedFiles([film]).with_content(str(film))
    token = shared_files.new_copy(file, folder)
    shared_files.add_block(token, b"something else", folder)
    with pytest.raises(DamagedResultError, match="changed on its way"):
        shared_files.complete_copy(token, file, folder)
    assert not list(folder.iterdir())


def test_the_copies_used_longest_ago_make_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared_files, "MAX_BYTES", 250)
    folder, copies = tmp_path / "copies", list[Path]()
    for number in range(3):
        film = tmp_path / f"{number}.mp4"
        film.write_bytes(bytes([number]) * 100)
        file = SharedFiles([film]).with_content(str(film))
        sent(file, folder)
        film.unlink()
        copy = shared_files.found(file, folder)
        assert copy is not None
        os.utime(copy, (number, number))
        copies.append(copy)
    assert [copy.exists() for copy in copies] == [False, True, True]


def test_a_suffix_of_many_kinds_is_left_out() -> None:
    file = SharedFile("/film.a-b", 1, "", "0" * 64)
    assert file.content_name == "0" * 64
