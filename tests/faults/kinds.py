"""Kinds of cases: a damaged file of each sort, with words that make vidstyle read it."""

import json
import os
import random
import re
import signal
import subprocess
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.clips import Clip
from tests.faults import seeds
from tests.faults.drawing import drawn, setting_values, words_of
from tests.faults.mutator import mutated
from tests.faults.runs import (
    LIMIT_S,
    PARTIALS,
    ROOT,
    SIGNAL_CODES,
    ForkServer,
    Outcome,
    Run,
    contents,
    judged,
    no_faults,
)
from tests.processes import stop_once, vidstyle_with

VIDEO_OUTPUTS = ("o.mp4", "o.mp4", "o.mkv", "o.mkv", "o.mov", "o.webm", "o.gif", "o.apng")
PICTURE_OUTPUTS = ("o.png", "o.jpg", "o.webp", "o.tif")
VIDEO_WORDS: tuple[tuple[str, ...], ...] = (
    (), (), (), (), ("--start", "0.1"), ("--end", "0.2"), ("--start", "0.1", "--end", "0.25"),
    ("--max-height", "32", "--resize"), ("--compare",), ("--strength", "0"), ("--keep-colors",),
    ("--audio", "aac"), ("--audio", "opus"), ("--audio", "none"), ("--every", "1"), ("--strict",),
    ("--size", "32x24"), ("--fps", "12"), ("--bitrate", "100k"),
    ("--style-per-scene", "great-wave"),
    ("--codec", "libx265"), ("--codec", "libvpx-vp9"), ("--codec", "ffv1"),
)  # fmt: skip
PICTURE_WORDS: tuple[tuple[str, ...], ...] = (
    (), (), (), ("--compare",), ("--keep-colors",), ("--max-height", "32", "--resize"),
    ("--strength", "0.5"),
)  # fmt: skip

PAINTED = 6  # of twelve paintings; those of the first pass, and some of the second
HELD = f"""
import os
from vidstyle.optimize.work_folder import WorkFolder
keep, kept = WorkFolder.keep, []
def held(folder, *painting):
    keep(folder, *painting)
    kept.append(painting)
    if len(kept) == {PAINTED}:
        os.read(0, 1)  # until stdin is closed
WorkFolder.keep = held
"""
RECORDINGS = r"[^/.][^/]*"  # in the case's own folder, not hidden
COMMANDS: dict[str, tuple[str, list[str]]] = {
    "convert": ("o.mkv", ["in.mkv", "--quality", "fast"]),
    "image": ("o.png", ["a.png", "--quality", "fast"]),
    "style": ("o.onnx", ["a.png"]),
    "styles": ("o.png", ["a.png", "--max-height", "32"]),
    "live": ("", ["--camera", "in.mkv", "--no-window", "--no-loop", "--seconds", "0.2"]),
}


