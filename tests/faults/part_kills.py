"""Kills of conversions in parts, at random moments, and their continuation until the end."""

import hashlib
import random
import re
import signal
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import av

from tests.clips import Clip, Sound
from tests.faults.mutator import mutated
from tests.faults.runs import ForkServer, Outcome, Run, contents, judged, no_faults
from tests.faults.seeds import networks, pictures

CLIP = Clip(frames=60, sounds=[Sound(seconds=2.0)], options={"preset": "ultrafast", "bf": "2"})
FILM = Clip(frames=8, size_wh=(32, 24))
LEFT = r".*\.work(\.lock)?(/.*)?|(.*/)?\.[^/]*(\.lock|\.partial\.\w+)|o.*"
MAX_KILLS = 6  # of a case
KINDS = ((), ("--audio", "aac"), ("--codec", "hevc"), ("--start", "0.3"), ("--every", "1"))


class PartKills:
    """Makers of killed runs whose results are compared with those of unbroken ones."""

    def __init__(self, folder: Path, server: ForkServer, torch_server: ForkServer) -> None:
        """Write the clips to a folder.

        Args:
            folder: existing and empty.
            server: with short parts.
            torch_server: likewise, with PyTorch.
        """
        self._server, self._torch_server = server, torch_server
        self._clip = CLIP.write(folder / "in.mp4").read_bytes()
        self._film = FILM.write(folder / "film.mp4").read_bytes()
        for name, make in (("networks", networks), ("pictures", pictures)):
            (folder / name).mkdir()
            make(folder / name)
        self._picture = (folder / "pictures" / "a.png").read_bytes()
        self._toy = str(folder / "networks" / "toy.onnx")
        self._unbroken: dict[Sequence[str], tuple[float, dict[str, str]]] = {}
        self.kills = 0  # that ended a run before its end

    def fast(self, chance: random.Random, folder: Path) -> Run:
        """A conversion."""
        (folder / "in.mp4").write_bytes(self._clip)
        name = chance.choice(("o.mp4", "o.mkv"))
        words = ("in.mp4", "-o", name, "-y", "--style", self._toy, *chance.choice(KINDS))
        every = () if "--every" in words else ("--every", "3")
        return self._killed(chance, folder, (*words, *every), [name])

    def damaged(self, chance: random.Random, folder: Path) -> Run:
        """A conversion whose parts are damaged before it goes on."""
        run = self.fast(chance, folder)
        return replace(run, afterwards=partial(self._continued, chance, damages=True))

    def styles(self, chance: random.Random, folder: Path) -> Run:
        """A conversion in two styles at once."""
        (folder / "in.mp4").write_bytes(self._clip)
        words = ("in.mp4", "-o", "o/", "-y", "--every", "3", "--style", "great-wave,udnie")
        outputs = [f"o/in.{style}.mp4" for style in ("great-wave", "udnie")]
        return self._killed(chance, folder, words, outputs)

    def batch(self, chance: random.Random, folder: Path) -> Run:
        """A folder of conversions."""
        (folder / "films").mkdir()
        for name in "abc":
            (folder / "films" / f"{name}.mp4").write_bytes(self._clip)
        words = ("films", "-o", "o/", "--skip-existing", "--every", "3", "--style", self._toy)
        return self._killed(chance, folder, words, [f"o/{name}.toy.mp4" for name in "abc"])

    def full(self, chance: random.Random, folder: Path) -> Run:
        """A conversion in full quality."""
        (folder / "in.mp4").write_bytes(self._film)
        (folder / "a.png").write_bytes(self._picture)
        words = ("in.mp4", "-o", "o.mp4", "-y", "--quality", "full", "--style", "a.png")
        more = ("--every", "1", "--threads", "1")
        return self._killed(chance, folder, (*words, *more), ["o.mp4"], torch=True)

    def _killed(
        self,
        chance: random.Random,
        folder: Path,
        words: Sequence[str],
        outputs: Sequence[str],
        torch: bool = False,
    ) -> Run:
        run = Run(words=words, folder=folder, outputs=outputs, allowed=LEFT, torch=torch)
        if words not in self._unbroken:
            self._unbroken[words] = self._run_unbroken(run)
        return replace(
            run,
            signal=signal.SIGKILL,
            after_s=chance.random() * self._unbroken[words][0],
            afterwards=partial(self._continued, chance),
        )

    def _run_unbroken(self, run: Run) -> tuple[float, dict[str, str]]:
        """Seconds and results of an unbroken run; what it leaves is deleted."""
        outcome, faults = judged(self._of(run), run)
        assert outcome.code == 0 and not faults, (faults, outcome.err)
        results = {name: _packets(run.folder / name) for name in run.outputs}
        for name in run.outputs:
            (run.folder / name).unlink()
        return outcome.seconds, results

    def _continued(
        self, chance: random.Random, run: Run, outcome: Outcome, damages: bool = False
    ) -> list[str]:
        """Faults of the runs after a kill, of which some are killed too, and of their result."""
        faults, damaged, kills = list[str](), set[str](), 0
        whole_s, results = self._unbroken[run.words]
        while outcome.code != 0:
            kills += 1
            before = _kept(run.folder)
            if damages and before:
                damaged.add(_damage(chance, run.folder, chance.choice(sorted(before))))
            is_last = kills == MAX_KILLS or chance.random() < 0.4
            number, after_s = (0, 0.0) if is_last else (signal.SIGKILL, chance.random() * whole_s)
            again = replace(run, signal=number, after_s=after_s, afterwards=no_faults)
            outcome, more = judged(self._of(run), again)
            faults += more
            lost = before - damaged - _kept(run.folder)
            if any(not _output_of(run.folder / name).exists() for name in lost):
                faults.append("loses finished parts")
            if is_last and outcome.code != 0:
                return [*faults, f"does not go on: code {outcome.code}"]
        self.kills += kills
        faults += [
            f"another {name} than of an unbroken run"
            for name, digest in results.items()
            if _packets(run.folder / name) != digest
        ]
        # A result that is skipped may keep its lock files, of no bytes.
        locks = "" if "--skip-existing" in run.words else "|lock"
        left = [name for name in contents(run.folder) if re.search(f"work|partial{locks}", name)]
        left = [name for name in left if locks or not name.endswith(".lock")]
        return faults + [f"leaves {name}" for name in left]

    def _of(self, run: Run) -> ForkServer:
        return self._torch_server if run.torch else self._server


def _damage(chance: random.Random, folder: Path, name: str) -> str:
    """Damage a file; return its name."""
    content = (folder / name).read_bytes()
    (folder / name).write_bytes(mutated(content, chance, []))
    return name


def _packets(file: Path) -> str:
    """Digest of all packets and their times; Matroska's headers hold random numbers."""
    digest = hashlib.sha256()
    with av.open(str(file)) as container:
        for packet in container.demux():
            digest.update(repr((packet.stream.index, packet.pts, packet.dts)).encode())
            digest.update(bytes(packet))
    return digest.hexdigest()


def _kept(folder: Path) -> set[str]:
    """Names of finished parts of outputs that are not there yet."""
    files = folder.rglob("*.work/parts/[!.]*")
    return {file.relative_to(folder).as_posix() for file in files if not _output_of(file).exists()}


def _output_of(part: Path) -> Path:
    return part.parents[1].with_suffix("")
