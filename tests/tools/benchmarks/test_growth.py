"""Benchmark of growing work: looped films, and the measured cost of a run."""

import subprocess
from pathlib import Path

import av
import pytest

from tools.benchmarks.conversion import make_clip
from tools.benchmarks.growth import Cost, measured, plot, write_loop


def test_a_loop_shows_the_clip_again_and_again(tmp_path: Path) -> None:
    make_clip(tmp_path / "clip.mp4", 90, 1)
    write_loop(tmp_path / "clip.mp4", tmp_path / "film.mp4", 3)
    with av.open(str(tmp_path / "film.mp4")) as film:
        frames = [(frame.time, frame.to_ndarray()) for frame in film.decode(video=0)]
    assert [time for time, _ in frames] == pytest.approx([n / 30 for n in range(90)], abs=1e-3)
    assert (frames[7][1] == frames[67][1]).all()


def test_a_failed_run_has_no_cost(tmp_path: Path) -> None:
    with pytest.raises(subprocess.CalledProcessError):
        measured([str(tmp_path / "none.mp4"), "-o", str(tmp_path / "out.mp4")], 1, 1)


def test_costs_are_drawn(tmp_path: Path) -> None:
    costs = [Cost(1, seconds, 30 * seconds, 1.0, 0.5 * seconds, 180.0) for seconds in (10, 60)]
    assert costs[0].core_ms == pytest.approx(5000 / 300)
    plot(costs, costs, tmp_path / "growth.svg")
    assert "<!-- core-ms a frame -->" in (tmp_path / "growth.svg").read_text(encoding="utf-8")