class Kinds:
    """Makers of cases, with the seeds that they damage; see `campaign.Make`."""

    def __init__(self, folder: Path) -> None:
        """Write the seeds to a folder.

        Args:
            folder: existing and empty.
        """
        made = {}
        for name in ("clips", "pictures", "networks", "archives"):
            (folder / name).mkdir()
            made[name] = getattr(seeds, name)(folder / name)
        self._clips, self._pictures = _contents(made["clips"]), _contents(made["pictures"])
        self._networks, self._archives = _contents(made["networks"]), _contents(made["archives"])
        self._settings = seeds.text_settings()
        self._work: dict[str, bytes] = {}
        self._server: ForkServer | None = None
        self._folder = folder
        self._toy = str(folder / "networks" / "toy.onnx")

    def containers(self, chance: random.Random, folder: Path) -> Run:
        """A damaged video, converted."""
        name = _damaged(chance, folder, self._clips)
        output = chance.choice(VIDEO_OUTPUTS)
        words = [name, "-o", output, "--json", *self._style(chance), *chance.choice(VIDEO_WORDS)]
        return Run(words=words, folder=folder, outputs=[output])

    def streams(self, chance: random.Random, folder: Path) -> Run:
        """A damaged video through pipes, as a still, or shown live."""
        name = _damaged(chance, folder, self._clips)
        style = self._style(chance)
        kind = chance.randrange(6)
        if kind == 5:  # a sequence of pictures, some of them damaged, to another one or a film
            for number in range(1, 5):
                content = self._pictures["a.png"]
                damaged = mutated(content, chance) if chance.random() < 0.4 else content
                (folder / f"f{number:02d}.png").write_bytes(damaged)
            output = chance.choice(("o%d.png", "o.mkv", "o.webp"))
            words = ["f%02d.png", "-o", output, "--fps", "5", *style]
            return Run(words=words, folder=folder, allowed=r"o(\d+\.png|\.\w+)", video=False)
        if kind == 4:
            words = [name, "-o", "o.webp", *style]
            return Run(words=words, folder=folder, outputs=["o.webp"], video=False)
        if kind == 0:
            words = [name, "--preview", "-o", "o.png", *style]
            return Run(words=words, folder=folder, outputs=["o.png"], video=False)
        if kind == 1:
            words = [name, "-o", "-", "--format", chance.choice(("mkv", "mpegts", "y4m")), *style]
            return Run(words=words, folder=folder, outputs=["-"])
        if kind == 2:
            words = ["-", "-o", "o.mkv", *style]
            return Run(words=words, folder=folder, outputs=["o.mkv"], stdin=name)
        words = ["live", "--camera", name, "--no-window", "--seconds", "0.3", "--record", "o.mkv"]
        return Run(words=[*words, *style], folder=folder, outputs=["o.mkv"], allowed="o.mkv")

    def pictures(self, chance: random.Random, folder: Path) -> Run:
        """A damaged picture, painted, as a painting, or as a film."""
        name = _damaged(chance, folder, self._pictures)
        output = chance.choice(PICTURE_OUTPUTS)
        words = ["image", name, "-o", output, *self._style(chance), *chance.choice(PICTURE_WORDS)]
        kind = chance.randrange(10)
        if kind == 0:
            (folder / "whole.png").write_bytes(self._pictures["a.png"])
            words = ["image", "whole.png", "-o", output, "--style", name]
        elif kind == 1:
            words = ["style", name, "-o", "o.onnx"]
            return Run(words=words, folder=folder, outputs=["o.onnx", "o.int8.onnx"], video=False)
        elif kind == 2:
            words = [name, "-o", "o.mkv", *self._style(chance)]
            return Run(words=words, folder=folder, outputs=["o.mkv"])
        return Run(words=words, folder=folder, outputs=[output], video=False)

    def networks(self, chance: random.Random, folder: Path) -> Run:
        """A damaged network, on a picture or a video."""
        name = _damaged(chance, folder, self._networks)
        if chance.random() < 0.2:
            (folder / "whole.mkv").write_bytes(self._clips["hdr.mkv"])
            words = ["whole.mkv", "-o", "o.mkv", "--style", name]
            return Run(words=words, folder=folder, outputs=["o.mkv"])
        (folder / "whole.png").write_bytes(self._pictures["a.png"])
        words = ["image", "whole.png", "-o", "o.png", "--style", name]
        return Run(words=words, folder=folder, outputs=["o.png"], video=False)

    def archives(self, chance: random.Random, folder: Path) -> Run:
        """A damaged archive as the weights of a feature network."""
        name = _damaged(chance, folder, self._archives)
        (folder / "whole.png").write_bytes(self._pictures["a.png"])
        features = chance.choice(("slim", "vgg16", "vgg19", "squeezenet", "mobilenet", "resnet50"))
        words = ["image", "whole.png", "-o", "o.png", "--quality", "full", "--time-budget", "1s",
                 "--features", features, "--feature-weights", name]  # fmt: skip
        return Run(words=words, folder=folder, outputs=["o.png"], video=False, torch=True)

    def folders(self, chance: random.Random, folder: Path) -> Run:
        """Some damaged files of all sorts in a folder, converted as a batch."""
        files = self._clips | self._pictures
        for _ in range(chance.randrange(1, 4)):
            _damaged(chance, folder, files)
        command = chance.choice(([], ["image"]))
        (folder / "out").mkdir()
        words = [*command, ".", "-o", "out", *self._style(chance), "--recursive"]
        return Run(words=words, folder=folder, allowed="out/[^.].*", video=False)

    def settings(self, chance: random.Random, folder: Path) -> Run:
        """A configuration file, damaged or of any values, for a short live run."""
        if chance.random() < 0.5:
            name = _damaged(chance, folder, self._settings)
        else:
            name = "any.toml"
            lines = [
                f"{key} = {json.dumps(value)}\n" for key, value in drawn(chance, setting_values())
            ]
            (folder / name).write_text("".join(lines), encoding="utf-8")
        (folder / "whole.mkv").write_bytes(self._clips["hdr.mkv"])
        words = ["live", "--config", name, "--camera", "whole.mkv", "--no-window", "--no-loop",
                 "--seconds", "0.2"]  # fmt: skip
        return Run(words=words, folder=folder, allowed=RECORDINGS)

    def options(self, chance: random.Random, folder: Path) -> Run:
        """Any options of any values."""
        (folder / "in.mkv").write_bytes(self._clips["hdr.mkv"])
        (folder / "a.png").write_bytes(self._pictures["a.png"])
        command, (output, more) = chance.choice(sorted(COMMANDS.items()))
        words = [command, *drawn(chance, words_of(command)), *more]
        if output:
            words += ["-o", output]
        if "--style" not in words and command in ("convert", "image", "live"):
            words += ["--style", self._toy]
        return Run(words=words, folder=folder, allowed=RECORDINGS, video=False)

    def make_work_folder(self, server: ForkServer) -> None:
        """Interrupt a conversion of full quality once, and keep its work folder as a seed.

        Args:
            server: with PyTorch.

        Raises:
            AssertionError: the conversion ended otherwise; the next call tries again.
        """
        self._server = server
        if self._work:
            return
        folder = Path(tempfile.mkdtemp(dir=self._folder))
        words = [*vidstyle_with(HELD), *self._film(folder).words]
        process = subprocess.Popen(
            words, cwd=folder, env=os.environ | {"PYTHONPATH": str(ROOT)},
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        work = folder / "o.mp4.work"

        def holds() -> bool:
            return len(list(work.glob("scene-*/[!.]*.png"))) == PAINTED

        error = stop_once(process, holds, signal.SIGINT, LIMIT_S)
        assert process.returncode == SIGNAL_CODES[signal.SIGINT], error
        files = [path for path in work.rglob("*") if path.is_file()]
        self._work = {path.relative_to(work).as_posix(): path.read_bytes() for path in files}

    def work_folders(self, chance: random.Random, folder: Path) -> Run:
        """A damaged work folder of the full quality, beside files that are not vidstyle's."""
        run = self._film(folder)
        work = folder / "o.mp4.work"
        for name, content in self._work.items():
            (work / name).parent.mkdir(parents=True, exist_ok=True)
            (work / name).write_bytes(content)
        (work / "diary.txt").write_text("ten years")
        for _ in range(chance.choice((1, 1, 2, 3))):
            chance.choice(WORK_DAMAGES)(chance, work / chance.choice(sorted(self._work)))
        return run

    def film_kills(self, chance: random.Random, folder: Path) -> Run:
        """A conversion of full quality that a signal ends, and its continuation."""
        number = chance.choice((signal.SIGKILL, signal.SIGKILL, signal.SIGINT, signal.SIGTERM))
        run = self._film(folder, number, 0.1 + chance.random())
        partials = PARTIALS if number == signal.SIGKILL else "o.mp4"
        return replace(run, allowed=f"{run.allowed}|{partials}", afterwards=self._continued)

    def _continued(self, run: Run, outcome: Outcome) -> list[str]:
        """Faults of the continuation of an interrupted film."""
        if outcome.code == 0:
            return []
        assert self._server is not None
        words = [*run.words, "--overwrite"]
        again = replace(
            run,
            words=words,
            signal=0,
            after_s=0.0,
            allowed=rf"{run.allowed}|o\.mp4",
            afterwards=no_faults,
        )
        outcome, faults = judged(self._server, again)
        if outcome.code != 0:
            faults.append(f"code {outcome.code}")
        left = sorted(contents(run.folder).keys() - {"in.mp4", "a.png", "o.mp4"})
        faults += [f"leaves {re.sub('[0-9a-f]{8}', 'X', name)}" for name in left]
        return [f"continued: {fault}" for fault in faults]

    def _film(self, folder: Path, number: int = 0, after_s: float = 0.0) -> Run:
        Clip(frames=4, size_wh=(32, 24)).write(folder / "in.mp4")
        (folder / "a.png").write_bytes(self._pictures["a.png"])
        words = ["in.mp4", "-o", "o.mp4", "--quality", "full", "--style", "a.png", "--every", "1",
                 "--threads", "1", "--time-budget", "1s"]  # fmt: skip
        own = r"o\.mp4\.work(/(scene-\d+(/.*)?|(manifest|scenes|plan)\.json))?"
        return Run(words=words, folder=folder, outputs=["o.mp4"], allowed=own, torch=True,
                   signal=number, after_s=after_s)  # fmt: skip

    def _style(self, chance: random.Random) -> list[str]:
        shipped = chance.random() < 0.03
        return [] if shipped else ["--style", self._toy]


def _contents(files: list[Path]) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in files}


