"""Polishing in a child process, with a stand-in for the training; once with the real one."""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.live.scene import WAIT_S
from tests.textures import noise_image
from vidstyle.apps import polish as module
from vidstyle.apps.live import run_live
from vidstyle.apps.painting import style_from_painting
from vidstyle.apps.polish import Polisher, polish, train_command
from vidstyle.cli import DONE, FAILED, USAGE, build_parser, main
from vidstyle.errors import MissingExtraError, StyleError
from vidstyle.live.style_menu import StyleMenu
from vidstyle.media.image_file import read_photo, write_photo
from vidstyle.options import LiveOptions
from vidstyle.stylize import painting_cache as cache_module
from vidstyle.stylize.finish import Finish
from vidstyle.stylize.generator import OnnxGenerator
from vidstyle.stylize.generator_pool import load_generator
from vidstyle.stylize.painting_look import FINISH, OWN_CHROMA
from vidstyle.stylize.painting_style import (
    load_painting,
    painting_network,
)
from vidstyle.stylize.palette import Palette
from vidstyle.training.results import int8_path

STAND_IN = Path(__file__).with_name("trainer_stand_in.py")
NEVER = threading.Event()
PHOTO = noise_image(96, 128, seed=4, blur=2)


@pytest.fixture
def painting(tmp_path: Path) -> Path:
    dark = np.asarray(noise_image(128, 160, seed=5) * (0.5, 0.3, 0.1), np.uint8)
    write_photo(tmp_path / "oil.png", dark)
    return tmp_path / "oil.png"


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The user's cache folder."""
    monkeypatch.setattr(cache_module, "user_cache_path", lambda *_, **__: tmp_path / "cache")
    cache_module.painting_cache.cache_clear()
    yield tmp_path / "cache" / "paintings"
    cache_module.painting_cache().close()
    cache_module.painting_cache.cache_clear()


Trainer = Callable[[str], None]


