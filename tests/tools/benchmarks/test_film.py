"""The benchmark of films, on a few small frames that only the fast mode paints."""

import json
import sys
from pathlib import Path

import pytest

from tests.perceptual.weights import write_random_weights
from tools.benchmarks import film
from vidstyle.media.image_file import read_photo
from vidstyle.stylize.catalog import shipped_style, shipped_styles


def ask_for_fast_rows(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the command line be one that measures the generators only."""
    write_random_weights(folder / "judge.npz")
    words = ["--judge", str(folder / "judge.npz"), "--style", "great-wave", "--frames", "4"]
    words += ["--height", "72", "--rows", "fast", "--folder", str(folder / "film")]
    monkeypatch.setattr(sys, "argv", ["benchmark_film", *words])


def test_every_generator_of_the_painting_has_a_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ask_for_fast_rows(tmp_path, monkeypatch)
    film.main()
    report = json.loads(capsys.readouterr().out.splitlines()[-1])
    artwork = shipped_style("great-wave").painting["file"]
    names = [style.name for style in shipped_styles() if style.painting["file"] == artwork]
    assert list(report["rows"]) == [f"fast, {name}" for name in names]
    assert set(report["rows"]["fast, great-wave"]) == set(film.FIGURES)
    height, width = read_photo(tmp_path / "film/film.png").shape[:2]
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


def test_a_row_that_is_there_is_not_painted_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ask_for_fast_rows(tmp_path, monkeypatch)
    film.main()
    first = capsys.readouterr().out
    files = {file: file.stat().st_mtime_ns for file in (tmp_path / "film").glob("fast*.png")}
    film.main()
    assert capsys.readouterr().out == first
    assert files
    assert {file: file.stat().st_mtime_ns for file in files} == files
