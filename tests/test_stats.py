"""Counters and timings of a run."""

import threading
import time

import numpy as np
import pytest

from vidstyle.stats import REMEMBERED, StageTimes, Stats, per_second


def test_counts_add_up_and_what_was_never_counted_is_zero() -> None:
    stats = Stats()
    stats.count("frames")
    stats.count("frames", 4)
    assert (stats["frames"], stats["cuts"]) == (5, 0)


def test_a_counter_is_set_and_counts_on() -> None:
    stats = Stats()
    stats.count("paintings", 7)
    stats.set_count("paintings", 0)
    stats.count("paintings", 2)
    assert stats["paintings"] == 2


def test_no_count_is_lost_between_threads() -> None:
    stats = Stats()

    def work() -> None:
        for _ in range(2000):
            stats.count("frames")
            with stats.timed("warp"):
                pass

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive()
    assert stats["frames"] == stats.stages["warp"].calls == 8000


def test_waiting_takes_wall_time_and_no_cpu_time() -> None:
    stats = Stats()
    for _ in range(3):
        with stats.timed("waiting"):
            time.sleep(0.02)
    times = stats.stages["waiting"]
    assert times.calls == len(times.recent_s) == 3
    assert times.wall_s == pytest.approx(sum(times.recent_s))
    assert times.wall_s >= 0.06
    assert times.wall_s - times.cpu_s >= 0.03


def test_work_takes_cpu_time_of_its_own_thread() -> None:
    stats, before = Stats(), time.thread_time()
    with stats.timed("working"):
        began = time.thread_time()
        while time.thread_time() - began < 0.03:
            pass
    assert 0.03 <= stats.stages["working"].cpu_s <= time.thread_time() - before


def test_a_block_that_raises_is_not_counted() -> None:
    stats = Stats()
    with pytest.raises(ZeroDivisionError), stats.timed("flow"):
        raise ZeroDivisionError
    assert stats.stages == {}


def test_the_clock_runs_from_the_start() -> None:
    before, stats = time.monotonic(), Stats()
    time.sleep(0.02)
    assert 0.02 <= stats.elapsed_s <= time.monotonic() - before


@pytest.mark.parametrize("percent", [0, 10, 50, 90, 99, 100])
def test_percentiles_are_numpys_within_one_call(percent: float) -> None:
    durations = np.random.default_rng(0).random(200)
    times = StageTimes()
    times.recent_s.extend(durations.tolist())
    low, high = (np.percentile(durations, p) for p in (max(0, percent - 1), min(100, percent + 1)))
    assert 1000 * low <= times.percentile_ms(percent) <= 1000 * high


def test_only_recent_calls_are_remembered() -> None:
    times = StageTimes()
    times.recent_s.extend([9.0] * 10 + [0.001] * REMEMBERED)
    assert times.percentile_ms(100) == 1.0


def test_a_rate_is_zero_where_the_clock_has_not_moved() -> None:
    assert per_second(30, 2.0) == 15
    assert per_second(30, 0.0) == 0


def test_a_counter_knows_when_it_began(monkeypatch: pytest.MonkeyPatch) -> None:
    now_s = [100.0]
    monkeypatch.setattr("time.monotonic", lambda: now_s[0])
    stats = Stats()
    assert stats.seconds_since_first("frames") == 0
    stats.count("frames")
    now_s[0] += 7
    stats.count("frames")
    assert stats.seconds_since_first("frames") == 7


def test_a_run_goes_on_with_counters_and_time_of_an_earlier_one() -> None:
    stats = Stats()
    stats.count("frames", 2)
    stats.resume({"frames": 100, "cuts": 3}, 3600.0, 12.5)
    assert (stats["frames"], stats["cuts"]) == (102, 3)
    assert stats.elapsed_s >= 3600.0
    assert stats.seconds_since_first("cuts") >= 3600.0
    assert (stats.position_s, stats.resumed_at_s) == (12.5, 12.5)
