import time
from pathlib import Path

import pytest

from tests.clips import Clip
from tools.benchmarks.live import measure
from vidstyle.options import LiveOptions


@pytest.mark.usefixtures("patient")
def test_a_run_is_measured_from_start_to_end(tmp_path: Path, inverter: Path) -> None:
    clip = Clip(frames=25, rate=25, size_wh=(96, 64)).write(tmp_path / "in.mp4")
    options = LiveOptions(camera=str(clip), style=str(inverter), window=False)
    run = measure(options, time.time())
    assert 0 < run["frames"] <= 25
    assert 0 < run["latency_p50_ms"] <= run["latency_p99_ms"]
    assert run["cores"] > 0
    assert 0 < run["first_picture_s"] < 60
    assert run["switch_frames"] == []  # none yet in so short a run
