"""Runs of the command line in folders of their own, and the judgment of each: the oracle."""

import hashlib
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import av

from tests.faults.fork_server import SIGNALED, TIMED_OUT

ROOT = Path(__file__).parent.parent.parent
MEMORY = 2 << 30  # address space of a run beyond that of the interpreter
RESIDENT = 1 << 30  # bytes of memory at most
START_S = 0.05  # until the command line handles signals
LIMIT_S = 60.0  # of a run; the machine may be busy
ORDERLY = (0, 1, 2)
CRASHES = (127, SIGNALED + signal.SIGABRT, SIGNALED + signal.SIGSEGV)  # 127: of the C library
# Outputs of a run that a signal ended: 128 and its number, as in shells.
SIGNAL_CODES = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGHUP: 129,
                signal.SIGKILL: SIGNALED + 9}  # fmt: skip
CPP_ABORT = "terminate called"
RIDDLES = ("Traceback", "This is a bug", "Unexpected ", CPP_ABORT, "Exception ignored")
STREAM = "-"
# Of a killed run: hidden files of its output, which the next run of the same output deletes.
PARTIALS = r"\.o(\.[0-9a-f]{8}\.partial)?\.\w+(\.work)?(\.lock)?"


def no_faults(run: "Run", outcome: "Outcome") -> list[str]:
    """Judge nothing further, as `Run.afterwards`."""
    return []


@dataclass(frozen=True, kw_only=True)
class Run:
    """One call of the command line.

    The folder holds the inputs and is the working directory. Beside it, `home` and `tmp` belong
    to the run. `around` is entered for the run and its judgment, to which `afterwards` adds.
    """

    words: Sequence[str]
    folder: Path
    outputs: Sequence[str] = ()  # names that have to be there after success, beside the inputs
    allowed: str = ""  # pattern of files that may be there or change, however it ends
    video: bool = True  # outputs are videos, whose frames are counted
    stdin: str | None = None  # name of a file in the folder
    signal: int = 0  # sent after `after_s`
    after_s: float = 0.0
    file_bytes: int = 0  # size of the largest file that can be written, as a full disk; 0: any
    limit_s: float = LIMIT_S
    memory: int = MEMORY
    open_files: int = 0  # at most; 0: as usual
    may_crash: bool = False  # in C or C++, as where memory runs out between two checks
    torch: bool = False
    around: AbstractContextManager[Any] = field(default_factory=nullcontext)
    afterwards: Callable[["Run", "Outcome"], list[str]] = no_faults
    environment: Mapping[str, str] = field(default_factory=dict)

    @property
    def beside(self) -> Path:
        """Folder of the run's own files, beside that of the inputs."""
        return self.folder.parent


@dataclass(frozen=True)
class Outcome:
    """End of a run: exit code, and its words."""

    code: int
    seconds: float
    memory: int
    out: bytes
    err: str


class ForkServer:
    """Process that runs the command line, see `fork_server`; for one thread."""

    def __init__(self, torch: bool = False, parts: bool = False) -> None:
        environment = os.environ | {
            "PYTHONPATH": str(ROOT), "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1",
        }  # fmt: skip
        kinds = ["torch"] * torch + ["parts"] * parts
        words = [sys.executable, "-m", "tests.faults.fork_server", *kinds]
        self._process = subprocess.Popen(
            words, cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            text=True,
        )  # fmt: skip
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == "ready\n"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.kill()
        self._process.communicate(timeout=60)

    def outcome(self, run: Run) -> Outcome:
        """Run the command line once and wait for its end."""
        for name in ("home", "tmp"):
            (run.beside / name).mkdir(exist_ok=True)
        out, err = run.beside / "out", run.beside / "err"
        request = {
            "words": list(run.words),
            "folder": str(run.folder),
            "environment": {
                "HOME": str(run.beside / "home"), "TMPDIR": str(run.beside / "tmp"),
                "XDG_CONFIG_HOME": str(run.beside / "home"), **run.environment,
            },
            "stdin": run.stdin and str(run.folder / run.stdin),
            "stdout": str(out),
            "stderr": str(err),
            "signal": run.signal,
            "after_s": run.after_s,
            "file_bytes": run.file_bytes,
            "limit_s": run.limit_s,
            "memory": run.memory,
            "open_files": run.open_files,
        }  # fmt: skip
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline())
        text = err.read_text(encoding="utf-8", errors="replace") if err.exists() else ""
        return Outcome(**answer, out=out.read_bytes() if out.exists() else b"", err=text)


def contents(folder: Path) -> dict[str, str]:
    """Digest of each file below a folder; of links and folders, what they are."""
    found = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_symlink():
            found[name] = f"link to {path.readlink()}"
        elif path.is_file():
            found[name] = hashlib.sha256(path.read_bytes()).hexdigest()
        else:
            found[name] = "folder"
    return found


