"""Scheduling policy of threads, kept while an encoder opens."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

THREADS = Path("/proc/self/task")


@contextmanager
def unchanged_scheduling() -> Iterator[None]:
    """Give threads the policy back that they had before the block; does nothing but on Linux.

    Run by root, SVT-AV1 puts its threads and the calling one under SCHED_FIFO, at the highest
    priority. Threads that these start inherit it, and a few that spin until others have done their
    share then keep every core for ever.
    """
    if sys.platform != "linux":
        yield
        return
    before = _scheduling(0)
    try:
        yield
    finally:
        changed = _scheduling(0)
        if changed != before:
            for thread in [int(entry.name) for entry in THREADS.iterdir()]:
                with suppress(OSError):  # it has ended
                    if _scheduling(thread) == changed:
                        policy, priority = before
                        os.sched_setscheduler(thread, policy, os.sched_param(priority))


def _scheduling(thread: int) -> tuple[int, int]:
    """Policy and priority of a thread by its id; 0 for the calling one."""
    return os.sched_getscheduler(thread), os.sched_getparam(thread).sched_priority
