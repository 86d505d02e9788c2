"""Signals that end the process: an orderly end through SystemExit."""

import _thread
import errno
import os
import signal
import sys
import time
from contextlib import suppress

SIGNALED = 128  # plus the signal's number, as in shells
REPEAT_S = 0.01  # until a lost signal is sent again; most finalizers have returned by then

_lost = set[int]()  # numbers of signals that are sent again


def catch_signals() -> None:
    """Make signals that end the process raise SystemExit, so that every `with` block cleans up.

    SIGHUP: the terminal was closed or the connection lost; SIGBREAK: the same on Windows. Ignored
    signals stay ignored, as nohup needs. Python drops exceptions that signals raise in finalizers
    and callbacks of weak references; those signals, and Ctrl-C, are sent again.
    """
    for number in _ending_signals():
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, _stop_cleanly)
    sys.unraisablehook = _repeat_lost_signal


def _ending_signals() -> list[signal.Signals]:
    return [s for s in signal.Signals if s.name in ("SIGTERM", "SIGHUP", "SIGBREAK")]


def _stop_cleanly(number: int, frame: object) -> None:
    for each in (
        _ending_signals()
    ):  # a closed terminal sends several, which must not interrupt the clean-up
        signal.signal(each, _stop_if_lost)
    _redirect_closed_terminal()
    sys.exit(SIGNALED + number)


def _stop_if_lost(number: int, frame: object) -> None:
    """Signal handler that ignores all but lost signals.

    Unlike SIG_IGN, it also ignores signals that were received but not handled yet.
    """
    if number in _lost:
        _lost.remove(number)
        sys.exit(SIGNALED + number)


def _repeat_lost_signal(dropped: "sys.UnraisableHookArgs") -> None:
    """Unraisable hook: sends a signal again if Python drops its exception; prints all others."""
    number = _signal_of(dropped.exc_value)
    if number is None:
        sys.__unraisablehook__(dropped)
        return
    with suppress(RuntimeError):  # no new threads: the interpreter is ending
        _thread.start_new_thread(_send_again, (number,))  # `threading` may hold its lock here


def _signal_of(error: BaseException | None) -> int | None:
    """Number of the signal that raised an exception; None for another exception."""
    if isinstance(error, KeyboardInterrupt):
        return signal.SIGINT
    code = error.code if isinstance(error, SystemExit) else None
    return next((number for number in _ending_signals() if code == SIGNALED + number), None)


def _send_again(number: int) -> None:
    time.sleep(REPEAT_S)
    _lost.add(number)
    if sys.platform == "win32":
        signal.raise_signal(number)
    else:
        os.kill(os.getpid(), number)  # unlike raise_signal, interrupts a wait of the main thread


def _redirect_closed_terminal() -> None:
    """Redirect output to a closed terminal to the null device, since writing to it fails."""
    for descriptor in (1, 2):
        try:
            os.get_terminal_size(descriptor)
        except OSError as error:
            if error.errno == errno.EIO:
                os.dup2(os.open(os.devnull, os.O_WRONLY), descriptor)
