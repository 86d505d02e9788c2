"""What ships beside a style."""

import argparse
from pathlib import Path

import pytest

from tests.textures import noise_image
from tools.styles import catalog, make
from vidstyle.media.image_file import read_photo, write_photo
from vidstyle.stylize.catalog import PAINTINGS
from vidstyle.stylize.generator import OnnxGenerator
from vidstyle.training.results import int8_path

SOURCES = """file,title,artist,artist_died,year,licence
wave.jpg,The Wave (a print),A. Master,1849,1831,public domain artwork
mosaic.jpg,Mosaic,unknown,,,unstated
"""


@pytest.fixture
def paintings(tmp_path: Path) -> Path:
    for name in ("wave.jpg", "mosaic.jpg"):
        write_photo(tmp_path / name, noise_image(600, 900, seed=1))
    (tmp_path / "SOURCES.csv").write_text(SOURCES, encoding="utf-8")
    return tmp_path


def test_a_free_painting_ships_as_a_small_copy(
    paintings: Path, shelf: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(make, "models_folder", lambda: shelf)
    entry = make.add_painting(paintings, "wave.jpg")
    file = shelf / PAINTINGS / "wave.jpg"
    assert read_photo(file).shape == (512, 768, 3)
    assert entry == catalog.file_entry(file) | {
        "title": "The Wave",
        "artist": "A. Master",
        "year": "1831",
        "source": "public domain artwork",
    }


def test_one_that_may_not_be_free_does_not(
    paintings: Path, shelf: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(make, "models_folder", lambda: shelf)
    entry = make.add_painting(paintings, "mosaic.jpg")
    assert entry["file"] == "mosaic.jpg"
    assert "sha256" not in entry
    assert not (shelf / PAINTINGS / "mosaic.jpg").exists()


def test_a_predicted_style_has_the_finish_of_its_recipe(paintings: Path, tmp_path: Path) -> None:
    training = {"contrast": 1.4, "abstraction": 0.5}
    recipe = make.Recipe("wave", "wave.jpg", training, predicted=True)
    folders = argparse.Namespace(paintings=paintings, work=tmp_path)
    file = make.predict(recipe, paintings, folders)
    for form in (file, int8_path(file)):
        generator = OnnxGenerator(form)
        assert (generator.finish.contrast, generator.abstraction) == (1.4, 0.5)
        assert generator.palette is not None
    assert make.command(recipe).endswith("wave")
