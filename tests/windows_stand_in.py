"""Windows as far as it can be simulated in a process on Linux; `install` is called first in it.

Without POSIX modules, functions and signals; clocks go in steps of 15.6 ms, renaming replaces
nothing, open files can be neither replaced nor deleted, and standard output is cp1252.
"""

import contextlib
import errno
import io
import os
import signal
import sys
import time
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

STEP_S = 1 / 64  # of the coarse clocks
MODULES = ("fcntl", "grp", "posix", "pty", "pwd", "resource", "termios", "tty")
FUNCTIONS = (
    "fork", "forkpty", "getegid", "geteuid", "getgid", "getloadavg", "getpgid", "getuid", "killpg",
    "mkfifo", "nice", "posix_spawn", "sched_getaffinity", "setsid", "sysconf", "wait",
)  # fmt: skip
SIGNALS = ("SIGALRM", "SIGCHLD", "SIGHUP", "SIGKILL", "SIGPIPE", "SIGQUIT", "SIGUSR1", "SIGUSR2")


def install() -> None:
    """Change this process; import all libraries but vidstyle before."""
    import fcntl

    def locking(handle: int, mode: int, size: int) -> None:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise PermissionError(errno.EACCES, "Permission denied") from None

    fake: Any = types.ModuleType("msvcrt")
    fake.locking, fake.LK_NBLCK = locking, 2
    sys.modules["msvcrt"] = fake
    for name in MODULES:
        sys.modules[name] = None  # type: ignore[assignment]
    for name in FUNCTIONS:
        delattr(os, name)
    for name in SIGNALS:
        delattr(signal, name)
    for name in ("monotonic", "thread_time", "process_time", "time"):
        setattr(time, name, coarse(getattr(time, name)))
    keep_open_files()
    sys.platform = "win32"
    for stream in (sys.stdout, sys.stderr):
        assert isinstance(stream, io.TextIOWrapper)
        stream.reconfigure(encoding="cp1252", errors=stream.errors)


def coarse(clock: Callable[[], float]) -> Callable[[], float]:
    """Clock in steps."""
    return lambda: clock() // STEP_S * STEP_S


def keep_open_files() -> None:
    """Make renaming replace nothing, and nothing replace or delete what this process has open."""
    for name in ("unlink", "remove", "rmdir", "replace"):
        setattr(os, name, refusing(getattr(os, name)))
    rename = refusing(os.rename)

    def rename_to_free_name(source: Any, target: Any, **more: Any) -> None:
        if os.path.lexists(target):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), target)
        rename(source, target, **more)

    vars(os)["rename"] = rename_to_free_name


def refusing(change: Callable[..., None]) -> Callable[..., None]:
    """Function that raises PermissionError for paths that this process has open."""

    def checked(*paths: Any, dir_fd: int | None = None, **more: Any) -> None:
        folder = Path.cwd() if dir_fd is None else Path(f"/proc/self/fd/{dir_fd}").readlink()
        opened = set(open_files())
        for path in paths:
            real = os.path.realpath(folder / os.fsdecode(path))
            if any(each == real or each.startswith(f"{real}/") for each in opened):
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path)
        change(*paths, **({"dir_fd": dir_fd} if dir_fd is not None else {}), **more)

    return checked


def open_files() -> list[str]:
    """Paths of the files that this process has open."""
    files = []
    for entry in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):
            path = entry.readlink()
            if path.is_file():
                files.append(str(path))
    return files
