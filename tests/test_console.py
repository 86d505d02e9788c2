"""Every kind of outcome has one description and one form as JSON."""

import json
from pathlib import Path
from typing import Any

import pytest

from vidstyle.apps.batch import Failure
from vidstyle.apps.outputs import Result
from vidstyle.console import batch_to_json, describe, to_json
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
OUTCOMES = [RESULT, TRAINED, LIVE, FAILURE]


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
