"""Progress reports and cancellation, without a conversion."""

import threading
from itertools import pairwise

import pytest

from vidstyle.apps.progress import MIN_INTERVAL_S, BatchEstimate, VideoProgress, Watch
from vidstyle.errors import Cancelled
from vidstyle.stats import Stats


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time, in a list of one number."""
    now_s = [100.0]
    monkeypatch.setattr("time.monotonic", lambda: now_s[0])
    return now_s


def test_a_report_is_the_state_of_the_stats(clock: list[float]) -> None:
    stats, seen = Stats(), list[VideoProgress]()
    stats.count("frames", 30)
    stats.count("paintings", 4)
    stats.expected_frames, stats.expected_paintings, stats.position_s = 100, 9, 1.2
    clock[0] += 6
    Watch(stats, seen.append, None).report()
    assert seen == [VideoProgress(30, 100, 6.0, 1.2, 4, 9)]
    assert seen[0].fps == 5


def test_there_is_no_rate_before_any_time_has_passed() -> None:
    assert VideoProgress(0, None, 0.0, 0.0, 0, None).fps == 0


def test_reports_come_no_more_often_than_they_should(clock: list[float]) -> None:
    seen = list[float]()
    watch = Watch(Stats(), lambda state: seen.append(clock[0]), None)
    for _ in range(100):
        watch()
        clock[0] += 0.03
    gaps = [later - earlier for earlier, later in pairwise(seen)]
    assert seen[0] == 100.0
    assert min(gaps) >= MIN_INTERVAL_S
    assert max(gaps) < MIN_INTERVAL_S + 0.031


def test_a_cancelled_run_is_noticed_at_every_call(clock: list[float]) -> None:
    stats, cancel = Stats(), threading.Event()
    watch = Watch(stats, None, cancel)
    watch()
    stats.count("frames", 7)
    cancel.set()
    for _ in range(2):
        with pytest.raises(Cancelled, match=r"Cancelled after 7 frames\. No output was written\."):
            watch()


def test_an_error_of_the_progress_function_passes_through() -> None:
    def fail(state: VideoProgress) -> None:
        raise ZeroDivisionError("no progress")

    with pytest.raises(ZeroDivisionError, match="no progress"):
        Watch(Stats(), fail, None)()


def test_the_time_left_of_a_batch_follows_the_bytes_of_its_inputs(clock: list[float]) -> None:
    estimate = BatchEstimate(1000, lambda: clock[0])
    estimate.begin(100)
    assert estimate.left_s(0.0) is None
    clock[0] += 10
    assert estimate.left_s(0.5) == pytest.approx(190)  # 50 bytes in 10 s, 950 to go
    clock[0] += 10
    estimate.begin(300)
    assert estimate.left_s(0.0) == pytest.approx(180)
    clock[0] += 80
    estimate.begin(600)
    assert estimate.left_s(0.5) is None  # the last one: its own time left says it
