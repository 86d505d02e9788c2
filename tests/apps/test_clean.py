"""Unfinished work is listed and deleted, and nothing else is."""

import json
import os
from pathlib import Path

import pytest

from vidstyle.apps.clean import deleted, unfinished_work
from vidstyle.apps.work import claimed_work_folder
from vidstyle.cli import main
from vidstyle.errors import SinkError, SourceError
from vidstyle.frame import Checkpoint
from vidstyle.media.atomic import partial_path
from vidstyle.media.part_file import PartWriter
from vidstyle.media.parts import PartFolder, PartsByTime
from vidstyle.options import StylizeOptions

Captured = pytest.CaptureFixture[str]


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """Work folder of a film, of which 3:20 are converted, beside files of the user."""
    folder = tmp_path / "film.mp4.work"
    parts = PartFolder(folder / "parts", {"settings": {}}, PartsByTime(10.0))
    part = parts.part(19)
    PartWriter(parts.file(part), part.document(), b"").finish(
        Checkpoint(20, 0, 0, {}, time_s=200.0)
    )
    (tmp_path / "film.mp4").write_bytes(b"a film")
    (tmp_path / "thesis.work").mkdir()
    (tmp_path / "thesis.work" / "manifest.json").write_text('{"title": "On Water"}')
    if os.name == "posix":
        (tmp_path / "linked.work").symlink_to(folder)
    return folder


def films_of_full_quality(folder: Path) -> Path:
    (folder / "scene-00000").mkdir(parents=True)
    (folder / "scene-00000" / "000000-polished.png").write_bytes(bytes(3000))
    (folder / "manifest.json").write_text('{"vidstyle": "0.2.0"}')
    return folder


def test_work_is_found_with_what_it_holds(tmp_path: Path, work: Path) -> None:
    full = films_of_full_quality(tmp_path / "sub" / "b.mp4.work")
    found = list(unfinished_work([tmp_path], recursive=True))
    assert [each.folder for each in found] == [work, full]
    assert [(each.seconds, each.paintings) for each in found] == [(200.0, 0), (0.0, 1)]
    assert found[1].bytes == 3000 + len('{"vidstyle": "0.2.0"}')
    assert [each.folder for each in unfinished_work([tmp_path])] == [work]
    assert [each.folder for each in unfinished_work([work])] == [work]


@pytest.mark.parametrize("full", [False, True])
def test_only_own_files_are_deleted(tmp_path: Path, work: Path, full: bool) -> None:
    if full:
        films_of_full_quality(work)
    partial_path(work / "parts" / f"{'0' * 64}.part").touch()
    (work / "parts" / "diary.txt").touch()
    (found,) = unfinished_work([tmp_path])
    result = deleted(found)
    assert (result.is_deleted, result.holds_others) == (True, True)
    assert [file for file in work.rglob("*") if file.is_file()] == [work / "parts" / "diary.txt"]
    (work / "parts" / "diary.txt").unlink()
    assert (tmp_path / "thesis.work" / "manifest.json").exists()
    assert (tmp_path / "film.mp4").exists()


def test_work_in_use_is_kept(tmp_path: Path, work: Path) -> None:
    with claimed_work_folder(tmp_path / "film.mp4", StylizeOptions()):
        (found,) = unfinished_work([tmp_path])
        assert found.is_used
        assert not deleted(found).is_deleted
    assert list(work.rglob("*.part"))
    (found,) = unfinished_work([tmp_path])
    assert not found.is_used


@pytest.mark.usefixtures("no_new_locks")
def test_work_that_cannot_be_deleted_is_not_said_to_be_in_use(tmp_path: Path, work: Path) -> None:
    (found,) = unfinished_work([tmp_path])
    assert not found.is_used
    with pytest.raises(SinkError, match=r"film\.mp4\.work: Permission denied"):
        deleted(found)
    assert list(work.rglob("*.part"))


@pytest.mark.usefixtures("no_file_locks")
def test_work_that_may_be_in_use_is_kept(tmp_path: Path, work: Path) -> None:
    (found,) = unfinished_work([tmp_path])
    with pytest.raises(SinkError, match=r"film\.mp4\.work stays: without file locks"):
        deleted(found)
    assert list(work.rglob("*.part"))


def test_a_place_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="There is no folder"):
        list(unfinished_work([tmp_path / "none"]))


def test_the_command_lists_and_deletes(tmp_path: Path, work: Path, capsys: Captured) -> None:
    size = sum(file.stat().st_size for file in work.rglob("*.part"))
    assert main(["clean", str(tmp_path), "--dry-run"]) == 0
    listed = f"{work}  {size / 1000:.1f} KB, 3:20 of the film"
    assert capsys.readouterr().out == f"{listed}\n"
    assert main(["clean", str(tmp_path)]) == 0
    assert capsys.readouterr().out == f"{listed}, deleted\n"
    assert not work.exists()
    assert main(["clean", str(tmp_path)]) == 0
    assert capsys.readouterr().out == "There is no unfinished work.\n"


def test_without_a_folder_the_command_only_lists(
    work: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(work.parent)
    assert main(["clean"]) == 0
    out, error = capsys.readouterr()
    assert out.startswith(work.name) and "deleted" not in out
    assert error == "Nothing was deleted. To delete this work: vidstyle clean .\n"
    assert list(work.rglob("*.part"))
    assert main(["clean", "."]) == 0
    assert not work.exists()


def test_the_list_is_there_as_json(tmp_path: Path, work: Path, capsys: Captured) -> None:
    assert main(["clean", str(tmp_path), "--dry-run", "--json"]) == 0
    (found,) = json.loads(capsys.readouterr().out)
    assert found["folder"] == str(work)
    assert (found["seconds"], found["is_deleted"], found["is_used"]) == (200.0, False, False)
