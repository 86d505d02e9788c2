"""Interruptions: signals at random moments, full disks, folders that take no files."""

import os
import random
import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import av

from tests.clips import Clip, Sound
from tests.faults.runs import PARTIALS, ForkServer, Outcome, Run, contents, judged
from tests.faults.seeds import networks, pictures

FRAMES = 60
CLIP = Clip(frames=FRAMES, sounds=[Sound(seconds=2.0)], options={"preset": "ultrafast"})
ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
PICTURES_FOLLOW = (b"moof", b"\x1f\x43\xb6\x75")  # a fragment of MP4, a cluster of Matroska
LIVE = ("live", "--camera", "in.mp4", "--no-window")


class Interruptions:
    """Makers of interrupted runs, and checks of what they leave; see `campaign.Make`."""

    def __init__(self, folder: Path, server: ForkServer) -> None:
        """Write the clip to a folder.

        Args:
            folder: existing and empty.
            server: runs the command line.
        """
        self._server = server
        self._clip = CLIP.write(folder / "in.mp4").read_bytes()
        for name, make in (("networks", networks), ("pictures", pictures)):
            (folder / name).mkdir()
            make(folder / name)
        self._picture = (folder / "pictures" / "a.png").read_bytes()
        self._toy = str(folder / "networks" / "toy.onnx")

    def signals(self, chance: random.Random, folder: Path) -> Run:
        """A conversion or a batch that is interrupted, terminated or hung up."""
        words = self._convert(chance, folder)
        after_s = chance.random() * 0.8
        return Run(words=words, folder=folder, outputs=["o.mp4"], signal=chance.choice(ENDINGS),
                   after_s=after_s)  # fmt: skip

    def kills(self, chance: random.Random, folder: Path) -> Run:
        """A conversion that is killed."""
        words = self._convert(chance, folder)
        return Run(words=words, folder=folder, outputs=["o.mp4"], allowed=PARTIALS,
                   signal=signal.SIGKILL, after_s=chance.random() * 0.8,
                   afterwards=self._after_a_kill)  # fmt: skip

    def recordings(self, chance: random.Random, folder: Path) -> Run:
        """A live recording that a signal ends."""
        (folder / "in.mp4").write_bytes(self._clip)
        name = chance.choice(("o.mkv", "o.mp4"))
        words = [*LIVE, "--record", name, "--style", self._toy, "--seconds", "1.5", "--loop"]
        number = chance.choice((*ENDINGS, signal.SIGKILL))
        return Run(words=words, folder=folder, outputs=[name], signal=number, allowed=PARTIALS,
                   after_s=chance.random() * 1.6, afterwards=_after_a_recording)  # fmt: skip

    def full_disks(self, chance: random.Random, folder: Path) -> Run:
        """A conversion, picture or recording whose disk is full at some point."""
        words = self._convert(chance, folder)
        allowed, outputs = "", ["o.mp4"]
        if chance.random() < 0.2:
            words = [*LIVE, "--record", "o.mkv", "--style", self._toy, "--seconds", "1"]
            allowed, outputs = "o.mkv", ["o.mkv"]
        return Run(words=words, folder=folder, outputs=outputs, allowed=allowed,
                   file_bytes=int(2 ** (chance.random() * 17)))  # fmt: skip

    def closed_folders(self, chance: random.Random, folder: Path) -> Run:
        """A conversion into a folder that takes no files, or on a disk that is too small."""
        (folder / "out").mkdir()
        command = chance.choice(("convert", "image", "style", "styles"))
        name = {"convert": "o.mkv", "style": "o.onnx"}.get(command, "o.png")
        (folder / "in.mp4").write_bytes(self._clip)
        (folder / "a.png").write_bytes(self._picture)
        inputs = {"convert": ["in.mp4"]}.get(command, ["a.png"])
        style = ["--style", self._toy] if command in ("convert", "image") else []
        words = [command, *inputs, "-o", f"out/{name}", *style]
        outputs = [f"out/{name}", *(["out/o.int8.onnx"] if command == "style" else [])]
        size = int(2 ** (12 + chance.random() * 8))
        around = small_disk(folder / "out", size, read_only=chance.random() < 0.3)
        return Run(words=words, folder=folder, outputs=outputs, around=around,
                   video=command == "convert")  # fmt: skip

    def scarcity(self, chance: random.Random, folder: Path) -> Run:
        """A conversion, a picture or a live run with little memory, or few open files.

        With little memory, libraries may crash; then files are as after a kill.
        """
        words, outputs = self._convert(chance, folder, ("--audio", "aac")), ["o.mp4"]
        (folder / "a.png").write_bytes(self._picture)
        kind = chance.randrange(4)
        if kind == 0:
            words = ["image", "a.png", "-o", "o.png", "--style", self._toy]
            outputs = ["o.png"]
        if kind == 1:
            words = [*LIVE, "--style", self._toy, "--seconds", "0.3"]
            outputs = []
        if chance.random() < 0.5:
            return Run(words=words, folder=folder, outputs=outputs, video=kind > 1,
                       open_files=chance.randrange(4, 30))  # fmt: skip
        return Run(words=words, folder=folder, outputs=outputs, video=kind > 1,
                   memory=int(2 ** (20 + chance.random() * 9)), may_crash=True,
                   allowed=PARTIALS)  # fmt: skip

    def _convert(self, chance: random.Random, folder: Path, *kinds: tuple[str, ...]) -> list[str]:
        """Words of a conversion of the clip, which is written; with one of the kinds of words."""
        (folder / "in.mp4").write_bytes(self._clip)
        kinds = kinds or (("--audio", "aac"), ("--codec", "libx265"), ("--every", "1"))
        more = chance.choice(((), *kinds))
        return ["in.mp4", "-o", "o.mp4", "--json", "--style", self._toy, *more]

    def _after_a_kill(self, run: Run, outcome: Outcome) -> list[str]:
        """Faults of what a killed conversion left, and of the next run of the same command."""
        again = Run(words=[*run.words, "--overwrite"], folder=run.folder, outputs=["o.mp4"],
                    allowed=PARTIALS)  # fmt: skip
        faults = []
        if (run.folder / "o.mp4").exists():
            faults += [f"half: {fault}" for fault in _unplayable(run.folder / "o.mp4", FRAMES)]
        outcome, more = judged(self._server, again)
        faults += [f"next run: {fault}" for fault in more]
        if outcome.code != 0:
            faults.append(f"next run: code {outcome.code}")
        left = [name for name in contents(run.folder) if re.fullmatch(PARTIALS, name)]
        return faults + [f"next run: leaves {re.sub('[0-9a-f]{8}', 'X', name)}" for name in left]


