"""Ends of forked runs, as those of an interpreter."""

import subprocess
import sys

INTERRUPTED = """
import atexit, threading
from tests.faults.fork_server import end_interpreter
ends = threading.Event()
waiting = threading.Thread(target=lambda: (ends.wait(60), print("thread")))
waiting.start()
never = threading.Thread(target=print)
threading._limbo[never] = never  # as a signal leaves it that is handled in Thread.start
assert never in threading.enumerate()
threading._register_atexit(ends.set)
atexit.register(print, "exit")
end_interpreter()
"""


def test_a_thread_whose_start_was_interrupted_is_not_waited_for() -> None:
    words = [sys.executable, "-c", INTERRUPTED]
    run = subprocess.run(words, capture_output=True, text=True, timeout=60)
    assert (run.stdout, run.stderr, run.returncode) == ("thread\nexit\n", "", 0)
