"""The benchmark of films, on a few small frames that only the fast mode paints."""

import io
import json
import sys
from contextlib import redirect_stdout
from pathlib import Path

import pytest

from tests.perceptual.weights import write_random_weights
from tools.benchmarks import film
from vidstyle.media.image_file import read_photo
from vidstyle.stylize.catalog import shipped_style, shipped_styles


def measured(folder: Path) -> str:
    """What a command line prints that measures the generators only."""
    words = ["--judge", str(folder / "judge.npz"), "--style", "great-wave", "--frames", "4"]
    words += ["--height", "72", "--rows", "fast", "--folder", str(folder / "film")]
    with pytest.MonkeyPatch.context() as monkeypatch, redirect_stdout(io.StringIO()) as printed:
        monkeypatch.setattr(sys, "argv", ["benchmark_film", *words])
        film.main()
    return printed.getvalue()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("benchmark")
    write_random_weights(folder / "judge.npz")
    return folder


@pytest.fixture(scope="module")
def printed(folder: Path) -> str:
    return measured(folder)


def test_every_generator_of_the_painting_has_a_row(folder: Path, printed: str) -> None:
    report = json.loads(printed.splitlines()[-1])
    artwork = shipped_style("great-wave").painting["file"]
    names = [style.name for style in shipped_styles() if style.painting["file"] == artwork]
    assert list(report["rows"]) == [f"fast, {name}" for name in names]
    assert set(report["rows"]["fast, great-wave"]) == set(film.FIGURES)
    height, width = read_photo(folder / "film/film.png").shape[:2]
    assert (height, width) == ((1 + len(names)) * 72, 4 * 128)


def test_the_default_is_compared_with_the_best_generator() -> None:
    rows = {
        "fast, small": {"e_stab": 0.02, "style": 1.5, "content": 0.5},
        "fast, large": {"e_stab": 0.03, "style": 1.2, "content": 0.8},
        film.DEFAULT: {"e_stab": 0.01, "style": 0.3, "content": 0.6},
        film.ALONE: {"e_stab": 0.04, "style": 0.2, "content": 0.6},
    }
    found = film.ratios(rows)
    assert found == pytest.approx({"e_stab": 0.25, "style": 0.25, "content": 0.75})


def test_a_row_that_is_there_is_not_painted_again(folder: Path, printed: str) -> None:
    files = {file: file.stat().st_mtime_ns for file in (folder / "film").glob("fast*.png")}
    assert measured(folder) == printed
    assert files
    assert {file: file.stat().st_mtime_ns for file in files} == files
