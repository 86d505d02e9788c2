"""A cache folder keeps the files in use, within its limit."""

import os
import re
from pathlib import Path

import pytest

from vidstyle.media.cache_folder import delete_least_recent

OWN = re.compile(r"\d\.bin")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Folder of five files of 100 bytes, the first one used longest ago."""
    for number in range(5):
        file = tmp_path / f"{number}.bin"
        file.write_bytes(bytes(100))
        os.utime(file, (number, number))
    return tmp_path


def names(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


@pytest.mark.parametrize(
    ("limit", "kept"), [(500, 5), (499, 4), (250, 2), (100, 1), (99, 0), (-5, 0)]
)
def test_files_used_longest_ago_go_until_the_others_fit(
    folder: Path, limit: int, kept: int
) -> None:
    delete_least_recent(folder, OWN, limit)
    assert names(folder) == [f"{number}.bin" for number in range(5 - kept, 5)]


def test_entries_of_others_stay_and_do_not_count(folder: Path, tmp_path: Path) -> None:
    (folder / "mine.bin").write_bytes(bytes(1000))
    (folder / "8.bin").mkdir()
    delete_least_recent(folder, OWN, 200)
    assert names(folder) == ["3.bin", "4.bin", "8.bin", "mine.bin"]


def test_a_file_that_cannot_be_deleted_is_passed_over(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    unlink = Path.unlink

    def refusing(file: Path, missing_ok: bool = False) -> None:
        if file.name == "0.bin":
            raise PermissionError
        unlink(file, missing_ok)

    monkeypatch.setattr(Path, "unlink", refusing)
    delete_least_recent(folder, OWN, 300)
    assert names(folder) == ["0.bin", "2.bin", "3.bin", "4.bin"]