def _damaged(chance: random.Random, folder: Path, files: dict[str, bytes]) -> str:
    """Write a damaged copy of a file, sometimes under the suffix of another; return its name."""
    source = chance.choice(sorted(files))
    named = chance.choice(sorted(files)) if chance.random() < 0.05 else source
    others = [files[chance.choice(sorted(files))] for _ in range(2)]
    name = f"{chance.randrange(100)}{named}"
    content = files[source] if chance.random() < 0.03 else mutated(files[source], chance, others)
    (folder / name).write_bytes(content)
    return name


def _damage_file(chance: random.Random, file: Path) -> None:
    if file.is_file() and not file.is_symlink():
        file.write_bytes(mutated(file.read_bytes(), chance))


def _delete_file(chance: random.Random, file: Path) -> None:
    if file.is_file() and not file.is_symlink():
        file.unlink()


def _put_folder(chance: random.Random, file: Path) -> None:
    if file.is_file() and not file.is_symlink():
        file.unlink()
        file.mkdir()


def _put_link(chance: random.Random, file: Path) -> None:
    if file.is_file() and not file.is_symlink():
        file.unlink()
        file.symlink_to(chance.choice((file.parents[2] / "in.mp4", file, Path("/dev/zero"))))


def _put_json(chance: random.Random, file: Path) -> None:
    if file.suffix == ".json" and not file.is_dir() and not file.is_symlink():
        values: tuple[Any, ...] = (None, [], {}, -1, "x", [[]], {"every": 0}, 1e308)
        content = None
        with suppress(ValueError, OSError):
            content = json.loads(file.read_bytes())
        if isinstance(content, dict) and content and chance.random() < 0.7:
            content[chance.choice(sorted(content))] = chance.choice(values)
        elif isinstance(content, list) and content and isinstance(content[0], dict):
            content[0][chance.choice(sorted(content[0]))] = chance.choice(values)
        else:
            content = chance.choice(values)
        file.write_text(json.dumps(content))


WORK_DAMAGES: tuple[Callable[[random.Random, Path], None], ...] = (
    _damage_file, _damage_file, _delete_file, _put_folder, _put_link, _put_json,
)  # fmt: skip
