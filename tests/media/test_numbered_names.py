"""Numbered names: one place for a number, padded as FFmpeg does."""

from pathlib import Path

import pytest

from vidstyle.media.numbered_names import NumberedNames


@pytest.mark.parametrize(
    ("pattern", "number", "name"),
    [
        ("f%04d.png", 7, "f0007.png"),
        ("f%04d.png", 12345, "f12345.png"),
        ("%d.jpg", 7, "7.jpg"),
        ("a_%3d_b.tif", 7, "a_007_b.tif"),
    ],
)
def test_numbers_are_padded(pattern: str, number: int, name: str) -> None:
    names = NumberedNames.parse(Path("folder") / pattern)
    assert names is not None
    assert names.file(number) == Path("folder") / name
    assert names.number(Path("folder") / name) == number


@pytest.mark.parametrize("name", ["film.mp4", "100%.mp4", "%s.png", "%04d_%04d.png", "%-4d.png"])
def test_other_names_have_no_place_for_a_number(name: str) -> None:
    assert NumberedNames.parse(Path(name)) is None


def test_files_are_found_in_order_of_their_numbers(tmp_path: Path) -> None:
    for name in ("f2.png", "f10.png", "f1.png", "f01.png", "f.png", "g3.png", "f4.png.txt"):
        (tmp_path / name).touch()
    names = NumberedNames.parse(tmp_path / "f%d.png")
    assert names is not None
    assert {number: file.name for number, file in names.files().items()} == {
        1: "f1.png",
        2: "f2.png",
        10: "f10.png",
    }
    assert names.first_file() == tmp_path / "f1.png"


def test_a_missing_folder_holds_none(tmp_path: Path) -> None:
    names = NumberedNames.parse(tmp_path / "none" / "%d.png")
    assert names is not None
    assert names.first_file() is None
