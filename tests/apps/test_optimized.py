"""`--quality full` from the command line: what comes out, what is refused, what survives."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Generator, Iterable
from dataclasses import replace
from pathlib import Path
from subprocess import PIPE
from typing import Any

import cv2
import numpy as np
import pytest
import torch

from tests.clips import Clip, Sound, patches, write_rgba, write_transparent
from tests.look import look
from tests.optimize.few_steps import use_few_steps
from tests.perceptual.weights import random_vgg
from tests.processes import stop_once, vidstyle_with
from tests.textures import noise_image
from vidstyle.apps import optimized
from vidstyle.apps.convert import stylize_video
from vidstyle.apps.optimized import load_optimizer
from vidstyle.apps.progress import VideoProgress
from vidstyle.assets import models_folder
from vidstyle.cli import DONE, FAILED, INTERRUPTED, USAGE, main
from vidstyle.errors import Cancelled, SinkError
from vidstyle.extras import install_hint
from vidstyle.frame import Frame
from vidstyle.media.footage import Footage, FootageSource, open_footage
from vidstyle.media.image_file import read_photo, write_photo
from vidstyle.optimize import generator as optimizing
from vidstyle.optimize.film import Film
from vidstyle.optimize.picture_optimizer import Stage
from vidstyle.optimize.work_folder import WorkFolder
from vidstyle.options import Look, StylizeOptions
from vidstyle.stats import Stats
from vidstyle.stylize.generator_pool import load_generator

KILL = getattr(signal, "SIGKILL", signal.SIGTERM)  # Windows has none
HANG_LIMIT_S = 60

Captured = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def painting(tmp_path: Path) -> Path:
    write_photo(tmp_path / "ink.png", noise_image(80, 80, seed=9, blur=1))
    return tmp_path / "ink.png"


@pytest.fixture
def few_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Films and photos painted in few steps."""
    use_few_steps(monkeypatch.setattr)


@pytest.mark.parametrize(("style", "own_chroma"), [("great-wave", 0.5), ("udnie", 0.93)])
def test_the_full_quality_is_delivered_as_the_fast_one(style: str, own_chroma: float) -> None:
    optimizer = load_optimizer(Look(style=style))
    assert optimizer.finish == load_generator(style).finish
    assert optimizer.own_chroma == own_chroma


def files(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir() if file.name != "cache")


def test_a_photo_is_painted_after_a_painting(tmp_path: Path, painting: Path) -> None:
    write_photo(tmp_path / "me.png", patches(64, 48))
    words = ["image", str(tmp_path / "me.png"), "--quality", "full", "--threads", "1"]
    assert main([*words, "--style", str(painting), "--quiet"]) == DONE
    painted = read_photo(tmp_path / "me.ink.png")
    assert painted.shape == (48, 64, 3)
    assert np.abs(painted.astype(int) - patches(64, 48)).mean() > 10
    assert files(tmp_path) == ["ink.png", "me.ink.png", "me.png"]


