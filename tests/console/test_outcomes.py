"""Outcomes are described in text and in JSON."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from vidstyle.apps.export import ExportResult
from vidstyle.apps.outputs import Failure, Result
from vidstyle.apps.painting import PaintingResult
from vidstyle.console.outcomes import batch_to_json, describe, to_json
from vidstyle.errors import SourceError
from vidstyle.live.metrics import LiveReport
from vidstyle.results import FileResult, RunResult
from vidstyle.training.results import TrainResult

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
PAINTED = PaintingResult(output=Path("oil.onnx"), others=[Path("oil.int8.onnx")], **FILE)
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
