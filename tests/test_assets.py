"""The folder of shipped files, its catalog, and its checksums."""

import hashlib
from pathlib import Path

import pytest

from vidstyle.assets import catalog_section, intact_file, models_folder
from vidstyle.errors import StyleError


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty package in an empty folder."""
    (tmp_path / "vidstyle").mkdir()
    monkeypatch.setattr("importlib.resources.files", lambda name: tmp_path / name)
    return tmp_path / "vidstyle"


def make(folder: Path, catalog: str = "{}") -> Path:
    folder.mkdir()
    (folder / "catalog.json").write_text(catalog)
    return folder


def test_a_checkout_has_its_files_beside_the_package(package: Path) -> None:
    beside = make(package.parent / "models")
    assert models_folder() == beside


def test_an_installed_package_has_them_inside_and_looks_there_first(package: Path) -> None:
    make(package.parent / "models")
    inside = make(package / "models")
    assert models_folder() == inside


def test_a_folder_without_a_catalog_does_not_count(package: Path) -> None:
    (package / "models").mkdir()
    with pytest.raises(StyleError, match=r"are missing\. Install vidstyle again\."):
        models_folder()


def test_a_section_is_what_the_catalog_lists(package: Path) -> None:
    make(package / "models", '{"styles": [{"name": "ink"}], "features": []}')
    assert catalog_section("styles") == [{"name": "ink"}]
    assert catalog_section("features") == []


@pytest.mark.parametrize("catalog", ["", "{", "[]", '{"other": []}'])
def test_a_broken_catalog_is_said_in_one_line(package: Path, catalog: str) -> None:
    make(package / "models", catalog)
    with pytest.raises(StyleError, match=r"catalog\.json is broken") as raised:
        catalog_section("styles")
    assert "\n" not in str(raised.value)


def test_a_file_is_intact_if_its_checksum_is_right(package: Path) -> None:
    folder = make(package / "models")
    (folder / "ink.onnx").write_bytes(b"ink")
    digest = hashlib.sha256(b"ink").hexdigest()
    assert intact_file("ink.onnx", digest) == folder / "ink.onnx"
    (folder / "ink.onnx").write_bytes(b"ink!")
    with pytest.raises(StyleError, match="is not the file that was shipped"):
        intact_file("ink.onnx", digest)
    (folder / "ink.onnx").unlink()
    with pytest.raises(StyleError, match=r"ink\.onnx is missing\. Install vidstyle again"):
        intact_file("ink.onnx", digest)


def test_what_ships_here_is_found() -> None:
    assert (models_folder() / "catalog.json").is_file()
    assert catalog_section("styles")
