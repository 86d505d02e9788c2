"""Freed memory stays with the process where the C library is glibc, for all of its threads."""

import platform
import subprocess
import sys
from collections.abc import Callable

import pytest

from vidstyle.allocator import keep_freed_memory, share_freed_memory

# Page faults of blocks that are taken and freed over and over, with 1 MB each.
COUNT = """
import resource, sys
import numpy as np
from vidstyle.allocator import keep_freed_memory
if sys.argv[1] == "kept":
    assert keep_freed_memory()
def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(100):
        blocks = [np.ones(1 << 20, np.uint8) for _ in range(8)]
        del blocks
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
faults()
print(faults())
"""

# Resident memory in MB after threads have taken and freed as much, one after the other.
RESIDENT = """
import sys, threading
import numpy as np
from vidstyle.allocator import keep_freed_memory, share_freed_memory
from vidstyle.hardware import resident_mb
keep_freed_memory()
if sys.argv[1] == "shared":
    assert share_freed_memory()
gates = [threading.Event() for _ in range(5)]
gates[0].set()
def work(gate, next_gate):
    gate.wait()
    blocks = [np.ones(1 << 20, np.uint8) for _ in range(16)]
    del blocks
    next_gate.set()
    gates[-1].wait()
threads = [threading.Thread(target=work, args=gates[i : i + 2]) for i in range(4)]
for thread in threads:
    thread.start()
gates[-1].wait()
print(round(resident_mb()))
"""
needs_glibc = pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="needs glibc")


@needs_glibc
def test_blocks_that_are_freed_are_not_asked_for_again() -> None:
    given_back, kept = (printed(COUNT, how) for how in ("plain", "kept"))
    assert kept < 1000 < given_back


@needs_glibc
def test_what_a_thread_frees_another_takes() -> None:
    separate, shared = (printed(RESIDENT, how) for how in ("plain", "shared"))
    assert shared < separate - 24  # MB; four threads have had 16 MB each


@pytest.mark.parametrize("change", [keep_freed_memory, share_freed_memory])
def test_other_systems_are_left_alone(
    monkeypatch: pytest.MonkeyPatch, change: Callable[[], bool]
) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert not change()


def printed(program: str, how: str) -> int:
    command = [sys.executable, "-c", program, how]
    return int(
        subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout
    )
