"""Freed memory stays with the process where the C library is glibc, and is bounded."""

import platform
import subprocess
import sys

import pytest

from vidstyle.server.allocator import keep_freed_memory

# Page faults of blocks that are taken and freed over and over, with 1 MB each.
COUNT = """
import resource, sys
import numpy as np
from vidstyle.server.allocator import keep_freed_memory
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


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="needs glibc")
def test_blocks_that_are_freed_are_not_asked_for_again() -> None:
    given_back, kept = (faults(how) for how in ("plain", "kept"))
    assert kept < 1000 < given_back


def test_other_systems_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert not keep_freed_memory()


def faults(how: str) -> int:
    command = [sys.executable, "-c", COUNT, how]
    return int(
        subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout
    )
