"""Subprocesses that get signals at work, and a limit of file sizes in place of a full disk."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

if sys.platform != "win32":
    import resource

RUN = "from vidstyle.cli import main; sys.exit(main())"  # as `python -m vidstyle`


def vidstyle_with(changes: str) -> list[str]:
    """Words of the vidstyle command, with Python code that is run in its process before it."""
    return [sys.executable, "-c", f"import sys\n{changes}\n{RUN}"]


def stop_once(
    process: subprocess.Popen[str],
    has_begun: Callable[[], bool],
    number: signal.Signals,
    limit_s: float,
) -> str:
    """Send a signal to a process at work and wait for its end; it is killed in any case.

    Args:
        process: with stderr as a pipe.
        has_begun: polled until it returns True.
        number: signal to send.
        limit_s: timeout in seconds, of the wait for the beginning and of that for the end.

    Returns:
        The output on stderr.
    """
    if sys.platform == "win32":
        process.kill()
        pytest.skip("Windows sends no signals to one process")
    with process:
        try:
            deadline = time.monotonic() + limit_s
            while not has_begun():
                assert process.poll() is None
                assert time.monotonic() < deadline
                time.sleep(0.01)
            process.send_signal(number)
            return process.communicate(timeout=limit_s)[1]
        finally:
            process.kill()


@contextmanager
def file_size_limit(size: int) -> Iterator[None]:
    """Limit the size of files that this process writes, in bytes, as a full disk does."""
    if sys.platform == "win32":
        pytest.skip("Windows has no limit of file sizes")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
