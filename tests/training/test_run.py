"""A whole run but for the painting's size and the export, which tests/apps/test_train.py has."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch

from tests.training.runs import names, run, stop_at, weights
from tests.training.toys import blurred_noise, toy_content
from vidstyle.errors import Note, SinkError, SourceError, StyleError
from vidstyle.media.image_file import read_photo, write_photo, write_result
from vidstyle.media.output_lock import output_lock
from vidstyle.training import run as session_module
from vidstyle.training import start as start_module
from vidstyle.training import style_files
from vidstyle.training.checkpoint import read_checkpoint
from vidstyle.training.data import content as content_module
from vidstyle.training.data.content import GENERATED_NOTE
from vidstyle.training.data.examples import collage
from vidstyle.training.forecast import StepForecast
from vidstyle.training.preview import ContactSheet, plot_losses
from vidstyle.training.results import TrainProgress
from vidstyle.training.trainer import Trainer

HANG_LIMIT_S = 120
pytestmark = pytest.mark.usefixtures("toys")


def watched_trainers(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """What each trainer from now on is made from, in a list that grows."""
    made = []

    class Watched(Trainer):
        def __init__(self, *arguments: Any) -> None:
            made.append(arguments)
            super().__init__(*arguments)

    monkeypatch.setattr(session_module, "Trainer", Watched)
    return made


def same_weights(one: dict[str, Any], other: dict[str, Any]) -> bool:
    assert one.keys() == other.keys()
    return all(torch.equal(one[name], other[name]) for name in one)


def test_a_run_leaves_style_checkpoint_sheet_and_curves(
    painting: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session_module, "plot_losses", plot_losses)
    seen: list[TrainProgress] = []
    result = run(painting, seen.append)
    folder = painting.with_name("style.training")
    assert names(painting) == ["painting.png", "style.onnx", "style.training"]
    assert result.output.read_bytes() == b"onnx"
    assert result.output_bytes == 4
    assert result.folder == folder
    assert result.finished and result.steps == 4
    assert result.others == []
    assert result.warnings == [GENERATED_NOTE]
    assert result.losses.keys() >= {"style", "patch", "content", "tone", "tv", "temporal"}
    for name in ("preview.png", "losses.png"):
        assert read_photo(folder / name).std() > 5
    assert [progress.step for progress in seen] == [1, 2, 3, 4]
    assert [progress.done for progress in seen] == [0.25, 0.5, 0.75, 1]
    assert seen[-1].left_s == 0
    assert not list(folder.glob(".*"))


def test_a_new_column_comes_when_enough_was_learned(
    painting: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session_module, "PREVIEW_SHARE", 0.5)
    run(painting)
    columns = sorted(painting.with_name("style.training").glob("step-*.png"))
    assert [file.stem for file in columns] == ["step-0000001", "step-0000003", "step-0000004"]


def test_checkpoints_come_by_the_clock(painting: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    saved: list[bool] = []
    run(painting, lambda progress: saved.append(progress.saved))
    assert not any(saved)
    monkeypatch.setattr(session_module, "CHECKPOINT_EVERY_S", 0.0)
    run(painting, lambda progress: saved.append(progress.saved), overwrite=True)
    assert saved[-4:] == [True] * 4


def test_ctrl_c_exports_what_there_is_and_resume_goes_on(painting: Path) -> None:
    stopped = run(painting, stop_at(2))
    assert not stopped.finished
    assert stopped.steps == 2
    assert stopped.output.exists()
    resumed = run(painting, resume=True)
    assert resumed.finished
    assert resumed.steps == 4
    assert resumed.seconds > stopped.seconds
    in_two_parts = weights(painting)
    run(painting, overwrite=True)
    assert same_weights(in_two_parts, weights(painting))


def test_ctrl_c_writes_what_matters_first_and_nothing_that_takes_seconds(
    painting: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Trace before the training; afterwards checkpoint, style, preview, curves, and no int8."""
    calls = list[str]()

    def recorded(owner: Any, name: str) -> None:
        original = getattr(owner, name)

        def call(*arguments: Any) -> Any:
            calls.append(name)
            return original(*arguments)

        monkeypatch.setattr(owner, name, call)

    for owner, name in (
        (style_files, "traced"),
        (Trainer, "run"),
        (Trainer, "save"),
        (style_files, "export"),
        (ContactSheet, "add"),
        (session_module, "plot_losses"),
        (style_files, "quantize"),
        (style_files, "export_torch"),
    ):
        recorded(owner, name)
    monkeypatch.setattr(session_module, "PREVIEW_SHARE", 2.0)
    result = run(painting, stop_at(2), int8=True, torch=True)
    assert calls == ["traced", "run", "save", "export", "add", "plot_losses"]
    assert result.others == []
    assert result.warnings[1:] == [
        "style.int8.onnx is missing, as stopping leaves it out. Resume and finish to get it.",
        "style.pt2 is missing, as stopping leaves it out. Resume and finish to get it.",
    ]


