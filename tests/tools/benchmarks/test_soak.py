"""Tables of soak tests, and ten minutes of each: memory, threads, handles and sound stay."""

import subprocess
import sys
from pathlib import Path
from statistics import median

import pytest

from tools.benchmarks.lip_sync import SyncError
from tools.benchmarks.process_tree import Sample
from tools.benchmarks.soak import Soak, slope_per_hour, soak_live, soak_server, span, watch

SLOW_S = 600.0
MOST_GROWTH_MB = 10.0  # from the first quarter after a third of the run to its last


def sample(time_s: float, **changed: float) -> Sample:
    usual: dict[str, float] = {"memory_mb": 200, "own_mb": 150, "processes": 1, "threads": 20}
    usual |= {"handles": 6, "cpu_s": time_s / 2, "load": 1.5}
    return Sample(time_s, **(usual | changed))  # type: ignore[arg-type]


def samples(minutes: int, mb_per_hour: float = 0.0) -> list[Sample]:
    times_s = [10.0 * number + 0.1 for number in range(1, 6 * minutes + 1)]
    return [sample(time_s, memory_mb=200 + mb_per_hour * time_s / 3600) for time_s in times_s]


def test_the_slope_is_that_of_the_line() -> None:
    assert slope_per_hour([(0, 5), (1800, 6), (3600, 7)]) == pytest.approx(2)
    assert slope_per_hour([(0, 4), (10, 4), (20, 4)]) == pytest.approx(0)
    assert slope_per_hour([(0, 0), (10, 3), (20, 0)]) == pytest.approx(0)


def test_a_soak_has_the_slope_of_its_memory() -> None:
    assert Soak(samples(60, 12.0)).slope_per_hour("memory_mb") == pytest.approx(12)


def test_warming_up_is_no_slope() -> None:
    warm = [sample(each.time_s, memory_mb=100) for each in samples(9)]
    assert Soak([*warm, *samples(60)[54:]]).slope_per_hour("memory_mb") == pytest.approx(0)
    short = [*warm[:18], *samples(10)[18:]]
    assert Soak(short).slope_per_hour("memory_mb") == pytest.approx(0)  # a third of the run is warm
    assert Soak([*warm[:24], *samples(10)[24:]]).slope_per_hour("memory_mb") > 100


def test_drift_is_from_the_first_third_to_the_last() -> None:
    delays = [0.01, 0.01, 0.3, 0.02, 0.02, 0.02, 0.03, -0.2, 0.03]
    errors = [SyncError(2.0 * number, delay_s) for number, delay_s in enumerate(delays)]
    assert Soak(samples(1), errors).drift_s == pytest.approx(0.02)


def test_the_table_has_a_row_for_every_ten_minutes() -> None:
    errors = [SyncError(float(time_s), 0.001 * (time_s // 600)) for time_s in range(0, 1500, 2)]
    soak = Soak([*samples(24), sample(1450.0, threads=21, handles=8, cpu_s=725)], errors, ["end"])
    head, rule, *rows, empty, spread, remark = soak.markdown().splitlines()
    assert head.startswith("| minutes | memory MB | own MB |") and head.endswith("| sound ms |")
    assert rule == "|" + 9 * " ---: |"
    assert rows == [
        "| 0 to 10 | 200.0 | 150.0 | 1 | 20 | 6 | 0.50 | 1.5 | +0.0 |",
        "| 10 to 20 | 200.0 | 150.0 | 1 | 20 | 6 | 0.50 | 1.5 | +1.0 |",
        "| 20 to 24 | 200.0 | 150.0 | 1 | 20 to 21 | 6 to 8 | 0.50 | 1.5 | +2.0 |",
        "| an hour | +0.00 | +0.00 |  | +0.23 | +0.45 |  |  | +2.0 |",
    ]
    assert (empty, spread, remark) == ("", "Of 750 tones, 90 % are +0.0 to +2.0 ms late.", "end")


def test_a_table_without_sound_has_no_column_of_it() -> None:
    lines = Soak(samples(3)).markdown().splitlines()
    assert not any("sound" in line.lower() for line in lines)
    assert lines[2].startswith("| 0 to 3 |")


def test_equal_values_are_one() -> None:
    assert span([3, 3]) == "3"
    assert span([5, 3, 4]) == "3 to 5"


@pytest.mark.skipif(sys.platform != "linux", reason="/proc")
def test_samples_are_logged_as_they_come(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tools.benchmarks.soak.SAMPLE_EVERY_S", 0.05)
    log = tmp_path / "samples.jsonl"
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        try:
            taken = watch(process.pid, 0.15, log)
        finally:
            process.kill()
    assert len(taken) == len(log.read_text(encoding="utf-8").splitlines()) == 3
    with pytest.raises(ProcessLookupError):
        watch(process.pid, 0.1, log)


def assert_flat(soak: Soak) -> None:
    """Medians of memory, and the least of threads and handles, since clients add to them."""
    later = soak.samples[len(soak.samples) // 3 :]
    first, last = later[: len(later) // 4], later[-(len(later) // 4) :]
    for of in (lambda each: each.memory_mb, lambda each: each.own_mb):
        growth_mb = median(map(of, last)) - median(map(of, first))
        assert growth_mb < MOST_GROWTH_MB, soak.markdown()
    assert min(each.threads for each in first) == min(each.threads for each in last)
    assert min(each.handles for each in first) == min(each.handles for each in last)


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.skipif(sys.platform != "linux", reason="/proc")
def test_ten_minutes_of_live_stay_flat(tmp_path: Path) -> None:
    soak = soak_live(tmp_path, SLOW_S)
    assert_flat(soak)
    assert abs(soak.drift_s) < 0.02, soak.markdown()


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.skipif(sys.platform != "linux", reason="/proc")
def test_ten_minutes_of_a_server_stay_flat(tmp_path: Path) -> None:
    soak = soak_server(tmp_path, SLOW_S)
    assert_flat(soak)
