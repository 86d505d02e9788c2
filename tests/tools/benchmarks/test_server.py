"""The load test paints fresh pictures, and asks for one that is cached."""

import itertools
import os
from pathlib import Path

import pytest

from tests.server.conftest import encoded
from tests.server.running import running
from tools.benchmarks.server import (
    Connection,
    Latencies,
    alone,
    distinct,
    measure,
    measure_live,
    next_frame,
)


def test_percentiles_are_of_all_requests() -> None:
    latencies = Latencies([n / 1000 for n in range(100)])
    assert round(latencies.percentile_ms(50)) == 50
    assert round(latencies.percentile_ms(99)) == 99


def test_a_camera_gives_a_frame_every_so_often() -> None:
    assert [round(next_frame(t), 4) for t in (0.0, 0.01, 0.034)] == [0.0333, 0.0333, 0.0667]


def test_distinct_files_show_the_same_picture() -> None:
    picture = encoded(32, 32)
    first, second = itertools.islice(distinct(picture), 2)
    assert first != second
    assert first.startswith(picture) and second.startswith(picture)


def test_rate_and_latency_are_measured(tmp_path: Path) -> None:
    picture = encoded(32, 32)
    with running(tmp_path) as server:
        port = server.client.port
        for contents in (distinct(picture), itertools.repeat(picture)):
            found = measure(port, os.getpid(), "udnie-17k", contents, 2, 0.1)
            assert found["per_second"] > 0
            assert found["p99_ms"] >= found["p50_ms"] > 0
        live = measure_live(port, os.getpid(), "udnie-17k", [picture, picture], 0.1)
        assert live["fps"] > 0 and live["p99_ms"] >= live["p50_ms"] > 0
        connection = Connection(port, "style=none")
        with pytest.raises(RuntimeError, match="422"):
            connection.paint(picture)
        connection.close()
        connection = Connection(port, "style=udnie-17k")
        assert connection.paint(picture) == connection.paint(picture) > 100
        connection.close()
    assert alone(picture, "udnie-17k")["limit_per_second"] > 0
