"""Standard streams of the command line: results to stdout, errors to stderr."""

import errno
import io
import os
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from vidstyle.errors import SinkError, VidstyleError, machine_limit, printable, reason
from vidstyle.flags import with_flags


def print_error(error: Exception, debug: bool) -> None:
    if debug:
        traceback.print_exception(error)
    message = with_flags(error) if isinstance(error, VidstyleError) else machine_limit(error)
    if message is None:
        message = f"Unexpected {type(error).__name__}: {str(error).strip() or 'no message'}. " + (
            "This is a bug; please report the lines above."
            if debug
            else "This is a bug; --debug shows where."
        )
    print_to_stderr(f"vidstyle: {message}")


def print_to_stderr(line: str) -> None:
    with suppress(OSError):  # of a full disk that stderr is redirected to
        print(printable(line), file=sys.stderr)


def reopen_closed_streams() -> None:
    """Open the null device for standard streams that the caller closed.

    A film would get their descriptors otherwise, and the messages of libraries in it.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            # The lowest free descriptor, hence that of the stream.
            setattr(sys, name, open(os.devnull, mode))  # noqa: PTH123, SIM115


def escape_unprintable() -> None:
    """Make characters of file names that stdout's encoding lacks come out as escapes."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


def print_line(text: str) -> None:
    with writing_stdout():
        print(text)


@contextmanager
def writing_stdout() -> Iterator[None]:
    """Flush stdout after the block, so that its errors are found.

    Raises:
        SinkError: stdout takes no more, as on a full disk.
        BrokenPipeError: the reader of the pipe has ended.
    """
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        if sys.platform == "win32" and error.errno == errno.EINVAL:  # as Windows says the same
            raise BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE)) from error
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # Python flushes it at exit
        raise SinkError(f"Cannot write to standard output: {reason(error)}.") from error