def _after_a_recording(run: Run, outcome: Outcome) -> list[str]:
    """Faults of a recording that a signal ended: what there is has to be playable."""
    file = run.folder / run.outputs[0]
    if not file.exists() or not any(mark in file.read_bytes() for mark in PICTURES_FOLLOW):
        return []  # ended before the first second was written
    return _unplayable(file, None)


def _unplayable(file: Path, frames: int | None) -> list[str]:
    try:
        with av.open(str(file)) as container:
            found = sum(1 for _ in container.decode(video=0))
    except (av.FFmpegError, IndexError) as error:
        return [f"leaves an unplayable file: {type(error).__name__}"]
    return [] if frames in (None, found) and found else [f"leaves {found} frames"]


@contextmanager
def small_disk(folder: Path, size: int, *, read_only: bool = False) -> Iterator[None]:
    """Make a folder a small or a read-only file system for the block, where that is allowed.

    Args:
        folder: existing and empty.
        size: bytes.
        read_only: no file can be written; without the right to mount, a permission.
    """
    how = "ro" if read_only else f"size={size}"
    mounted = os.geteuid() == 0 and _done("mount", "-t", "tmpfs", "-o", how, "tmpfs", folder)
    if read_only and not mounted:
        folder.chmod(0o500)
    try:
        yield
    finally:
        if mounted:
            assert _done("umount", folder)


def _done(*words: str | Path) -> bool:
    return subprocess.run(words, capture_output=True, check=False, timeout=60).returncode == 0
