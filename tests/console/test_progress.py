"""Progress on terminals and elsewhere."""

import io
import re
import threading
import time
from pathlib import Path

import pytest
from rich.console import Console

from vidstyle.apps.batch_jobs import Job
from vidstyle.console.progress import LOSSES_NOTE, Progress, TrainingProgress, _state, shortened
from vidstyle.errors import Note
from vidstyle.stats import Stats
from vidstyle.training.results import TrainProgress


def test_without_a_terminal_lines_are_printed_and_no_bar(
    capsys: pytest.CaptureFixture[str],
) -> None:
    threads = set(threading.enumerate())
    with Progress([Job(Path("a.mp4"), Path("b.mp4"))] * 2, shown=True) as progress:
        progress.watch([Job(Path("a.mp4"), Path("b.mp4"))], Stats())
        progress.say("[a.mp4] is done, and brackets are no markup")
    out, err = capsys.readouterr()
    assert out == ""
    assert err == "[a.mp4] is done, and brackets are no markup\n"
    assert set(threading.enumerate()) <= threads


@pytest.mark.parametrize(("shown", "saved", "lines"), [(True, True, 2), (True, False, 0),
                                                       (False, True, 0)])  # fmt: skip
def test_a_training_without_a_terminal_says_a_line_at_each_checkpoint(
    capsys: pytest.CaptureFixture[str], shown: bool, saved: bool, lines: int
) -> None:
    state = TrainProgress(120, 0.25, 754.0, {"style": 0.254, "tv": 0.001}, saved)
    with TrainingProgress(shown) as progress:
        progress.show(state)
    expected = [LOSSES_NOTE, "step 120  style 0.25 roughness 0.00  12:34 left"]
    assert capsys.readouterr().err.splitlines() == expected[:lines]


def test_a_note_of_a_training_is_a_line_at_once_with_its_flags(
    capsys: pytest.CaptureFixture[str],
) -> None:
    state = TrainProgress(12, 0.1, 60.0, {"style": 0.2}, False, Note("Too few.", {"minutes": 35}))
    for shown in (True, False):
        with TrainingProgress(shown) as progress:
            progress.show(state)
    assert capsys.readouterr().err == "Too few (--minutes 35).\n"


def terminal(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """Let rich believe that what it writes to is a terminal of 100 columns."""
    written = io.StringIO()

    def console(**_: object) -> Console:
        return Console(file=written, force_terminal=True, width=100)

    monkeypatch.setattr("vidstyle.console.progress.Console", console)
    return written


@pytest.mark.parametrize(
    ("counts", "totals", "words"),
    [
        ({"frames": 20}, (100, None), ["in.mp4", "20/100", " fps", "x real time", " left"]),
        ({"frames": 20}, (None, None), ["20", " fps", "x real time"]),
        ({"paintings": 3}, (100, 12), ["painting 3/12", " left"]),
        ({"paintings": 12, "frames": 5}, (100, 12), ["5/100"]),
    ],
)
def test_a_terminal_shows_what_is_done(
    monkeypatch: pytest.MonkeyPatch,
    counts: dict[str, int],
    totals: tuple[int | None, int | None],
    words: list[str],
) -> None:
    monkeypatch.setattr("vidstyle.console.progress.REFRESH_S", 0.01)
    written, stats = terminal(monkeypatch), Stats()
    for name, count in counts.items():
        stats.count(name, count)
    stats.expected_frames, stats.expected_paintings = totals
    with Progress([Job(Path("in.mp4"), Path("out.mp4"))], shown=True) as progress:
        progress.watch([Job(Path("in.mp4"), Path("out.mp4"))], stats)
        deadline = time.monotonic() + 30
        while not all(word in written.getvalue() for word in words):
            assert time.monotonic() < deadline, written.getvalue()
            time.sleep(0.02)
        progress.clear()


def test_a_long_name_is_shortened_and_never_the_time_left(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("vidstyle.console.progress.REFRESH_S", 0.01)
    written, stats = terminal(monkeypatch), Stats()
    jobs = [Job(tmp_path / f"{letter * 60}.mp4", Path("out.mp4")) for letter in "abあ"]
    for job in jobs:
        job.input.write_bytes(b"some bytes")
    stats.count("frames", 20)
    stats.expected_frames = 100
    ending = re.compile(r"aa….*aa\.mp4 \(1/3\).* 20/100 .* left, all \d+:\d\d")
    with Progress(jobs, shown=True) as progress:
        progress.watch(jobs[:1], stats)
        deadline = time.monotonic() + 30
        while not ending.search(re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", written.getvalue())):
            assert time.monotonic() < deadline
            time.sleep(0.01)


@pytest.mark.parametrize(
    ("name", "width", "shown"),
    [
        ("film.mp4", 8, "film.mp4"),
        ("a-long-name.mp4", 11, "a-lon…e.mp4"),
        ("あいうえおか.mp4", 11, "あいう….mp4"),
        ("a-long-name.mp4", -5, "a-l….mp4"),
    ],
)
def test_names_lose_their_middle(name: str, width: int, shown: str) -> None:
    assert shortened(name, width) == shown


def test_time_left_counts_from_the_first_frame(monkeypatch: pytest.MonkeyPatch) -> None:
    now_s = [0.0]
    monkeypatch.setattr("time.monotonic", lambda: now_s[0])
    stats = Stats()
    stats.expected_frames, stats.expected_paintings = 100, 10
    now_s[0] = 3600.0  # an hour of painting
    stats.count("paintings", 10)
    stats.count("frames")
    now_s[0] += 20
    stats.count("frames", 19)
    assert _state(stats)[2].endswith("1:20 left")


@pytest.mark.parametrize(("elapsed_s", "left"), [(60, "9:00"), (540, "1:00"), (700, "35:00")])
def test_a_time_budget_is_the_time_left_until_it_is_over(
    monkeypatch: pytest.MonkeyPatch, elapsed_s: float, left: str
) -> None:
    now_s = [0.0]
    monkeypatch.setattr("time.monotonic", lambda: now_s[0])
    stats = Stats()
    stats.expected_paintings, stats.time_limit_s = 8, 600.0
    stats.count("paintings", 2)
    now_s[0] = elapsed_s
    assert _state(stats)[2] == f"painting 2/8  {left} left"


@pytest.mark.parametrize(("shown", "jobs"), [(True, 1), (True, 2), (False, 1)])
def test_a_run_that_goes_on_says_from_where(
    capsys: pytest.CaptureFixture[str], shown: bool, jobs: int
) -> None:
    stats = Stats()
    stats.expected_s = 600.0
    stats.resume({"frames": 5000}, 90.0, 200.2)
    job = Job(Path("a.mp4"), Path("b.mp4"))
    with Progress([job] * jobs, shown=shown) as progress:
        progress.watch([job], stats)
        progress.say("a.mp4 is done")
    name = "a.mp4: " * (jobs > 1)
    first = f"{name}Resumed at 3:20 of 10:00.\n" * shown
    assert capsys.readouterr().err == f"{first}a.mp4 is done\n"
