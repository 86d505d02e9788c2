"""Hardware: CPU cores, memory and processor name, and the thread count of each pipeline stage."""

import ctypes
import os
import platform
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

INT8_FLAGS = {"avx512_vnni", "avx_vnni", "avx_vnni_int8", "asimddp"}  # of /proc/cpuinfo


@dataclass(frozen=True, slots=True)
class ThreadPlan:
    """Thread count of each pipeline stage.

    The stages run concurrently and are rarely all busy, so their counts may add up to more than
    the cores.
    """

    cores: int
    decoder: int
    painters: int  # generator runs in parallel, each on one thread
    opencv: int  # inside one warp or optical flow call
    encoder: int

    @classmethod
    def for_cores(cls, cores: int, every_frame: bool) -> "ThreadPlan":
        """Distribute CPU cores over the stages.

        Args:
            cores: number of cores, at least 1.
            every_frame: True if the generator paints every frame; it is the bottleneck then and
                gets all cores.
        """
        return cls(
            cores=cores,
            decoder=min(max(1, cores // 2), 4),  # a tenth of the work; each holds a frame more
            painters=cores if every_frame else max(1, cores // 2),
            opencv=1 if cores <= 2 else min(4, cores // 2),
            encoder=cores,
        )


def usable_cores() -> int:
    """Return the number of CPU cores this process may run on (its affinity, where known)."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def memory_gb() -> float | None:
    """Return physical memory in units of 1e9 bytes; None if the system does not report it."""
    if sys.platform == "win32":
        return _windows_memory_gb()
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    except (AttributeError, ValueError, OSError):
        return None


def _windows_memory_gb() -> float | None:
    """Physical memory by `GlobalMemoryStatusEx`."""
    status = _MemoryStatus(length=ctypes.sizeof(_MemoryStatus))
    kernel: Any = getattr(ctypes, "windll", None)
    if kernel is None or not kernel.kernel32.GlobalMemoryStatusEx(ctypes.byref(status)):
        return None
    return int(status.physical) / 1e9


class _MemoryStatus(ctypes.Structure):
    """MEMORYSTATUSEX of the Windows API."""

    _fields_ = (
        ("length", ctypes.c_uint32),
        ("load", ctypes.c_uint32),
        ("physical", ctypes.c_uint64),
        ("others", ctypes.c_uint64 * 6),
    )


def resident_mb() -> float | None:
    """Return resident memory of this process in MiB; None where /proc is missing."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 2**20
    except (AttributeError, OSError, ValueError):
        return None


def int8_instructions() -> bool | None:
    """Whether the CPU multiplies int8 vectors in one instruction (VNNI; on ARM, dot product).

    Painting takes half the time with it. None where the system does not tell.
    """
    if platform.machine().lower() in ("arm64", "aarch64") and sys.platform == "darwin":
        return True  # all of Apple's
    try:
        words = Path("/proc/cpuinfo").read_text(encoding="utf-8").split()
    except OSError:
        return None
    return bool(INT8_FLAGS & set(words))


def processor_name() -> str:
    """Return the CPU model name from /proc/cpuinfo, else from Python's `platform`."""
    try:
        with Path("/proc/cpuinfo").open(encoding="utf-8") as lines:
            for line in lines:
                if line.startswith("model name"):
                    return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()
