"""Output files are whole or not there, and replace nothing without permission."""

import os
from errno import EPERM
from pathlib import Path

import pytest

from vidstyle.errors import SinkError
from vidstyle.media.atomic import (
    partial_path,
    publish,
    short_name,
    whole_file,
    write_folder,
    write_whole,
)

posix_only = pytest.mark.skipif(os.name != "posix", reason="links and locks as POSIX has them")


def names(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir())


def partial_of(path: Path, content: str = "result") -> Path:
    partial = partial_path(path)
    partial.write_text(content)
    return partial


@pytest.mark.parametrize("replace", [False, True])
def test_a_finished_file_gets_its_name(tmp_path: Path, replace: bool) -> None:
    output = tmp_path / "out.mp4"
    publish(partial_of(output), output, replace=replace)
    assert output.read_text() == "result"
    assert names(tmp_path) == ["out.mp4"]


def test_a_file_is_replaced_with_permission(tmp_path: Path) -> None:
    output = tmp_path / "out.mp4"
    output.write_text("old")
    write_whole(output, b"new")
    assert output.read_text() == "new"
    assert names(tmp_path) == ["out.mp4"]


def test_a_folder_is_written_with_its_subfolders(tmp_path: Path) -> None:
    write_folder(tmp_path / "model", {"a.txt": b"a", "1/b.txt": b"b"}, replace=False)
    assert (tmp_path / "model/1/b.txt").read_bytes() == b"b"
    assert names(tmp_path) == ["model"]


def test_a_folder_is_replaced_as_a_whole_with_permission(tmp_path: Path) -> None:
    write_folder(tmp_path / "model", {"old.txt": b"old"}, replace=False)
    with pytest.raises(SinkError, match="was not replaced"):
        write_folder(tmp_path / "model", {"new.txt": b"new"}, replace=False)
    assert names(tmp_path / "model") == ["old.txt"]
    write_folder(tmp_path / "model", {"new.txt": b"new"}, replace=True)
    assert names(tmp_path / "model") == ["new.txt"]
    assert names(tmp_path) == ["model"]


@posix_only
def test_a_link_to_a_folder_is_replaced_and_the_folder_stays(tmp_path: Path) -> None:
    write_folder(tmp_path / "old", {"old.txt": b"old"}, replace=False)
    (tmp_path / "model").symlink_to(tmp_path / "old")
    write_folder(tmp_path / "model", {"new.txt": b"new"}, replace=True)
    assert names(tmp_path / "model") == ["new.txt"]
    assert names(tmp_path) == ["model", "old"]
    assert names(tmp_path / "old") == ["old.txt"]


def test_a_folder_that_cannot_be_replaced_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_folder(tmp_path / "model", {"old.txt": b"old"}, replace=False)
    rename = Path.rename

    def refuse(path: Path, target: Path) -> Path:
        if (path / "new.txt").exists():
            raise OSError(EPERM, "Operation not permitted")
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", refuse)
    with pytest.raises(OSError, match="not permitted"):
        write_folder(tmp_path / "model", {"new.txt": b"new"}, replace=True)
    assert names(tmp_path / "model") == ["old.txt"]
    assert names(tmp_path) == ["model"]


def without_links(monkeypatch: pytest.MonkeyPatch) -> None:
    def link(*_: object) -> None:
        raise OSError(EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", link)


@posix_only
@pytest.mark.parametrize("links", [True, False])
def test_a_file_that_came_meanwhile_stays_and_the_result_is_kept_beside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, links: bool
) -> None:
    if not links:
        without_links(monkeypatch)
    output = tmp_path / "out.mp4"
    output.write_text("precious")
    (tmp_path / "out-2.mp4").write_text("precious, too")
    with pytest.raises(SinkError, match=r"out\.mp4 came into being .* result is .*out-3\.mp4") as e:
        publish(partial_of(output), output, replace=False)
    assert "\n" not in str(e.value)
    assert output.read_text() == "precious"
    assert (tmp_path / "out-2.mp4").read_text() == "precious, too"
    assert (tmp_path / "out-3.mp4").read_text() == "result"
    assert names(tmp_path) == ["out-2.mp4", "out-3.mp4", "out.mp4"]


@posix_only
def test_a_link_that_leads_nowhere_is_not_replaced(tmp_path: Path) -> None:
    output = tmp_path / "out.mp4"
    output.symlink_to(tmp_path / "nowhere")
    with pytest.raises(SinkError, match="was not replaced"):
        write_whole(output, b"result", replace=False)
    assert output.is_symlink()


@posix_only
def test_file_systems_without_links_get_the_name_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_links(monkeypatch)
    write_whole(tmp_path / "out.png", b"result", replace=False)
    assert (tmp_path / "out.png").read_text() == "result"
    assert names(tmp_path) == ["out.png"]


def test_a_block_left_by_an_error_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), whole_file(tmp_path / "out.onnx") as partial:
        partial.write_text("half")
        raise RuntimeError
    assert names(tmp_path) == []


@pytest.mark.parametrize("letter", ["a", "ä", "画", "\udcff"])
def test_names_that_become_too_long_are_cut_and_stay_apart(letter: str) -> None:
    stems = [f"{os.fsdecode(os.fsencode(letter * 255)[:245])}{end}" for end in "12"]
    names = [short_name(stem, ".great-wave.mp4") for stem in stems]
    assert all(200 < len(os.fsencode(name)) <= 255 for name in names)
    assert all(name.endswith(".great-wave.mp4") for name in names)
    assert len({*names}) == 2
    assert short_name("film", ".great-wave.mp4") == "film.great-wave.mp4"