@pytest.mark.usefixtures("few_steps")
def test_a_shipped_style_stands_for_its_painting(
    tmp_path: Path, shelf: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(optimized, "FINISH", load_generator("negative").finish)
    write_photo(tmp_path / "me.png", patches(64, 48))
    words = ["image", str(tmp_path / "me.png"), "--quality", "full", "--threads", "1", "--quiet"]
    words += ["--feature-weights", str(models_folder() / "slim.npz")]
    assert main([*words, "--style", "negative"]) == DONE
    assert main([*words, "-o", str(tmp_path / "default.png")]) == DONE
    file = str(shelf / "paintings" / "toy.png")
    assert main([*words, "--style", file, "-o", str(tmp_path / "file.png")]) == DONE
    painted = read_photo(tmp_path / "file.png")
    assert np.array_equal(read_photo(tmp_path / "me.negative.png"), painted)
    assert np.array_equal(read_photo(tmp_path / "default.png"), painted)


@pytest.mark.usefixtures("few_steps")
def test_numbered_pictures_are_optimized_as_a_film(tmp_path: Path, painting: Path) -> None:
    for number in (1, 2, 3):
        write_photo(tmp_path / f"f{number}.png", patches(64, 48))
    options = StylizeOptions(style=str(painting), quality="full", threads=1, fps=24)
    result = stylize_video(tmp_path / "f%d.png", tmp_path / "out.mp4", options)
    assert (result.frames, result.damage) == (3, [])
    assert len(look(tmp_path / "out.mp4").times) == 3


@pytest.mark.usefixtures("few_steps")
def test_a_film_that_fades_in_from_nothing_is_finished(tmp_path: Path, painting: Path) -> None:
    image = noise_image(64, 48, seed=1, blur=1)
    fade = [np.dstack([image, np.full((64, 48), 20 * n, np.uint8)]) for n in range(6)]
    clip = write_rgba(tmp_path / "in.webm", "libvpx-vp9", "yuva420p", fade)
    options = StylizeOptions(style=str(painting), quality="full", threads=1, every=4)
    result = stylize_video(clip, tmp_path / "out.webm", options)
    assert (result.frames, result.keyframes) == (6, 3)  # after a cut, which over white is none


@pytest.mark.usefixtures("few_steps")
def test_keyframes_are_planned_on_the_pictures_that_are_rendered(
    tmp_path: Path, painting: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = list[tuple[bool, bool]]()

    def noted(input: Footage, stats: Stats, **more: Any) -> FootageSource:
        opened.append((more["keep_alpha"], more["deep"]))
        return open_footage(input, stats, **more)

    monkeypatch.setattr("vidstyle.media.footage.open_footage", noted)
    clip = Clip(frames=2).write(tmp_path / "in.mp4")
    options = StylizeOptions(style=str(painting), quality="full", threads=1, every=1)
    stylize_video(clip, tmp_path / "out.mkv", replace(options, pix_fmt="yuv420p10le"))
    assert set(opened) == {(False, True)}


@pytest.mark.usefixtures("few_steps")
def test_paintings_of_another_transparency_are_not_used(
    tmp_path: Path, painting: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(film: Film, frames: Iterable[Frame]) -> Generator[Frame, None, None]:
        raise Cancelled("stopped")

    monkeypatch.setattr(Film, "stylize", stop)
    clip = write_transparent(tmp_path / "in.webm", "libvpx-vp9", "yuva420p", 2)
    options = StylizeOptions(style=str(painting), quality="full", threads=1, every=1)
    with pytest.raises(Cancelled):
        stylize_video(clip, tmp_path / "out.mkv", options)
    transparent = replace(options, codec="ffv1")
    with pytest.raises(SinkError, match="transparency kept: was False, is True"):
        stylize_video(clip, tmp_path / "out.mkv", transparent)


@pytest.mark.usefixtures("few_steps")
def test_a_photo_that_is_painted_smaller_gets_a_word(
    tmp_path: Path, painting: Path, capsys: Captured
) -> None:
    write_photo(tmp_path / "me.png", patches(128, 96))
    words = ["image", str(tmp_path / "me.png"), "--quality", "full", "--threads", "1"]
    assert main([*words, "--style", str(painting), "--max-height", "24"]) == DONE
    word = "painted at 32x24; 96 lines paint every pixel (--max-height 96)"
    assert word in " ".join(capsys.readouterr().err.split())
    assert read_photo(tmp_path / "me.ink.png").shape == (96, 128, 3)


def test_an_altered_painting_is_refused(tmp_path: Path, shelf: Path, capsys: Captured) -> None:
    write_photo(tmp_path / "me.png", patches(64, 48))
    write_photo(shelf / "paintings" / "toy.png", patches(80, 80))
    assert main(["image", str(tmp_path / "me.png"), "--quality", "full"]) == FAILED
    assert "toy.png is not the file that was shipped" in capsys.readouterr().err


@pytest.mark.usefixtures("few_steps")
def test_a_film_keeps_its_frames_and_its_sound(
    tmp_path: Path, painting: Path, capsys: Captured
) -> None:
    clip = Clip(frames=9, sounds=[Sound()]).write(tmp_path / "in.mp4")
    words = [str(clip), "--quality", "full", "--style", str(painting), "--every", "4"]
    assert main([*words, "--threads", "1"]) == DONE
    seen, before = look(tmp_path / "in.ink.mp4"), look(clip)
    assert seen.times == before.times
    assert "9 frames, 3 keyframes, " in capsys.readouterr().err.replace("\n", "")
    assert files(tmp_path) == ["in.ink.mp4", "in.mp4", "ink.png"]


@pytest.mark.usefixtures("few_steps")
def test_a_cancelled_film_goes_on_where_it_was(tmp_path: Path, painting: Path) -> None:
    clip = Clip(frames=2).write(tmp_path / "in.mp4")
    options = StylizeOptions(quality="full", style=str(painting), max_height=24, threads=1)
    cancel, states = threading.Event(), list[VideoProgress]()

    def note(state: VideoProgress) -> None:
        states.append(state)
        if state.paintings:
            cancel.set()

    with pytest.raises(Cancelled):
        stylize_video(clip, None, options, progress=note, cancel=cancel)
    assert states[-1].total_paintings == 6  # two keyframes in three passes
    assert files(tmp_path) == ["in.ink.mp4.work", "in.mp4", "ink.png"]
    assert stylize_video(clip, None, options).frames == 2
    assert files(tmp_path) == ["in.ink.mp4", "in.mp4", "ink.png"]


def test_a_preview_is_a_sketch_of_the_first_frame(tmp_path: Path, painting: Path) -> None:
    clip = Clip(frames=9).write(tmp_path / "in.mp4")
    words = [str(clip), "--quality", "full", "--style", str(painting), "--preview", "--quiet"]
    assert main([*words, "--threads", "1"]) == DONE
    assert files(tmp_path) == ["in.ink.png", "in.mp4", "ink.png"]


@pytest.mark.parametrize(
    ("words", "code", "reason"),
    [
        (
            ["--style", "warm"],
            FAILED,
            'Give a picture of "[warm]" by A. Toy (--style painting.jpg).',
        ),
        (["--style", "wave"], FAILED, 'No style named "wave". Installed: negative, '),
        (["--style", "no.jpg"], FAILED, "There is no file no.jpg"),
        (["--style", "text.jpg"], FAILED, "not a picture"),
        (["--style", "tiny.png"], FAILED, "too small to show how it is painted: 30x20 px"),
        (["--style", "clear.png"], FAILED, "transparent nearly everywhere"),
        (["--style", "wave.onnx"], FAILED, "wave.onnx is a generator"),
        (["--style", "negative:0.5,warm:0.5"], FAILED, "one painting, not from a mix"),
        (["--style", "0:negative 5:warm"], FAILED, "one painting, not from several in turn"),
        (["--style", "ink.png", "--time-budget", "soon"], USAGE, "--time-budget must be a time"),
        (["--style", "ink.png", "--time-budget", "0m"], USAGE, "--time-budget must be a time"),
        (["--style", "ink.png", "--feature-weights", "no.npz"], FAILED, "not a weight file"),
    ],
)
@pytest.mark.parametrize("command", ["convert", "image"])
@pytest.mark.usefixtures("shelf")
def test_bad_input_is_one_line_and_leaves_nothing(
    tmp_path: Path,
    painting: Path,
    capsys: Captured,
    monkeypatch: pytest.MonkeyPatch,
    command: str,
    words: list[str],
    code: int,
    reason: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    Clip(frames=3).write(Path("in.mp4"))
    write_photo(Path("me.png"), patches(64, 48))
    write_photo(Path("tiny.png"), patches(30, 20))
    Path("text.jpg").write_text("hello")
    clear = np.dstack([read_photo(painting), np.zeros((80, 80), np.uint8)])
    cv2.imwrite("clear.png", clear)
    before = files(tmp_path)
    input = "in.mp4" if command == "convert" else "me.png"
    assert main([command, input, "--quality", "full", *words]) == code
    out, err = capsys.readouterr()
    assert reason in err
    assert err.startswith("vidstyle: ")
    assert err.count("\n") == 1
    assert out == ""
    assert [name for name in files(tmp_path) if not name.endswith(".work")] == before


def test_a_size_that_the_encoder_refuses_is_said_before_the_work(
    tmp_path: Path, painting: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vidstyle.apps.rendition.optimized_film", None)  # never called
    wide = Clip(frames=1, size_wh=(17000, 16), codec="ffv1").write(tmp_path / "in.mkv")
    with pytest.raises(SinkError, match="libx264 cannot encode 17000x16 px"):
        stylize_video(
            wide, tmp_path / "out.mp4", StylizeOptions(style=str(painting), quality="full")
        )


def test_a_time_budget_is_for_the_full_quality(capsys: Captured) -> None:
    assert main(["in.mp4", "--time-budget", "10m"]) == USAGE
    assert "--time-budget must be used with --quality full." in capsys.readouterr().err


@pytest.mark.parametrize("package", ["torch", "scenedetect"])
def test_without_the_extra_its_name_is_said(
    tmp_path: Path, painting: Path, monkeypatch: pytest.MonkeyPatch, package: str
) -> None:
    clip = Clip(frames=3).write(tmp_path / "in.mp4")
    if package == "torch":
        monkeypatch.setitem(sys.modules, "torch", None)
    hint = install_hint("offline")
    code = (
        f"import sys; sys.modules['{package}'] = None\n"
        "from vidstyle.cli import main\n"
        f"sys.exit(main(['{clip}', '--quality', 'full', '--style', '{painting}']))"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=HANG_LIMIT_S
    )
    assert run.returncode == FAILED
    assert run.stderr == (
        f"vidstyle: The full quality needs the package {package}. Install the extra: {hint}.\n"
    )
    assert files(tmp_path) == ["in.mp4", "ink.png"]


HELD = """
import os
from tests.optimize.few_steps import use_few_steps
from vidstyle.optimize.work_folder import WorkFolder
use_few_steps()
keep, kept = WorkFolder.keep, []
def held(folder, *painting):
    keep(folder, *painting)
    kept.append(painting)
    if len(kept) == 3:
        os.read(0, 1)  # until stdin is closed
WorkFolder.keep = held
"""


@pytest.mark.skipif(os.name != "posix", reason="signals as POSIX has them")
@pytest.mark.parametrize("number", [KILL, pytest.param(signal.SIGINT, marks=pytest.mark.slow)])
@pytest.mark.usefixtures("few_steps")
def test_a_killed_run_goes_on_where_it_was(
    tmp_path: Path, painting: Path, monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    clip = Clip(frames=17).write(tmp_path / "in.mp4")
    words = [str(clip), "--quality", "full", "--threads", "1", "--style", str(painting)]
    words += ["--every", "4"]
    command = [*vidstyle_with(HELD), *words]
    process = subprocess.Popen(command, stdin=PIPE, stderr=PIPE, text=True)
    work = tmp_path / "in.ink.mp4.work"

    def done() -> list[Path]:
        return list(work.glob("scene-*/[!.]*.png"))  # what begins with a dot is being written

    error = stop_once(process, lambda: len(done()) >= 2, number, HANG_LIMIT_S)
    kept = {file: file.stat().st_mtime_ns for file in done()}
    assert len(kept) >= 2
    assert not (tmp_path / "in.ink.mp4").exists()
    if number == signal.SIGINT:
        assert error == "vidstyle: Stopped. The same command goes on from here.\n"
    keep = WorkFolder.keep

    def keep_and_stop(folder: WorkFolder, *painting: Any) -> None:
        keep(folder, *painting)
        raise KeyboardInterrupt

    monkeypatch.setattr(WorkFolder, "keep", keep_and_stop)
    assert main(words) == INTERRUPTED
    assert len(done()) > len(kept)
    assert {file: file.stat().st_mtime_ns for file in kept} == kept  # not painted again


def test_the_network_of_the_papers_judges_on_request(
    tmp_path: Path, painting: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(optimizing, "COARSE_TO_FINE", (Stage(0.5, 10), Stage(1.0, 10)))
    write_photo(tmp_path / "me.png", patches(64, 48))
    torch.save(random_vgg("vgg19", "relu5_1"), tmp_path / "vgg19.pth")
    words = ["image", str(tmp_path / "me.png"), "--quality", "full", "--style", str(painting)]
    words += ["--features", "vgg19", "--feature-weights", str(tmp_path / "vgg19.pth")]
    assert main([*words, "--threads", "1", "--quiet", "--time-budget", "60m"]) == DONE
    painted = read_photo(tmp_path / "me.ink.png")
    assert np.abs(painted.astype(int) - patches(64, 48)).mean() > 10


def test_without_a_network_the_slim_features_are_proposed(
    tmp_path: Path, painting: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")  # nobody listens there
    write_photo(tmp_path / "me.png", patches(64, 48))
    words = ["image", str(tmp_path / "me.png"), "--quality", "full", "--style", str(painting)]
    assert main([*words, "--features", "vgg19"]) == FAILED
    assert (
        "slim features, which need none (--feature-weights or --features slim)."
        in capsys.readouterr().err
    )
    assert files(tmp_path) == ["ink.png", "me.png"]


@pytest.mark.parametrize(
    ("manifest", "reason"),
    [
        ({"name": "my web extension"}, "manifest.json is damaged or not from vidstyle"),
        (
            {"vidstyle": "0.1.0", "settings": {"every": 1}},
            "keeps 1 painting of other settings (vidstyle: was 0.1.0, is ",
        ),
    ],
)
def test_a_work_folder_of_others_or_of_another_run_is_left_alone(
    tmp_path: Path, painting: Path, capsys: Captured, manifest: dict[str, Any], reason: str
) -> None:
    clip = Clip(frames=3).write(tmp_path / "in.mp4")
    work = tmp_path / "in.ink.mp4.work"
    (work / "scene-00000").mkdir(parents=True)
    (work / "manifest.json").write_text(json.dumps(manifest))
    (work / "scene-00000" / "000000-polished.png").write_bytes(b"hours")
    (work / "diary.txt").write_text("ten years")
    before = {file: file.read_bytes() for file in work.rglob("*") if file.is_file()}
    words = [str(clip), "--quality", "full", "--style", str(painting), "--threads", "1"]
    for more in ([], ["--overwrite"]):
        assert main([*words, *more]) == FAILED
        error = capsys.readouterr().err
        assert reason in error
        assert error.count("\n") == 1
    assert {file: file.read_bytes() for file in work.rglob("*") if file.is_file()} == before
    assert files(tmp_path) == ["in.ink.mp4.work", "in.mp4", "ink.png"]
