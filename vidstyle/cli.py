"""Command line: entry point, exit codes, log format and interruptions.

PYTHON_ARGCOMPLETE_OK, for the global activation of argcomplete.
"""

import argparse
import logging
import os
import sys
from collections.abc import Sequence

from vidstyle.commands import (
    DONE,
    FAILED,
    HUNG_UP,
    INTERRUPTED,
    NOTHING_LEFT,
    RUN,
    TERMINATED,
    USAGE,
)
from vidstyle.completion import REQUEST, answer_shell
from vidstyle.errors import OptionError
from vidstyle.flags import spelled
from vidstyle.parser import build_parser, parse, subparsers
from vidstyle.signals import catch_signals
from vidstyle.standard_streams import (
    escape_unprintable,
    print_error,
    print_to_stderr,
    reopen_closed_streams,
)

__all__ = [
    "DONE",
    "FAILED",
    "HUNG_UP",
    "INTERRUPTED",
    "TERMINATED",
    "USAGE",
    "build_parser",
    "main",
]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        arguments: without the program's name; None for those of the process, which also installs
            signal handlers, in the main thread only.

    Returns:
        Exit code: 0 for success, 1 for a failure, 2 for a wrong call, 130 after Ctrl-C.

    Raises:
        SystemExit: the call asks for help or the version, cannot be parsed, or a signal ended it.
    """
    if arguments is None and REQUEST in os.environ:
        parser = build_parser()
        answer_shell(parser, subparsers(parser))
    if arguments is None:
        catch_signals()
        reopen_closed_streams()
        escape_unprintable()
    os.environ.setdefault("OPENCV_LOG_LEVEL", "OFF")  # read by its import; our errors say the same
    handler = logging.StreamHandler()
    handler.setFormatter(_FlagFormatter("%(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
    parsed = argparse.Namespace(command=None, debug=False)
    try:
        parsed = parse(list(sys.argv[1:] if arguments is None else arguments))
        logging.getLogger("vidstyle").setLevel(logging.INFO if parsed.verbose else logging.NOTSET)
        return RUN[parsed.command](parsed)
    except KeyboardInterrupt as stop:
        files, *notes = getattr(stop, "__notes__", [_interruption_note(parsed.command)])
        print(f"vidstyle: Stopped. {files}", *notes, sep="\n", file=sys.stderr)
        return INTERRUPTED
    except SystemExit as stop:
        for note in getattr(stop, "__notes__", []):
            print_to_stderr(note)
        raise
    except BrokenPipeError:
        sys.stderr.close()  # the reader of the pipe has ended
        return FAILED
    except Exception as error:
        print_error(error, parsed.debug)
        return USAGE if isinstance(error, OptionError) else FAILED


class _FlagFormatter(logging.Formatter):
    """Log formatter that spells the settings of a record, its `settings`, as flags."""

    def format(self, record: logging.LogRecord) -> str:
        return spelled(super().format(record), getattr(record, "settings", ()))


def _interruption_note(command: str | None) -> str:
    """Sentence on the files of an interrupted run, if its command added none."""
    if command == "serve":
        return "The queue goes on at the next start."
    return NOTHING_LEFT
