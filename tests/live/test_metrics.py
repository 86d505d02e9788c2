import itertools

from vidstyle.live.metrics import WINDOW_LENGTH, CpuMeter, LatencyMeter


def test_percentiles_are_those_of_the_latencies() -> None:
    meter = LatencyMeter()
    for number in range(1, 101):
        meter.note(number, number + number / 1000)
    assert abs(meter.percentile_s(50) - 0.050) < 1e-9
    assert abs(meter.percentile_s(99) - 0.099) < 1e-9


def test_the_rate_is_that_of_the_pictures_shown_lately() -> None:
    meter = LatencyMeter()
    for number in range(10):
        meter.note(0, number)  # one a second, long ago
    for number in range(WINDOW_LENGTH):
        meter.note(0, 100 + number / 25)
    assert abs(meter.fps - 25) < 1e-6
    assert meter.count == 10 + WINDOW_LENGTH
    assert meter.first_s == 0


def test_nothing_shown_is_nothing_measured() -> None:
    meter = LatencyMeter()
    assert (meter.percentile_s(99), meter.fps, meter.first_s) == (0.0, 0.0, None)


def test_another_thread_may_measure_the_cpu_use_at_the_same_time() -> None:
    """The other thread's turn comes in the middle of a measurement."""
    clock, turns, measured = itertools.count(), iter(["begin", "measure", "other"]), list[float]()

    def cpu_s() -> float:
        turn = next(turns)
        if turn == "measure":
            measured.append(meter.cores)
        return 0.0 if turn == "begin" else 1.0

    meter = CpuMeter(lambda: float(next(clock)), cpu_s)
    measured.append(meter.cores)
    assert measured == [0.5, 1.0]  # a second of CPU time, within two seconds and within one


def test_frames_within_one_step_of_the_clock_have_no_rate() -> None:
    meter = LatencyMeter()
    for _ in range(3):
        meter.note(0, 1.0)
    assert meter.fps == 0
