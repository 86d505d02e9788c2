"""Killed workers and coordinators of a real cluster of processes: nothing is lost or made twice.

Slow: `pytest -m slow tests/apps/test_cluster_kills.py -n 0`.
"""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.clips import Clip, Sound
from tests.processes import vidstyle_with

psutil = pytest.importorskip("psutil")
pytest.importorskip("distributed")
pytest.importorskip("cryptography")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(900),
    pytest.mark.skipif(sys.platform == "win32", reason="kills"),
]

PARTS = 12  # on the workers, and one at the coordinator
LIMIT_S = 240.0
SHORT_PARTS = """
import pathlib
import vidstyle.apps.cluster as cluster
from vidstyle.cluster.dispatch import Dispatcher
from vidstyle.media.parts import PartFolder
cluster.PART_S = 0.4
log = pathlib.Path({log!r})
def note(word):
    with log.open("a") as lines:
        lines.write(word + "\\n")
take, begin = PartFolder.take, Dispatcher._begin
def noted_take(self, part, content):
    end = take(self, part, content)
    note(f"taken {{part.number}}")
    return end
def noted_begin(self, name, *given):
    note(f"begun {{name}}")
    begin(self, name, *given)
PartFolder.take, Dispatcher._begin = noted_take, noted_begin
"""


@pytest.fixture
def film(tmp_path: Path) -> Path:
    clip = Clip(frames=10 * PARTS + 5, options={"g": "10"}, sounds=[Sound(seconds=5.0)])
    return clip.write(tmp_path / "in.mp4")


@contextmanager
def running(film: Path, name: str, style: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Conversion on two worker processes; it and they have ended after the block."""
    words = [str(film), "-o", str(film.with_name(name)), "--style", str(style), "--every", "3"]
    changes = SHORT_PARTS.format(log=str(log_of(film)))
    command = [*vidstyle_with(changes), *words, "--cluster", "local:2", "-q"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE)
    children = list[int]()
    try:
        yield process
    finally:
        children = [child.pid for child in workers_of(process)]
        process.kill()
        process.communicate(timeout=LIMIT_S)
        wait_for(lambda: not any(map(psutil.pid_exists, children)))


def workers_of(process: subprocess.Popen[bytes]) -> list[Any]:
    """Processes of the workers."""
    try:
        children = psutil.Process(process.pid).children(recursive=True)
        return [each for each in children if "spawn_main" in " ".join(each.cmdline())]
    except psutil.Error:
        return []


def log_of(film: Path) -> Path:
    return film.with_name("log.txt")


def noted(film: Path, word: str) -> list[str]:
    log = log_of(film)
    lines = log.read_text().splitlines() if log.exists() else []
    return [line for line in lines if line.startswith(word)]


def wait_for(happened: Callable[[], bool]) -> None:
    deadline = time.monotonic() + LIMIT_S
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def ended_well(process: subprocess.Popen[bytes]) -> None:
    _, errors = process.communicate(timeout=LIMIT_S)
    assert process.returncode == 0, errors.decode()


@pytest.fixture
def whole(film: Path, inverter: Path) -> bytes:
    """Result of an undisturbed run."""
    with running(film, "whole.mp4", inverter) as process:
        ended_well(process)
    assert len(noted(film, "taken")) == PARTS
    log_of(film).unlink()
    return film.with_name("whole.mp4").read_bytes()


def test_the_part_of_a_killed_worker_is_made_again(
    film: Path, inverter: Path, whole: bytes
) -> None:
    with running(film, "out.mp4", inverter) as process:
        wait_for(lambda: len(noted(film, "taken")) >= 2)
        workers_of(process)[0].kill()
        ended_well(process)
    assert film.with_name("out.mp4").read_bytes() == whole
    assert sorted(noted(film, "taken")) == sorted(f"taken {n}" for n in range(PARTS))
    assert len(noted(film, "begun")) <= PARTS + 1


def test_a_killed_coordinator_goes_on_with_the_parts_that_were_in_work(
    film: Path, inverter: Path, whole: bytes
) -> None:
    for least in (2, 5):
        with running(film, "out.mp4", inverter) as process:
            wait_for(lambda least=least: len(noted(film, "taken")) >= least)  # type: ignore[misc]
            assert process.poll() is None
    with running(film, "out.mp4", inverter) as process:
        ended_well(process)
    assert film.with_name("out.mp4").read_bytes() == whole
    assert len(set(noted(film, "taken"))) == PARTS
    at_work = 2 * 2  # workers, and kills
    assert len(noted(film, "begun")) <= PARTS + at_work
    assert not list(film.parent.glob("*.work"))
