"""Signals that end the process also do so where Python drops exceptions, as in finalizers."""

import signal
import subprocess
import sys

import pytest

HANG_LIMIT_S = 60
ENDINGS = [
    (signal.SIGINT, "KeyboardInterrupt()"),
    (signal.SIGTERM, "SystemExit(143)"),
    pytest.param(
        getattr(signal, "SIGHUP", None),
        "SystemExit(129)",
        marks=pytest.mark.skipif(sys.platform == "win32", reason="Windows has none"),
    ),
]
SET_UP = """
import signal, sys, time
from vidstyle.signals import catch_signals
signal.signal(signal.SIGINT, signal.default_int_handler)
catch_signals()
class Dropping:
    def __init__(self, finalize): self.finalize = finalize
    def __del__(self): self.finalize()
def wait():
    while True:
        time.sleep(0.01)
def end():
    try:
        wait()
    except BaseException as stop:
        print(repr(stop))
"""


def ran(code: str) -> tuple[str, str]:
    """What Python code, after `SET_UP`, says on stdout and stderr."""
    words = [sys.executable, "-c", SET_UP + code]
    run = subprocess.run(words, capture_output=True, text=True, timeout=HANG_LIMIT_S)
    return run.stdout, run.stderr


@pytest.mark.parametrize(("number", "stop"), ENDINGS)
def test_a_signal_that_a_finalizer_drops_ends_the_process(number: int, stop: str) -> None:
    assert ran(f"Dropping(lambda: signal.raise_signal({int(number)}))\nend()") == (f"{stop}\n", "")


@pytest.mark.parametrize(("number", "stop"), ENDINGS)
def test_a_signal_may_be_dropped_several_times(number: int, stop: str) -> None:
    first = f"Dropping(lambda: signal.raise_signal({int(number)}))"
    assert ran(f"{first}\nDropping(wait)\nDropping(wait)\nend()") == (f"{stop}\n", "")


def test_signals_during_the_clean_up_are_still_ignored() -> None:
    code = """
Dropping(lambda: signal.raise_signal(signal.SIGTERM))
try:
    wait()
except SystemExit as stop:
    signal.raise_signal(signal.SIGTERM)
    print(repr(stop))
"""
    assert ran(code) == ("SystemExit(143)\n", "")


@pytest.mark.parametrize("error", ["ValueError", "SystemExit"])
def test_other_exceptions_of_finalizers_are_printed(error: str) -> None:
    out, printed = ran(f"def fail(): raise {error}(3)\nDropping(fail)\nprint('goes on')")
    assert out == "goes on\n"
    assert "Exception ignored" in printed
    assert "Dropping.__del__" in printed
    assert f"{error}: 3" in printed
