"""The benchmark of the full quality, on a picture of a few pixels."""

import json
import sys
from pathlib import Path

import pytest

from tests.perceptual.weights import write_random_weights
from tools.benchmarks import offline


@pytest.mark.slow
def test_a_row_comes_once_and_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_random_weights(tmp_path / "judge.npz")
    words = ["--judge", str(tmp_path / "judge.npz"), "--folder", str(tmp_path / "rows")]
    words += ["--size", "64", "--rows", "branches", "one window"]
    monkeypatch.setattr(sys, "argv", ["benchmark_offline", *words])
    offline.main()
    report = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert list(report["rows"]) == ["one window for four", "branches together"]
    for row in report["rows"].values():
        assert set(row) == set(offline.FIGURES)
        assert min(row.values()) > 0
    offline.main()
    assert json.loads(capsys.readouterr().out.splitlines()[-1]) == report