@pytest.fixture
def trainer(inverter: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Trainer:
    """Replace the training by a stand-in in one of its modes; it learns to invert."""
    model = tmp_path / "learned.onnx"
    model.write_bytes(inverter.read_bytes())

    def choose(mode: str) -> None:
        def command(
            source: Path, output: Path, start: str, seconds: float, *, background: bool
        ) -> list[str]:
            words = [mode, str(model), str(source), str(output), start, f"{seconds:g}"]
            return [sys.executable, str(STAND_IN), *words]

        monkeypatch.setattr(module, "train_command", command)

    choose("learns")
    return choose


def calls(tmp_path: Path) -> list[dict[str, Any]]:
    """What the stand-in was called with."""
    lines = (tmp_path / "learned.calls").read_text().splitlines()
    return [json.loads(line) for line in lines]


def test_a_painting_is_painted_by_the_learned_network_from_then_on(
    painting: Path, trainer: Trainer
) -> None:
    before = load_painting(str(painting))
    network = polish(painting, 60.0, NEVER)
    assert network is not None
    assert network.seconds == 60
    for style in (str(painting), f"{painting}:0.5,udnie:0.5"):
        painted = load_generator(style).paint(PHOTO).astype(int)
        assert np.abs(painted - before.paint(PHOTO)).mean() > 5


def test_the_colors_and_the_finish_are_those_before(painting: Path, trainer: Trainer) -> None:
    """Without a correction, the stand-in's negative of a photo would be far brighter."""
    before = load_painting(str(painting))
    polish(painting, 60.0, NEVER)
    after = load_painting(str(painting))
    assert (after.finish, after.own_chroma) == (FINISH, OWN_CHROMA)
    old, new = (Palette.of(generator.paint(PHOTO)) for generator in (before, after))
    np.testing.assert_allclose(new.mean, old.mean, atol=0.06)


def test_the_next_time_nothing_is_learned_and_longer_goes_on_from_there(
    painting: Path, trainer: Trainer, tmp_path: Path
) -> None:
    predicted = painting_network([(read_photo(painting), 1.0)]).plain
    first = polish(painting, 60.0, NEVER)
    trainer("fails")
    assert polish(painting, 30.0, NEVER) == first
    trainer("learns")
    longer = polish(painting, 100.0, NEVER)
    assert first is not None and longer is not None
    assert longer.seconds == 100
    assert [call["flags"] for call in calls(tmp_path)] == [
        [str(predicted), "60"],
        [str(first.plain), "40"],
    ]


@pytest.mark.parametrize(
    ("mode", "reason"),
    [("fails", "a crack in the paint"), ("slow", r"too busy.*3 steps of training in 60 s")],
)
def test_a_training_that_fails_leaves_the_painting_as_it_was(
    painting: Path, trainer: Trainer, mode: str, reason: str, cache: Path
) -> None:
    trainer(mode)
    with pytest.raises(StyleError, match=reason):
        polish(painting, 60.0, NEVER, background=True)
    kept = cache_module.painting_cache().get([(read_photo(painting), 1.0)])
    assert kept is not None
    assert kept.seconds == 0
    assert kept.plain.parent == cache


def test_without_the_extra_it_says_what_to_install(
    painting: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PACKAGES", ("no_such_package",))
    with pytest.raises(MissingExtraError, match=r"no_such_package is needed\. Install the extra:"):
        polish(painting, 60.0, NEVER)
    with pytest.raises(MissingExtraError):
        Polisher(60.0, lambda _: None)


def test_the_command_asks_for_the_look_that_the_painting_has() -> None:
    words = train_command(Path("a.png"), Path("b.onnx"), "udnie", 90.0, background=True)
    parsed = build_parser().parse_args(words[words.index("train") :])
    assert (parsed.painting, parsed.output) == (Path("a.png"), Path("b.onnx"))
    assert (parsed.start_from, parsed.minutes, parsed.own_chroma) == ("udnie", 1.5, OWN_CHROMA)
    look = {name: getattr(parsed, name) for name in Finish.__dataclass_fields__}
    assert Finish(**look) == FINISH
    assert parsed.quiet and parsed.json and parsed.threads >= 1
    front = train_command(Path("a.png"), Path("b.onnx"), "udnie", 90.0, background=False)
    assert front[0] == sys.executable
    assert build_parser().parse_args(front[front.index("train") :]).threads is None


def test_paintings_are_polished_in_the_background_and_others_left_alone(
    painting: Path, trainer: Trainer
) -> None:
    done: list[str] = []
    finished = threading.Event()

    def on_polished(name: str) -> None:
        done.append(name)
        finished.set()

    polisher = Polisher(60.0, on_polished)
    try:
        polisher.add("starry-night")
        polisher.add(f"{painting}:0.5,other.jpg:0.5")  # one network, of both
        polisher.add(f"{painting}:0.5,udnie:0.5")
        polisher.add(str(painting))  # once is enough
        assert finished.wait(WAIT_S)
    finally:
        polisher.close()
    assert done == [str(painting)]


@pytest.mark.logs_errors
def test_a_defect_while_a_painting_is_polished_leaves_the_others(
    painting: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    done, finished, error = list[str](), threading.Event(), ValueError("a defect of a toy")
    other = painting.with_name("other.png")
    other.write_bytes(painting.read_bytes())

    def stand_in(file: Path, *_: object, **__: object) -> Path:
        if file == painting:
            raise error
        return file

    def on_polished(name: str) -> None:
        done.append(name)
        finished.set()

    monkeypatch.setattr(module, "polish", stand_in)
    with closing(Polisher(60.0, on_polished)) as polisher:
        polisher.add(str(painting))
        polisher.add(str(other))
        assert finished.wait(WAIT_S)
    assert done == [str(other)]
    (failure,) = (record for record in caplog.records if record.exc_info is not None)
    assert failure.message == "oil.png could not be polished."
    assert failure.exc_info is not None
    assert failure.exc_info[1] is error


def test_closing_ends_the_child(
    painting: Path, trainer: Trainer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trainer("endless")
    children = list[subprocess.Popen[bytes]]()
    start = subprocess.Popen

    def popen(*words: Any, **more: Any) -> "subprocess.Popen[bytes]":
        children.append(start(*words, **more))
        return children[-1]

    monkeypatch.setattr(subprocess, "Popen", popen)
    polisher = Polisher(60.0, lambda _: None)
    polisher.add(str(painting))
    deadline = time.monotonic() + WAIT_S
    while not (tmp_path / "learned.calls").exists():
        assert time.monotonic() < deadline
        time.sleep(0.01)
    polisher.close()
    polisher.close()
    (child,) = children
    assert child.returncode


def test_a_live_run_takes_the_better_network_over(
    painting: Path, trainer: Trainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop, reloaded, threads = threading.Event(), list[str](), set(threading.enumerate())
    reload = StyleMenu.reload

    def reload_and_stop(menu: StyleMenu, file: str) -> None:
        reload(menu, file)
        reloaded.append(file)
        stop.set()

    monkeypatch.setattr(StyleMenu, "reload", reload_and_stop)
    options = LiveOptions(
        camera="testsrc", size="96x64", style=str(painting), window=False, polish=60.0
    )
    run_live(options, stop)
    assert reloaded == [str(painting)]
    assert set(threading.enumerate()) <= threads


def test_a_live_run_without_the_extra_says_so_and_goes_on(
    painting: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(module, "PACKAGES", ("no_such_package",))
    stop = threading.Event()
    stop.set()
    options = LiveOptions(
        camera="testsrc", size="96x64", style=str(painting), window=False, polish=60.0
    )
    run_live(options, stop)
    (line,) = (message for message in caplog.messages if "no_such_package" in message)
    assert "Install the extra" in line


def test_the_style_command_keeps_a_polished_painting(
    painting: Path, trainer: Trainer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "kept.onnx"
    words = ["style", str(painting), "-o", str(output)]
    assert main([*words, "--polish", "1:30"]) == DONE
    assert "strokes learned for 1:30" in capsys.readouterr().out
    kept, cached = OnnxGenerator(int8_path(output)), load_painting(str(painting))
    np.testing.assert_array_equal(kept.paint(PHOTO), cached.paint(PHOTO))
    result = style_from_painting(painting, output, overwrite=True)  # as it is in the cache
    assert result.polished_s == 90
    trainer("fails")
    assert main([*words, "--overwrite", "--polish", "5m"]) == FAILED
    assert main([*words, "--overwrite", "--polish", "0s"]) == USAGE


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_real_training_polishes(painting: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FEWEST_STEPS", 1)
    before = load_painting(str(painting))
    network = polish(painting, 2.0, NEVER)
    assert network is not None
    after = load_painting(str(painting))
    assert (after.finish, after.own_chroma) == (before.finish, before.own_chroma)
    old, new = (Palette.of(generator.paint(PHOTO)) for generator in (before, after))
    np.testing.assert_allclose(new.mean, old.mean, atol=0.06)
