"""What this machine has, and how many threads each part of a run gets of it."""

import os
import platform
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class ThreadPlan:
    """Threads per part. All parts run at once, so each is kept small; the sum is the machine."""

    cores: int
    decoder: int
    painters: int  # keyframes painted side by side, one thread each
    opencv: int  # inside one warp or flow call
    encoder: int

    @classmethod
    def for_cores(cls, cores: int, every_frame: bool) -> "ThreadPlan":
        """Share out so many cores.

        Args:
            cores: at least 1.
            every_frame: the generator paints each frame, so it is what everything waits for.
        """
        return cls(
            cores=cores,
            decoder=min(cores, 4),
            painters=cores if every_frame else max(1, cores // 2),
            opencv=1 if cores <= 2 else min(4, cores // 2),
            encoder=cores,
        )


def usable_cores() -> int:
    """Cores this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def memory_gb() -> float | None:
    """Physical memory in units of 1e9 bytes; None where the system does not say."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    except (AttributeError, ValueError, OSError):
        return None


def resident_mb() -> float | None:
    """Memory that this process takes now; None where the system does not say."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 2**20
    except (OSError, ValueError):
        return None


def processor_name() -> str:
    """The processor's own name where the system gives it."""
    try:
        with Path("/proc/cpuinfo").open(encoding="utf-8") as lines:
            for line in lines:
                if line.startswith("model name"):
                    return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()