def judged(server: ForkServer, run: Run) -> tuple[Outcome, list[str]]:
    """Run the command line and list what is wrong with its end; an empty list is an orderly end."""
    with run.around:
        before = contents(run.folder)
        outcome = server.outcome(run)
        faults = _faults(run, outcome, before)
        return outcome, faults + run.afterwards(run, outcome)


def _faults(run: Run, outcome: Outcome, before: dict[str, str]) -> list[str]:
    return [
        *_ending(run, outcome),
        *_riddles(run, outcome.err),
        *_changes(run, outcome, before),
        *(_broken_outputs(run, outcome) if outcome.code == 0 else ()),
    ]


def _ending(run: Run, outcome: Outcome) -> list[str]:
    """Faults of the exit code, time and memory."""
    faults = []
    allowed = {*ORDERLY, *(CRASHES if run.may_crash else ())}
    if run.signal:
        allowed.add(SIGNAL_CODES[signal.Signals(run.signal)])
        if run.after_s < START_S:
            allowed.add(SIGNALED + run.signal)
    if outcome.code == TIMED_OUT:
        faults.append("does not end")
    elif outcome.code > SIGNALED and outcome.code not in allowed:
        faults.append(f"crashes by {signal.Signals(outcome.code - SIGNALED).name}")
    elif outcome.code not in allowed:
        faults.append(f"ends with code {outcome.code}")
    elif outcome.code in (1, 2) and not outcome.err:
        faults.append("fails without a word")
    if outcome.memory > RESIDENT * (1 + run.torch):
        faults.append("takes too much memory")
    return faults


def _riddles(run: Run, err: str) -> list[str]:
    riddles = [riddle for riddle in RIDDLES if not (run.may_crash and riddle == CPP_ABORT)]
    faults = [f'says "{riddle}"' for riddle in riddles if riddle in err]
    if any(line.startswith(("[ WARN", "[ERROR")) for line in err.splitlines()):  # OpenCV's log
        faults.append("shows words of a library")
    return faults


def _changes(run: Run, outcome: Outcome, before: dict[str, str]) -> list[str]:
    """Faults of the files: changed or deleted inputs, leftovers."""
    after = {
        name: digest
        for name, digest in contents(run.folder).items()
        if name in before or not re.fullmatch(run.allowed, name)
    }
    faults = [
        f"{'changes' if name in after else 'deletes'} {name}"
        for name, digest in before.items()
        if after.get(name) != digest and not re.fullmatch(run.allowed, name)
    ]
    new = {name for name in after if name not in before}
    if outcome.code == 0 or run.signal or "--strict" in run.words:
        new -= set(run.outputs)
    faults += [f"leaves {re.sub('[0-9a-f]{8}', 'X', name)}" for name in sorted(new)]
    if outcome.code < SIGNALED and outcome.code != TIMED_OUT and contents(run.beside / "tmp"):
        faults.append("leaves temporary files")
    return faults


def _broken_outputs(run: Run, outcome: Outcome) -> list[str]:
    """Faults of the outputs after success."""
    faults = []
    for name in run.outputs:
        file = run.beside / "out" if name == STREAM else run.folder / name
        if not file.exists() or not file.stat().st_size:
            faults.append("says done, without output")
        elif run.video:
            kind = "mpegts" if "mpegts" in run.words else None  # too short to be recognized
            faults += _wrong_frames(file, kind, _promised_frames(outcome))
    return faults


def _promised_frames(outcome: Outcome) -> int | None:
    """Frames that a run with --json tells; None without."""
    try:
        (result,) = json.loads(outcome.out)["results"]
        return int(result["frames"])
    except (ValueError, KeyError, TypeError):
        return None


def _wrong_frames(file: Path, kind: str | None, promised: int | None) -> list[str]:
    try:
        with av.open(str(file), format=kind) as container:
            found = sum(1 for _ in container.decode(video=0))
    except (av.FFmpegError, IndexError, ValueError) as error:
        return [f"writes an output that does not open: {type(error).__name__}"]
    if promised is None or found == promised:
        return [] if found else ["writes an output without frames"]
    return [f"promises another number of frames: {promised - found:+d}"]


def with_words(run: Run, *words: str) -> Run:
    """The same run with further words."""
    return replace(run, words=[*run.words, *words])


def described(run: Run, outcome: Outcome, faults: Sequence[str]) -> str:
    """Text on a finding, for people."""
    extra: dict[str, Any] = {
        name: getattr(run, name)
        for name in ("stdin", "signal", "after_s", "file_bytes", "memory", "open_files")
        if getattr(run, name)
    }
    return "\n".join(
        [
            f"vidstyle {' '.join(run.words)}  {extra or ''}",
            f"code {outcome.code} after {outcome.seconds:.1f} s, {outcome.memory >> 20} MB",
            *(f"- {fault}" for fault in faults),
            outcome.err,
        ]
    )
