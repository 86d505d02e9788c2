"""Memory, threads, file handles and CPU time of a process and its children, from /proc."""

import os
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
GONE = (FileNotFoundError, ProcessLookupError)  # of a process that has just ended


@dataclass(frozen=True)
class Sample:
    """Resources of a process and its children at one moment."""

    time_s: float  # since the begin of the sampling
    memory_mb: float  # resident memory in MiB; pages shared by processes count in each
    own_mb: float  # anonymous part of it, in which leaks show
    processes: int
    threads: int
    handles: int  # open file descriptors
    cpu_s: float  # CPU time of all, including children that have ended
    load: float  # load average of the machine over one minute


@dataclass(frozen=True)
class _Usage:
    """Resources of one process; memory in KiB."""

    memory: int
    own: int
    threads: int
    handles: int
    cpu_s: float


class ProcessTree:
    """Process and its children, sampled from outside; Linux only."""

    def __init__(self, process_id: int) -> None:
        """Start the clock of the samples.

        Args:
            process_id: of the root, which is not waited for by this class.
        """
        self._root, self._started_s = process_id, time.monotonic()

    def sample(self) -> Sample:
        """Read the resources of all processes.

        Raises:
            ProcessLookupError: the root has ended.
        """
        time_s = time.monotonic() - self._started_s
        found = [usage for id in descendants(self._root) if (usage := _usage(id))]
        if not found:
            raise ProcessLookupError(f"Process {self._root} has ended.")
        return Sample(
            time_s=round(time_s, 1),
            memory_mb=round(sum(each.memory for each in found) / 1024, 2),
            own_mb=round(sum(each.own for each in found) / 1024, 2),
            processes=len(found),
            threads=sum(each.threads for each in found),
            handles=sum(each.handles for each in found),
            cpu_s=round(sum(each.cpu_s for each in found), 2),
            load=round(os.getloadavg()[0], 2),
        )


def descendants(process_id: int) -> Iterator[int]:
    """Yield the ids of a process, its children and their children."""
    yield process_id
    with suppress(*GONE):
        for task in (PROC / str(process_id) / "task").iterdir():
            for child in (task / "children").read_text(encoding="ascii").split():
                yield from descendants(int(child))


def _usage(process_id: int) -> _Usage | None:
    """Resources of a process; None if it has ended."""
    folder = PROC / str(process_id)
    with suppress(*GONE):
        lines = (folder / "status").read_text(encoding="utf-8").splitlines()
        status = {name: value for name, _, value in (line.partition(":") for line in lines)}
        if "VmRSS" in status:  # else it has ended and was not reaped yet
            return _Usage(
                memory=_kib(status["VmRSS"]),
                own=_kib(status["RssAnon"]),
                threads=int(status["Threads"]),
                handles=len(list((folder / "fd").iterdir())),
                cpu_s=_cpu_s(folder),
            )
    return None


def _kib(text: str) -> int:
    return int(text.removesuffix("kB"))


def _cpu_s(folder: Path) -> float:
    """CPU time of a process and of its children that have ended."""
    fields = (folder / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")