def test_a_second_ctrl_c_keeps_the_checkpoint(
    painting: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(style_files, "export", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run(painting, stop_at(2))
    assert read_checkpoint(painting.with_name("style.training") / "checkpoint.pt")["step"] == 2
    assert names(painting) == ["painting.png", "style.training"]


def test_ctrl_c_before_the_first_step_leaves_nothing(
    painting: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Trainer, "_learn", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run(painting)
    assert names(painting) == ["painting.png"]


def test_a_finished_run_can_be_resumed_with_more_steps(painting: Path) -> None:
    run(painting, steps=2)
    assert run(painting, steps=2, resume=True).steps == 2  # nothing left to do
    assert run(painting, steps=4, resume=True).steps == 4


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"size": "55k"}, "size"),
        ({"seed": 1}, "seed"),
        ({"batch": 2}, "batch"),
        ({"own_colors": 0.5}, "own-colors"),
    ],
)
def test_another_run_cannot_be_resumed(painting: Path, changes: dict[str, Any], what: str) -> None:
    run(painting, steps=1)
    with pytest.raises(StyleError, match=f"made with another {what}"):
        run(painting, resume=True, start_from="none", **changes)


def test_another_painting_or_other_photos_cannot_be_resumed(
    painting: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(painting, steps=1)
    monkeypatch.setattr(content_module, "procedural_content", lambda seed: toy_content(5))
    with pytest.raises(StyleError, match="made with another content"):
        run(painting, resume=True)
    write_photo(painting, blurred_noise(101))
    with pytest.raises(StyleError, match="made with another painting and content"):
        run(painting, resume=True)


def test_of_two_trainings_at_once_into_one_file_one_is_refused(painting: Path) -> None:
    run(painting, steps=1)
    before = weights(painting)
    with output_lock(painting.with_name("style.onnx")):
        for resume in (True, False):
            with pytest.raises(SinkError, match=r"style\.onnx is being written by another run"):
                run(painting, steps=2, resume=resume, overwrite=not resume)
    assert same_weights(before, weights(painting))


def save(height: int, width: int) -> Callable[[Path], Any]:
    return lambda file: write_photo(file, blurred_noise(0, height, width))


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda file: file.write_bytes(b"no picture"), "is not a picture that can be read"),
        (lambda file: file.write_bytes(b""), "is not a picture that can be read"),
        (Path.unlink, "There is no file"),
        (lambda file: (file.unlink(), file.mkdir()), "is a folder"),
    ],
)
def test_a_painting_of_no_use_is_said_and_leaves_nothing(
    painting: Path, spoil: Callable[[Path], Any], reason: str
) -> None:
    spoil(painting)
    before = names(painting)
    with pytest.raises(SourceError, match=reason):
        run(painting)
    assert names(painting) == before


def test_a_painting_that_is_too_small_is_said_and_leaves_nothing(painting: Path) -> None:
    save(63, 500)(painting)
    before = names(painting)
    with pytest.raises(StyleError, match=r"too small to show how it is painted: 500x63 px"):
        run(painting)
    assert names(painting) == before


