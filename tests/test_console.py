"""Descriptions of outcomes, their JSON, tables, and progress on terminals and elsewhere."""

import io
import json
import re
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from vidstyle.apps.batch import Failure, Job
from vidstyle.apps.export import ExportResult
from vidstyle.apps.outputs import Result
from vidstyle.apps.painting import PaintingResult
from vidstyle.console import (
    LOSSES_NOTE,
    Progress,
    TrainingProgress,
    _state,
    batch_to_json,
    describe,
    print_findings,
    print_styles,
    shortened,
    to_json,
)
from vidstyle.errors import Note, SourceError
from vidstyle.live.metrics import LiveReport
from vidstyle.results import FileResult, RunResult
from vidstyle.stats import Stats
from vidstyle.stylize.catalog import shipped_styles
from vidstyle.training.results import TrainProgress, TrainResult

FILE: dict[str, Any] = {"seconds": 2.0, "output_bytes": 1500, "warnings": ["odd size"]}
RESULT = Result(
    input=Path("in.mp4"), output=Path("out.mp4"), style="ink", frames=50, keyframes=9,
    damage=["1 packet could not be decoded"], **FILE,
)  # fmt: skip
TRAINED = TrainResult(
    output=Path("ink.onnx"), folder=Path("ink.training"), steps=3, losses={"style": 0.123456},
    finished=False, **FILE,
)  # fmt: skip
LIVE = LiveReport(
    seconds=61.0, frames=90, fps=29.97, latency_p50_ms=40.0, latency_p99_ms=80.0, dropped=2,
    keyframes=9, quality="480 lines", cores=1.5, memory_mb=None, first_picture_s=0.5,
)  # fmt: skip
FAILURE = Failure(Path("bad.mp4"), SourceError("bad.mp4 is no video."))
PAINTED = PaintingResult(
    output=Path("oil.onnx"), texture="scream", others=[Path("oil.int8.onnx")], **FILE
)
EXPORTED = ExportResult(
    output=Path("ink.tflite"), style="ink", to="web", mean_difference=1.23456,
    largest_difference=35, similarity=0.987654, others=[Path("ink.json")], **FILE,
)  # fmt: skip
OUTCOMES = [RESULT, TRAINED, PAINTED, EXPORTED, LIVE, FAILURE]


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_every_outcome_is_described_and_is_json(outcome: RunResult | Failure) -> None:
    assert describe(outcome).strip()
    assert json.loads(json.dumps(to_json(outcome))) == to_json(outcome)


def test_every_class_of_results_is_among_them() -> None:
    classes = [*RunResult.__subclasses__(), *FileResult.__subclasses__()]
    names = {each.__name__ for each in classes} - {"FileResult"}
    assert names == {type(outcome).__name__ for outcome in OUTCOMES} - {"Failure"}


def test_notes_and_damage_are_lines_of_their_own() -> None:
    first, *others = describe(RESULT).splitlines()
    assert first == "out.mp4  50 frames, 9 keyframes, 25.0 fps, 2.0 s, 1.5 KB"
    assert others == ["  damaged: 1 packet could not be decoded", "  note: odd size"]
    assert "  note: odd size" in describe(TRAINED).splitlines()
    assert "--resume goes on" in describe(TRAINED)


def test_a_batch_is_its_results_and_its_failures() -> None:
    assert batch_to_json([RESULT, FAILURE]) == {
        "results": [to_json(RESULT)],
        "failures": [{"input": "bad.mp4", "error": "bad.mp4 is no video."}],
    }
    assert batch_to_json([]) == {"results": [], "failures": []}


def test_a_single_picture_needs_no_rates() -> None:
    one = replace(RESULT, frames=1, damage=[], warnings=[], output_bytes=2_345_678)
    assert describe(one) == "out.mp4  (2.3 MB, 2.0 s)"


def test_a_live_run_is_two_lines() -> None:
    assert describe(LIVE).splitlines() == [
        "90 pictures in 1:01, 30.0 fps, 40 ms behind, p99 80 ms, 2 dropped",
        "480 lines, 9 keyframes, 1.50 cores",
    ]


def test_a_finished_training_names_the_fastest_file_that_there_is(tmp_path: Path) -> None:
    float32, int8 = tmp_path / "ink.onnx", tmp_path / "ink.int8.onnx"
    int8.write_bytes(bytes(1234))
    trained = replace(TRAINED, output=float32, finished=True, warnings=[])
    assert describe(trained).endswith(f"Use it: vidstyle film.mp4 --style {float32}")
    assert "Stopped early" not in describe(trained)
    with_int8 = describe(replace(trained, others=[int8]))
    assert f"{int8}  (1,234 bytes)" in with_int8
    assert with_int8.endswith(f"Use it: vidstyle film.mp4 --style {int8}")


def test_numbers_are_rounded_in_json() -> None:
    assert to_json(replace(RESULT, seconds=2.0004567))["seconds"] == 2.0
    assert to_json(TRAINED)["losses"] == {"style": 0.12346}
    assert to_json(LIVE)["fps"] == 29.97


def test_the_catalog_is_a_line_for_each_style_with_its_default_named(
    shelf: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    styles = shipped_styles()
    print_styles(styles)
    head, *lines = capsys.readouterr().out.splitlines()
    assert head.split() == ["style", "painting", "artist", "year", "size", "bytes", "licence"]
    assert [line.split()[0] for line in lines] == [style.name for style in styles]
    assert [("(default)" in line) for line in lines] == [True, False, False]
    for line, style in zip(lines, styles, strict=True):
        for word in (str(style.painting["title"]), "A. Toy", "1900", f"{style.bytes:,}", "MIT"):
            assert word in line


def test_findings_are_lines_with_unknown_and_none_in_words(
    capsys: pytest.CaptureFixture[str],
) -> None:
    print_findings(
        {
            "cores": 2,
            "memory": None,
            "cameras": [],
            "modes": ["640x480", "1280x720"],
            "packages": {"torch": "2.9", "pygame": None},
        }
    )
    lines = [line.strip().split(maxsplit=1) for line in capsys.readouterr().out.splitlines()]
    assert lines[:4] == [
        ["cores", "2"],
        ["memory", "unknown"],
        ["cameras", "none"],
        ["modes", "640x480, 1280x720"],
    ]
    assert lines[4][1].split() == ["torch:", "2.9"]
    assert lines[5] == ["pygame:", "unknown"]


def test_commands_are_whole_in_a_narrow_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    command = "sudo modprobe v4l2loopback exclusive_caps=1 card_label=vidstyle"
    print_findings({"to do": [command], "cameras": ["Brio 100 at /dev/video0", "Cam Link 4K"]})
    assert capsys.readouterr().out.splitlines() == [
        f"to do    {command}",
        "cameras  Brio 100 at /dev/video0",
        "         Cam Link 4K",
    ]


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

    monkeypatch.setattr("vidstyle.console.Console", console)
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
    monkeypatch.setattr("vidstyle.console.REFRESH_S", 0.01)
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
    monkeypatch.setattr("vidstyle.console.REFRESH_S", 0.01)
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
    stats.go_on({"frames": 5000}, 90.0, 200.2)
    job = Job(Path("a.mp4"), Path("b.mp4"))
    with Progress([job] * jobs, shown=shown) as progress:
        progress.watch([job], stats)
        progress.say("a.mp4 is done")
    name = "a.mp4: " * (jobs > 1)
    first = f"{name}Resumed at 3:20 of 10:00.\n" * shown
    assert capsys.readouterr().err == f"{first}a.mp4 is done\n"
