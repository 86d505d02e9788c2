"""From a painting's file to the style's, by the command line and with the real export."""

import dataclasses
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from functools import partial
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.perceptual.weights import write_random_slim
from tests.training.toys import blurred_noise, toy_content
from vidstyle.apps.train import train_style
from vidstyle.cli import DONE, FAILED, INTERRUPTED, main
from vidstyle.console.progress import LOSSES_NOTE, TrainingProgress
from vidstyle.errors import SinkError
from vidstyle.extras import install_hint
from vidstyle.flags import with_flags
from vidstyle.media.image_file import read_photo, write_photo
from vidstyle.network.architecture import LARGEST_BYTES
from vidstyle.options import TrainOptions
from vidstyle.stylize.generator import OnnxGenerator
from vidstyle.training import run as session_module
from vidstyle.training.data import content as content_module
from vidstyle.training.data.content import GENERATED_NOTE
from vidstyle.training.results import TrainProgress
from vidstyle.training.trainer import TrainingSettings

EXISTS = "exists. Allow overwriting, or choose another name (--overwrite or -o)."
TINY = ["--size=17k", "--steps=3", "--batch=1", "--threads=1"]

Captured = pytest.CaptureFixture[str]


@pytest.fixture(scope="module", autouse=True)
def small() -> Iterator[None]:
    """Small crops and four generated pictures."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(session_module, "TrainingSettings", partial(TrainingSettings, crop=32))
        patch.setattr(content_module, "procedural_content", lambda seed: toy_content())
        patch.setattr(session_module, "STYLE_SIZE", 128)
        yield


@pytest.fixture(scope="module")
def features(tmp_path_factory: pytest.TempPathFactory) -> str:
    file = tmp_path_factory.mktemp("features") / "slim.npz"
    write_random_slim(file)
    return f"--feature-weights={file}"


@dataclasses.dataclass(frozen=True)
class Run:
    """What a finished command left."""

    folder: Path
    code: int
    out: str
    err: str


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory, features: str) -> Run:
    """`vidstyle train painting.png`, with all forms of output."""
    folder = tmp_path_factory.mktemp("plain")
    write_photo(folder / "painting.png", blurred_noise(100))
    words = [*TINY, features, "--name=mine", "--torch", "--json", "--start-from=udnie-17k"]
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        return Run(folder, *captured(["train", "painting.png", *words]))


@pytest.fixture(scope="module")
def stopped(tmp_path_factory: pytest.TempPathFactory, features: str) -> Run:
    """Ctrl-C after two of three steps on a folder of photos, one of them broken."""
    folder = tmp_path_factory.mktemp("stopped")
    write_photo(folder / "painting.png", blurred_noise(100))
    (folder / "photos").mkdir()
    write_photo(folder / "photos" / "a.png", blurred_noise(1))
    (folder / "photos" / "broken.jpg").write_bytes(b"no picture")
    words = [str(folder / "painting.png"), *TINY, features, f"--content={folder / 'photos'}"]

    def stop(_: object, progress: TrainProgress) -> None:
        if progress.step == 2:
            raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("vidstyle.console.progress.TrainingProgress.show", stop)
        patch.chdir(folder)
        return Run(folder, *captured(["train", *words]))


def captured(words: list[str]) -> tuple[int, str, str]:
    """Run the command line here; pytest's own capture is not for a module's fixtures."""
    out, err = StringIO(), StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = main(words)
    return code, out.getvalue(), err.getvalue()


@pytest.fixture
def painting(tmp_path: Path) -> Path:
    write_photo(tmp_path / "painting.png", blurred_noise(100))
    return tmp_path / "painting.png"


def names(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir())


def test_a_painting_becomes_a_style_of_its_class(plain: Run) -> None:
    assert plain.code == DONE
    file = plain.folder / "mine.onnx"
    assert file.stat().st_size <= LARGEST_BYTES["17k"]
    photo = blurred_noise(5, 90, 131)
    painted = OnnxGenerator(file).paint(photo)
    assert painted.shape == photo.shape
    assert not np.array_equal(painted, photo)


def test_int8_and_torch_files_paint_the_same(plain: Run) -> None:
    photo = blurred_noise(5, 96, 128)
    painted = OnnxGenerator(plain.folder / "mine.onnx").paint(photo).astype(int)
    in_int8 = OnnxGenerator(plain.folder / "mine.int8.onnx").paint(photo)
    assert np.abs(in_int8 - painted).mean() < 4
    program = torch.export.load(plain.folder / "mine.pt2")
    images = torch.from_numpy(photo).permute(2, 0, 1)[None] / 255
    by_torch = program.module()(images)[0].permute(1, 2, 0).detach().numpy() * 255
    inside = slice(44, -44)  # the other one has mirrored borders
    assert np.abs(by_torch - painted)[inside, inside].mean() < 1


def test_the_folder_beside_it_can_be_looked_at(plain: Run) -> None:
    folder = plain.folder / "mine.training"
    assert read_photo(folder / "preview.png").std() > 5
    assert read_photo(folder / "losses.png").std() > 5
    assert (folder / "checkpoint.pt").exists()


def test_nothing_half_made_is_left(plain: Run) -> None:
    expected = ["mine.int8.onnx", "mine.onnx", "mine.pt2", "mine.training", "painting.png"]
    assert names(plain.folder) == expected
    assert not list((plain.folder / "mine.training").glob(".*"))


def test_the_summary_says_it_all(plain: Run) -> None:
    summary = json.loads(plain.out)
    assert summary["output"] == "mine.onnx"
    assert summary["others"] == ["mine.int8.onnx", "mine.pt2"]
    assert summary["folder"] == "mine.training"
    assert summary["finished"] is True
    assert summary["steps"] == 3
    assert summary["seconds"] > 0
    assert summary["output_bytes"] == (plain.folder / "mine.onnx").stat().st_size
    assert summary["losses"].keys() >= {"style", "patch", "content", "temporal"}
    assert summary["warnings"] == [with_flags(GENERATED_NOTE)]


def test_the_result_is_told_with_what_to_do_next(plain: Run) -> None:
    lines = plain.err.splitlines()
    (result,) = (line for line in lines if line.startswith("mine.onnx  ("))
    assert "3 steps in 0:" in result
    assert f"  note: {with_flags(GENERATED_NOTE)}" in lines
    assert lines[-1] == "Use it: vidstyle film.mp4 --style mine.int8.onnx"
    assert "torchvision" not in plain.err


def test_ctrl_c_exports_what_there_is(stopped: Run) -> None:
    assert stopped.code == INTERRUPTED
    assert OnnxGenerator(stopped.folder / "painting.onnx")
    assert "2 steps in" in stopped.out
    assert "Stopped early" in stopped.out and "--resume goes on" in stopped.out
    assert stopped.err == ""


def test_photos_that_do_not_decode_are_counted(stopped: Run) -> None:
    assert "note: 1 of 2 skipped: " in stopped.out
    assert "broken.jpg is not a picture" in stopped.out
    assert str(GENERATED_NOTE).removesuffix(".") not in stopped.out


def test_a_stopped_run_is_resumed(stopped: Run, tmp_path: Path, features: str) -> None:
    shutil.copytree(stopped.folder, tmp_path / "copy")
    folder = tmp_path / "copy"
    words = ["train", str(folder / "painting.png"), "-o", str(folder / "painting.onnx"), *TINY]
    words += [features, f"--content={folder / 'photos'}", "--resume", "--json", "--quiet"]
    code, out, err = captured(words)
    assert code == DONE
    assert err == ""
    summary = json.loads(out)
    assert summary["finished"] and summary["steps"] == 3


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["-o", "style.txt"], 'Cannot write "style.txt" as a style: the name must end in .onnx.'),
        (["-o", "no/style.onnx"], "There is no folder no"),
        (
            ["-o", "there.onnx"],
            f"there.onnx {EXISTS}",
        ),
        (["-o", "there.onnx", "--overwrite", "--content=empty"], "No photos or videos in empty"),
        (
            ["-o", "i.onnx"],
            f"i.int8.onnx {EXISTS}",
        ),
        (
            ["-o", "t.onnx", "--torch"],
            f"t.pt2 {EXISTS}",
        ),
        (["--content=empty"], "No photos or videos in empty"),
        (["--content=nowhere"], "There is no folder nowhere"),
        (["--content=broken"], "Nothing in broken can be used. For one: "),
        (["--resume"], "no painting.training/checkpoint.pt to resume from"),
        (["--feature-weights=none.npz"], "none.npz is not a weight file of the slim features"),
        (["--start-from=none.onnx"], "Cannot start from none.onnx: No such file"),
    ],
)
def test_a_wrong_wish_is_one_line_and_leaves_nothing(
    painting: Path,
    features: str,
    capsys: Captured,
    monkeypatch: pytest.MonkeyPatch,
    words: list[str],
    reason: str,
) -> None:
    folder = painting.parent
    monkeypatch.chdir(folder)
    for name in ("there.onnx", "i.int8.onnx", "t.pt2"):
        (folder / name).write_bytes(b"mine")
    for name in ("empty", "broken"):
        (folder / name).mkdir()
    (folder / "broken" / "a.jpg").write_bytes(b"no picture")
    before = names(folder)
    assert main(["train", "painting.png", *TINY, features, *words]) == FAILED
    assert reason in one_line(capsys.readouterr().err)
    assert names(folder) == before
    assert (folder / "there.onnx").read_bytes() == b"mine"


def one_line(text: str) -> str:
    assert text.startswith("vidstyle: ")
    assert text.count("\n") == 1
    assert "Traceback" not in text and "bug" not in text
    return text


@pytest.mark.parametrize(
    ("write", "reason"),
    [
        (lambda file: write_photo(file, blurred_noise(0, 60, 300)), "too small to show how"),
        (lambda file: file.write_bytes(b"no picture"), "is not a picture that can be read"),
        (lambda _: None, "There is no file"),
    ],
)
def test_a_painting_of_no_use_is_one_line_and_leaves_nothing(
    tmp_path: Path,
    capsys: Captured,
    monkeypatch: pytest.MonkeyPatch,
    features: str,
    write: Any,
    reason: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "p.png")
    before = names(tmp_path)
    assert main(["train", "p.png", *TINY, features]) == FAILED
    assert reason in one_line(capsys.readouterr().err)
    assert names(tmp_path) == before


def test_the_painting_is_never_written_over(tmp_path: Path) -> None:
    write_photo(tmp_path / "a.png", blurred_noise(0))
    file = (tmp_path / "a.png").rename(tmp_path / "a.onnx")
    with pytest.raises(SinkError, match="is the input itself"):
        train_style(file, file, TrainOptions(overwrite=True))


@pytest.mark.parametrize("missing", ["torch", "matplotlib", "onnx", "onnxscript"])
def test_without_the_extra_it_says_which(
    painting: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    for module in ("training.run", "training.style_files", "export.onnx"):  # will be imported again
        monkeypatch.delitem(sys.modules, f"vidstyle.{module}")
    monkeypatch.setitem(sys.modules, missing, None)
    monkeypatch.chdir(painting.parent)
    assert main(["train", "painting.png"]) == FAILED
    assert one_line(capsys.readouterr().err) == (
        f"vidstyle: Training needs the package {missing}. "
        f"Install the extra: {install_hint('train')}.\n"
    )
    assert names(painting.parent) == ["painting.png"]


def test_ctrl_c_while_preparing_leaves_nothing(
    painting: Path, features: str, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(seed: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(content_module, "procedural_content", interrupted)
    monkeypatch.chdir(painting.parent)
    assert main(["train", "painting.png", *TINY, features]) == INTERRUPTED
    assert "Stopped. Nothing half-made" in one_line(capsys.readouterr().err)
    assert names(painting.parent) == ["painting.png"]


def test_other_processes_of_a_group_say_nothing(
    painting: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session_module, "run_session", lambda *_: None)  # as all but the first do
    assert main(["train", str(painting), "-o", str(painting.with_name("a.onnx"))]) == DONE
    assert capsys.readouterr() == ("", "")


def test_a_dull_terminal_gets_a_line_for_each_checkpoint(capsys: Captured) -> None:
    losses = {"style": 0.5, "patch": 0.25, "content": 0.125, "tone": 0.1, "temporal": 0.01}
    with TrainingProgress(shown=True) as progress:
        progress.show(TrainProgress(7, 0.1, 75.0, losses, saved=False))
        progress.show(TrainProgress(8, 0.2, 65.0, losses, saved=True))
    with TrainingProgress(shown=False) as progress:
        progress.show(TrainProgress(9, 0.3, 55.0, losses, saved=True))
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines() == [
        LOSSES_NOTE,
        "step 8  style 0.50 strokes 0.25 content 0.12 tone 0.10 flicker 0.01  1:05 left",
    ]


@pytest.mark.skipif(os.name != "posix", reason="pseudo-terminals as POSIX has them")
def test_a_terminal_gets_losses_and_time_left_in_80_columns() -> None:
    import pty

    code = (
        "from vidstyle.console.progress import TrainingProgress\n"
        "from vidstyle.training.results import TrainProgress\n"
        "names = ('style', 'patch', 'content', 'tone', 'tv', 'temporal', 'range')\n"
        "with TrainingProgress(shown=True) as progress:\n"
        "    losses = dict.fromkeys(names, 0.25)\n"
        "    progress.show(TrainProgress(12345, 0.5, 754.0, losses, saved=False))\n"
    )
    ours, theirs = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "80"}
    command = [sys.executable, "-c", code]
    subprocess.run(command, stderr=theirs, env=environment, check=True, timeout=60)
    os.close(theirs)
    text = b""
    try:
        while part := os.read(ours, 4096):
            text += part
    except OSError:  # how Linux says that the other side has closed
        pass
    finally:
        os.close(ours)
    shown = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", text.decode())
    assert "step 12345 " in shown
    assert "━" in shown
    assert "Lower is better: style and strokes are distances to the painting" in shown
    assert "style 0.25 strokes 0.25 content 0.25 flicker 0.25  12:34 left" in shown
