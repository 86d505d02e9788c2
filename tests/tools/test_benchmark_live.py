from pathlib import Path

from tests.clips import Clip
from tools.benchmark_live import measure
from vidstyle.options import LiveOptions


def test_a_run_is_measured_from_start_to_end(tmp_path: Path, inverter: Path) -> None:
    clip = Clip(frames=25, rate=25, size_wh=(96, 64)).write(tmp_path / "in.mp4")
    options = LiveOptions(
        camera=str(clip), loop=True, style=str(inverter), window=False, seconds=1.5
    )
    run = measure(options)
    assert run["frames"] > 5
    assert 0 < run["latency_p50_ms"] <= run["latency_p99_ms"]
    assert run["cores"] > 0
    assert run["switch_frames"] == []  # none yet in so short a run
