"""Programs that are told to stop while they work, or that have no room for their files."""

import resource
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager


def stop_once(
    process: subprocess.Popen[str],
    has_begun: Callable[[], bool],
    number: signal.Signals,
    limit_s: float,
    after_s: float = 0.0,
) -> str:
    """Send a signal `after_s` seconds after work has begun; return what was said on stderr.

    The process ends, one way or another; neither half may take longer than `limit_s` seconds.
    """
    try:
        deadline = time.monotonic() + limit_s
        while not has_begun():
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.01)
        time.sleep(after_s)
        process.send_signal(number)
        return process.communicate(timeout=limit_s)[1]
    finally:
        process.kill()


@contextmanager
def file_size_limit(size: int) -> Iterator[None]:
    """No file of this process can become larger, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
