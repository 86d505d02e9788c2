"""Finish of shipped styles, rewritten from their recipes."""

import json
import shutil
from pathlib import Path

import onnx
import pytest

from tools.styles import catalog, make, refinish
from tools.styles.make import RECIPES
from vidstyle.assets import models_folder
from vidstyle.stylize.finish import Finish
from vidstyle.stylize.generator import OnnxGenerator

WAVE = RECIPES[0]


@pytest.fixture
def shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the shipped styles."""
    for file in (*models_folder().glob("*.onnx"), models_folder() / "catalog.json"):
        shutil.copyfile(file, tmp_path / file.name)
    monkeypatch.setattr(refinish, "models_folder", lambda: tmp_path)
    return tmp_path


def entries(folder: Path) -> list[catalog.Entry]:
    found: list[catalog.Entry] = json.loads((folder / "catalog.json").read_text())["styles"]
    return found


def test_both_forms_get_the_finish_of_the_recipe_and_keep_the_rest(
    shipped: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = onnx.load(shipped / "great-wave.onnx")
    changed = {"contrast": 1.3, "own_chroma": 0.4}
    monkeypatch.setitem(make.FINISHES, WAVE.painting, make.FINISHES[WAVE.painting] | changed)
    entry = refinish.refinish(entries(shipped)[0], WAVE)
    for form in (entry["file"], entry["int8"]["file"]):
        generator = OnnxGenerator(shipped / form)
        assert generator.own_chroma == 0.4
        assert generator.finish == Finish(sharpness=0.0, contrast=1.3, saturation=1.35)
    after = onnx.load(shipped / "great-wave.onnx")
    assert after.graph == before.graph
    assert {"size_class", "light"} <= {item.key for item in after.metadata_props}


def test_the_entry_has_the_new_checksums_and_command(
    shipped: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    changed = {"clarity": 0.5}
    monkeypatch.setitem(make.FINISHES, WAVE.painting, make.FINISHES[WAVE.painting] | changed)
    entry = refinish.refinish(entries(shipped)[0], WAVE)
    assert entry["sha256"] == catalog.file_entry(shipped / entry["file"])["sha256"]
    assert "--clarity 0.5" in entry["training"]


def test_the_shipped_files_have_the_finish_of_their_recipes(shipped: Path) -> None:
    recipes = {recipe.name: recipe for recipe in RECIPES}
    for entry in entries(shipped):
        assert refinish.refinish(entry, recipes[entry["name"]]) == entry
