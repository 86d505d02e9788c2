"""Memory, threads, handles and CPU time as the kernel counts them."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tools.benchmarks.process_tree import ProcessTree, descendants

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="/proc")
PARENT = """
import subprocess, sys
waits = "print(flush=True); input()"
pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
child = subprocess.Popen([sys.executable, "-c", waits], **pipes)
child.stdout.readline()  # it has started: before, it has no memory of its own
print(child.pid, flush=True)
input()
child.communicate(b"end", timeout=60)
print("reaped", flush=True)
input()
"""


@contextmanager
def parent() -> Iterator["subprocess.Popen[str]"]:
    """Process with one child, which ends at the first line of its input."""
    with subprocess.Popen(
        [sys.executable, "-c", PARENT], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def line(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def test_children_count_until_they_have_ended() -> None:
    with parent() as process:
        child = int(line(process))
        tree = ProcessTree(process.pid)
        assert list(descendants(process.pid)) == [process.pid, child]
        both = tree.sample()
        assert both.processes == both.threads == 2
        assert both.handles >= 6
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
        assert line(process) == "reaped"
        alone = tree.sample()
        assert alone.processes == alone.threads == 1
        assert 0 < alone.own_mb <= alone.memory_mb < both.memory_mb
        assert alone.cpu_s >= both.cpu_s  # an ended child's time is kept
        assert alone.time_s >= both.time_s
        process.kill()
        process.wait(60)
        with pytest.raises(ProcessLookupError, match=f"Process {process.pid} has ended"):
            tree.sample()


def test_more_memory_and_handles_are_seen() -> None:
    tree = ProcessTree(os.getpid())
    before = tree.sample()
    block = bytearray(b"x" * 40_000_000)
    read, write = os.pipe()
    after = tree.sample()
    os.close(read)
    os.close(write)
    assert after.own_mb - before.own_mb > 30 and len(block)
    assert after.handles - before.handles == 2
