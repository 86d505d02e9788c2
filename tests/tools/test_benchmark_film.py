"""The benchmark of films, on a few small frames that only the fast mode paints."""

import json
import sys
from pathlib import Path

import pytest

from tests.perceptual.weights import write_random_weights
from tools import benchmark_film
from vidstyle.media.photo import read_photo
from vidstyle.stylize.catalog import shipped_style, shipped_styles


def test_every_generator_of_the_painting_has_a_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_random_weights(tmp_path / "judge.npz")
    words = ["--judge", str(tmp_path / "judge.npz"), "--style", "great-wave", "--frames", "4"]
    words += ["--height", "72", "--rows", "fast", "--picture", str(tmp_path / "film.png")]
    monkeypatch.setattr(sys, "argv", ["benchmark_film", *words])
    benchmark_film.main()
    report = json.loads(capsys.readouterr().out.splitlines()[-1])
    artwork = shipped_style("great-wave").painting["file"]
    names = [style.name for style in shipped_styles() if style.painting["file"] == artwork]
    assert list(report["rows"]) == [f"fast, {name}" for name in names]
    assert set(report["rows"]["fast, great-wave"]) == set(benchmark_film.FIGURES)
    height, width = read_photo(tmp_path / "film.png").shape[:2]
    assert (height, width) == ((1 + len(names)) * 72, 4 * 128)
