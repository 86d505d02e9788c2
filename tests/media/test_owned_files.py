"""Folders of intermediate files lose vidstyle's own files and no others."""

import re
from pathlib import Path

from vidstyle.media.owned_files import delete_own, delete_partials, foreign_entries

OWN = re.compile(r"plan\.json|part-\d/(\d+\.png)?")
OURS = ["plan.json", "part-1/12.png", "part-1/.13.0123abcd.partial.png", "part-2/1.png"]
FOREIGN = ["notes.txt", ".plan.json", "part-1/me.png", "part-x/1.png", "part-2/deep/1.png"]


def fill(folder: Path, names: list[str]) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)


def names(folder: Path) -> set[str]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {file.relative_to(folder).as_posix() for file in files}


def test_a_folder_of_own_files_goes_with_them(tmp_path: Path) -> None:
    fill(tmp_path / "work", OURS)
    assert foreign_entries(tmp_path / "work", OWN) == []
    delete_own(tmp_path / "work", OWN)
    assert not (tmp_path / "work").exists()


def test_files_of_others_stay_where_they_are(tmp_path: Path) -> None:
    fill(tmp_path, [*OURS, *FOREIGN])
    foreign = {path.relative_to(tmp_path).as_posix() for path in foreign_entries(tmp_path, OWN)}
    assert foreign == {"notes.txt", ".plan.json", "part-1/me.png", "part-x", "part-2/deep"}
    delete_own(tmp_path, OWN)
    assert names(tmp_path) == set(FOREIGN)


def test_links_are_no_own_folders_and_are_not_followed(tmp_path: Path) -> None:
    fill(tmp_path / "elsewhere", ["12.png"])
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "part-1").symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    delete_own(tmp_path / "work", OWN)
    assert names(tmp_path / "elsewhere") == {"12.png"}
    assert (tmp_path / "work" / "part-1").is_symlink()


def test_only_what_is_half_written_goes_when_a_run_resumes(tmp_path: Path) -> None:
    fill(tmp_path, [*OURS, ".notes.0123abcd.partial.txt"])
    delete_partials(tmp_path, OWN)
    assert names(tmp_path) == {*OURS, ".notes.0123abcd.partial.txt"} - {OURS[2]}
