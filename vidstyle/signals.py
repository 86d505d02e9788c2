"""Signals that end the process: an orderly end through SystemExit."""

import errno
import os
import signal
import sys

SIGNALED = 128  # plus the signal's number, as in shells


def catch_signals() -> None:
    """Make signals that end the process raise SystemExit, so that every `with` block cleans up.

    SIGHUP: the terminal was closed or the connection lost; SIGBREAK: the same on Windows. Ignored
    signals stay ignored, as nohup needs.
    """
    for number in _ending_signals():
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, _stop_cleanly)


def _ending_signals() -> list[signal.Signals]:
    return [s for s in signal.Signals if s.name in ("SIGTERM", "SIGHUP", "SIGBREAK")]


def _stop_cleanly(number: int, frame: object) -> None:
    for each in (
        _ending_signals()
    ):  # a closed terminal sends several, which must not interrupt the clean-up
        signal.signal(each, _do_nothing)
    _redirect_closed_terminal()
    sys.exit(SIGNALED + number)


def _do_nothing(number: int, frame: object) -> None:
    """Signal handler that ignores; unlike SIG_IGN, also signals received but not handled yet."""


def _redirect_closed_terminal() -> None:
    """Redirect output to a closed terminal to the null device, since writing to it fails."""
    for descriptor in (1, 2):
        try:
            os.get_terminal_size(descriptor)
        except OSError as error:
            if error.errno == errno.EIO:
                os.dup2(os.open(os.devnull, os.O_WRONLY), descriptor)
