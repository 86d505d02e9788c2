import hashlib
import json
from pathlib import Path

import pytest

from vidstyle import models as shelf
from vidstyle.errors import StyleError
from vidstyle.models import intact_file, models_folder
from vidstyle.stylize.catalog import find_style, shipped_styles, style_name
from vidstyle.stylize.generator import OnnxGenerator

LARGEST_BYTES = {"17k": 17_408, "55k": 56_320, "220k": 225_280}


def test_every_shipped_style_is_intact_runs_and_fits_its_class() -> None:
    for style in shipped_styles():
        OnnxGenerator(intact_file(style.file, style.sha256))
        assert style.path.stat().st_size == style.bytes <= LARGEST_BYTES[style.size_class]
        assert style.licence and style.training
        assert {"title", "artist", "year", "source"} <= style.painting.keys()


def test_every_model_file_is_in_the_catalogue() -> None:
    files = {file.name for file in models_folder().glob("*.onnx")}
    assert files == {style.file for style in shipped_styles()}


def test_the_first_style_is_the_default() -> None:
    assert find_style(None) == shipped_styles()[0].path
    assert style_name(None) == shipped_styles()[0].name


def test_an_unknown_style_names_the_known_ones() -> None:
    with pytest.raises(StyleError, match=shipped_styles()[0].name):
        find_style("starry")


def test_a_file_of_ones_own_is_taken_as_it_is() -> None:
    assert find_style("some/ink.onnx") == Path("some/ink.onnx")
    assert style_name("some/ink.onnx") == "ink"


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A models folder with one style called ink."""
    (tmp_path / "ink.onnx").write_bytes(b"ink")
    entry = {
        "name": "ink",
        "file": "ink.onnx",
        "sha256": hashlib.sha256(b"ink").hexdigest(),
        "bytes": 3,
        "size_class": "17k",
        "licence": "MIT",
        "painting": {},
        "training": "",
    }
    (tmp_path / "catalog.json").write_text(json.dumps({"styles": [entry]}), encoding="utf-8")
    monkeypatch.setattr(shelf, "models_folder", lambda: tmp_path)
    return tmp_path


def test_an_altered_file_is_refused(models: Path) -> None:
    assert find_style("ink") == models / "ink.onnx"
    (models / "ink.onnx").write_bytes(b"inc")
    with pytest.raises(StyleError, match="not the file that was shipped"):
        find_style("ink")


def test_a_missing_file_is_said(models: Path) -> None:
    (models / "ink.onnx").unlink()
    with pytest.raises(StyleError, match="missing"):
        find_style("ink")


@pytest.mark.parametrize("text", ["{", "{}", '{"styles": [{"name": "x"}]}'])
def test_a_broken_catalogue_is_said(models: Path, text: str) -> None:
    (models / "catalog.json").write_text(text, encoding="utf-8")
    with pytest.raises(StyleError, match=r"catalog\.json is broken"):
        shipped_styles()