def test_transparent_parts_of_a_painting_are_learned_as_white_paper(
    painting: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained = watched_trainers(monkeypatch)
    opacity = np.full((100, 100), 255, np.uint8)
    opacity[:50] = 0
    image = np.dstack([blurred_noise(0, 100, 100) // 2, opacity])
    cv2.imwrite(str(painting), image)
    run(painting, steps=1)
    learned = trained[0][1]
    assert (learned[..., :60, :] == 1).all()
    assert learned[..., 70:, :].max() < 0.6


@pytest.mark.parametrize("size", [(64, 64), (64, 700), (128, 128)])
def test_a_small_or_long_painting_will_do(painting: Path, size: tuple[int, int]) -> None:
    save(*size)(painting)
    assert run(painting, steps=1).finished


def test_content_is_read_and_what_cannot_be_is_counted(painting: Path) -> None:
    photos = painting.with_name("photos")
    photos.mkdir()
    for n in range(2):
        write_photo(photos / f"{n}.png", blurred_noise(n))
    assert run(painting, steps=1, content=str(photos)).warnings == []
    (photos / "broken.jpg").write_bytes(b"no picture")
    result = run(painting, steps=1, content=str(photos), overwrite=True)
    (warning,) = result.warnings
    assert warning.startswith("1 of 3 skipped: ")
    assert "broken.jpg is not a picture" in warning


def test_examples_are_the_target_and_their_collage_the_style(
    painting: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder, sign in (("photos", 1), ("painted", -1)):
        painting.with_name(folder).mkdir()
        for n in range(2):
            write_photo(painting.with_name(folder) / f"{n}.png", blurred_noise(n)[:, ::sign])
    trained = watched_trainers(monkeypatch)
    content, examples = (str(painting.with_name(name)) for name in ("photos", "painted"))
    run(painting, steps=1, content=content, examples=examples)
    ((_, style_image, photos, _, _, paintings),) = trained
    assert torch.equal(style_image, collage(paintings.images))
    assert (paintings.images[1] == blurred_noise(1)[:, ::-1]).all()
    assert len(photos.images) == 2
    with pytest.raises(StyleError):  # the same photos, but another run
        run(painting, steps=2, content=content, resume=True)


def test_results_of_vidstyle_among_the_photos_are_counted(painting: Path) -> None:
    photos = painting.with_name("photos")
    photos.mkdir()
    write_photo(photos / "photo.png", blurred_noise(0))
    write_result(photos / "painted.png", blurred_noise(1))
    (warning,) = run(painting, steps=1, content=str(photos)).warnings
    assert warning == "1 file made by vidstyle left out, as results are no photos"


def test_an_empty_content_folder_leaves_nothing(painting: Path) -> None:
    painting.with_name("photos").mkdir()
    with pytest.raises(SourceError, match="No photos or videos in"):
        run(painting, content=str(painting.with_name("photos")))
    assert names(painting) == ["painting.png", "photos"]


@pytest.mark.parametrize(
    ("start_from", "reason"),
    [
        ("nope", 'No style named "nope"'),
        ("{folder}/none.onnx", r"Cannot start from .*none\.onnx: No such file"),
        ("{folder}/text.onnx", r"Cannot start from .*text\.onnx: "),
    ],
)
def test_a_start_of_no_use_is_said(painting: Path, start_from: str, reason: str) -> None:
    painting.with_name("text.onnx").write_text("no model")
    with pytest.raises(StyleError, match=reason) as raised:
        run(painting, start_from=start_from.format(folder=painting.parent))
    assert "\n" not in str(raised.value)
    assert names(painting) == ["painting.png", "text.onnx"]


def test_a_start_of_another_size_is_said(painting: Path) -> None:
    with pytest.raises(StyleError, match="another architecture"):
        run(painting, start_from="great-wave", size="220k")


def test_a_shipped_style_of_the_size_is_where_it_starts(
    painting: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained = watched_trainers(monkeypatch)
    run(painting, steps=1, size="55k")
    run(painting, steps=1, size="55k", start_from="none", overwrite=True)
    starts = [arguments[4] for arguments in trained]
    assert starts[0]["stem.weight"].shape == (32, 48, 1, 1)
    assert starts[1] is None


def test_the_chosen_start_is_said_once_and_one_given_is_not(
    painting: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained = watched_trainers(monkeypatch)
    monkeypatch.setattr(start_module, "nearest_style", lambda *_: "udnie-17k")
    notes = list[str]()
    run(painting, lambda progress: notes.append(progress.note), steps=2)
    assert notes == ["Starts from udnie-17k, the shipped style with the nearest brushwork.", ""]
    run(painting, lambda progress: notes.append(progress.note), steps=3, resume=True)
    for start_from in ("none", "udnie-17k"):
        changes = {"steps": 1, "start_from": start_from, "overwrite": True}
        run(painting, lambda progress: notes.append(progress.note), **changes)
    assert notes[2:] == ["", "", ""]
    by_choice, _, from_nothing, by_name = (arguments[4] for arguments in trained)
    assert from_nothing is None
    assert same_weights(by_choice, by_name)


def test_too_few_steps_are_said_once_and_in_the_result(
    painting: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    warning = Note("Too few.", {"minutes": 5})
    monkeypatch.setattr(
        StepForecast, "note", lambda _, step, elapsed_s: warning if step == 2 else None
    )
    notes = list[str]()
    result = run(painting, lambda progress: notes.append(progress.note))
    assert notes[1:] == [warning, "", ""]
    assert result.warnings == [GENERATED_NOTE, warning]


def test_weights_are_factors_of_the_tuned_ones(
    painting: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = run(painting, steps=1).losses
    factors: dict[str, Any] = {
        "style_weight": 2.0,
        "content_weight": 3.0,
        "tv_weight": 5.0,
        "temporal_weight": 0.0,
    }
    second = run(painting, steps=1, overwrite=True, **factors).losses
    expected = {
        "style": 2.0, "patch": 2.0, "content": 3.0, "tone": 3.0, "structure": 3.0, "tv": 5.0,
        "temporal": 0.0, "range": 1.0, "grid": 1.0,
    }  # fmt: skip
    for name, factor in expected.items():
        assert second[name] == pytest.approx(factor * first[name], rel=1e-5), name


def test_own_colors_reach_the_target_and_are_asked_for_firmly(
    painting: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained = watched_trainers(monkeypatch)
    run(painting, steps=1)
    run(painting, steps=1, own_colors=0.5, content_weight=2.0, overwrite=True)
    plain, own = (arguments[0] for arguments in trained)
    assert (plain.own_colors, own.own_colors) == (0.0, 0.5)
    assert own.weights.tone == pytest.approx(2 * 2.5 * plain.weights.tone)


def test_the_style_scale_is_the_paintings_size(
    painting: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained = watched_trainers(monkeypatch)
    for scale in (1.0, 0.5, 2.0):
        run(painting, steps=1, style_scale=scale, overwrite=True)
    assert [min(arguments[1].shape[2:]) for arguments in trained] == [128, 64, 256]


def test_a_disk_that_fills_while_training_is_said(
    painting: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    resource = pytest.importorskip("resource")
    monkeypatch.setattr(session_module, "CHECKPOINT_EVERY_S", 0.0)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, hard))
    try:
        with pytest.raises(SinkError, match=r"Cannot write .*checkpoint\.pt \("):
            run(painting)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert list(painting.with_name("style.training").iterdir()) == []


SCRIPT = """
import sys
from pathlib import Path
from vidstyle import cli
from vidstyle.training import run
from vidstyle.training.data import content
from tests.training.toys import ToyFeatures, toy_content
from functools import partial
run.CHECKPOINT_EVERY_S = 0.2
run.TrainingSettings = partial(run.TrainingSettings, crop=32)
run.load_features = lambda *_: ToyFeatures()
content.procedural_content = lambda seed: toy_content(1)  # else luck decides
sys.exit(cli.main(sys.argv[1:]))
"""


@pytest.mark.slow
@pytest.mark.timeout(10 * HANG_LIMIT_S)
def test_a_run_that_was_killed_goes_on_as_if_nothing_had_happened(painting: Path) -> None:
    def words(name: str, *more: str) -> list[str]:
        output = str(painting.with_name(f"{name}.onnx"))
        settings = ["--size=17k", "--steps=60", "--batch=1", "--threads=1", "--no-int8"]
        return [
            sys.executable,
            "-c",
            SCRIPT,
            "train",
            str(painting),
            "-o",
            output,
            *settings,
            "--quiet",
            *more,
        ]

    subprocess.run(words("whole"), check=True, timeout=2 * HANG_LIMIT_S)
    process = subprocess.Popen(words("killed"))
    checkpoint = painting.with_name("killed.training") / "checkpoint.pt"
    try:
        deadline = time.monotonic() + HANG_LIMIT_S
        while not checkpoint.exists():
            assert process.poll() is None and time.monotonic() < deadline
            time.sleep(0.02)
        os.kill(process.pid, signal.SIGKILL)
        assert process.wait(HANG_LIMIT_S) == -signal.SIGKILL
    finally:
        process.kill()
    assert 0 < read_checkpoint(checkpoint)["step"] < 60
    assert not painting.with_name("killed.onnx").exists()
    subprocess.run(words("killed", "--resume"), check=True, timeout=2 * HANG_LIMIT_S)
    whole = read_checkpoint(painting.with_name("whole.training") / "checkpoint.pt")
    resumed = read_checkpoint(checkpoint)
    for part in ("generator", "average"):
        for name, tensor in whole[part].items():
            assert torch.equal(tensor, resumed[part][name]), name
    assert [r["step"] for r in resumed["history"]] == [r["step"] for r in whole["history"]]
    assert [r["style"] for r in resumed["history"]] == [r["style"] for r in whole["history"]]
    onnx_files = [painting.with_name(f"{name}.onnx").read_bytes() for name in ("whole", "killed")]
    assert onnx_files[0] == onnx_files[1]


@pytest.mark.slow
@pytest.mark.timeout(10 * HANG_LIMIT_S)
def test_two_processes_learn_what_one_learns(painting: Path, tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(SCRIPT.replace("crop=32", "crop=64"))
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    launchers = {1: [sys.executable], 2: [*torchrun, "--nproc-per-node=2"]}
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    curves = []
    for processes, launcher in launchers.items():
        output = tmp_path / f"by{processes}.onnx"
        words = [
            "train",
            str(painting),
            "-o",
            str(output),
            "--size=17k",
            "--steps=150",
            "--no-int8",
        ]
        done = subprocess.run(
            [*launcher, str(script), *words, "--json", f"--threads={processes}"],  # one each
            capture_output=True,
            text=True,
            timeout=4 * HANG_LIMIT_S,
            env=environment,
        )
        assert done.returncode == 0, done.stderr
        assert done.stdout.count('"finished": true') == 1  # only the first process reports
        state = read_checkpoint(tmp_path / f"by{processes}.training" / "checkpoint.pt")
        curves.append([record["style"] for record in state["history"]])
    one, two = (np.array(curve) for curve in curves)
    assert len(one) == len(two) == 16
    assert np.median(one[-5:]) < 0.9 * one[0]  # it is a curve
    # Medians: each record is one step, and one in ten is three times its neighbors.
    assert np.median(two[3:]) == pytest.approx(np.median(one[3:]), rel=0.15)
    assert names(painting) == [
        "by1.onnx", "by1.training", "by2.onnx", "by2.training", "painting.png", "script.py",
    ]  # fmt: skip
