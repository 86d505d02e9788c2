"""Programs that are told to stop while they work."""

import signal
import subprocess
import time
from collections.abc import Callable


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
