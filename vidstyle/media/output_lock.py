"""Lock of an output against a second writer, on a hidden file beside it."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from errno import EACCES, EAGAIN, EBADF
from pathlib import Path

from vidstyle.errors import LockedError, SinkError, reason
from vidstyle.media.atomic import hidden_name, stale_partials

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

LOCKED = (EAGAIN, EACCES, EBADF)  # the last one: NFS, a file of another user
MAX_WINDOWS_PATH = 259  # characters, unless the system's settings allow more


@contextmanager
def output_lock(path: Path) -> Iterator[bool]:
    """Lock an output against other runs for the block; delete partial files of killed runs.

    It is a lock of the operating system on a hidden file beside the output, and ends with the
    process. Yields whether the output is locked: on file systems without locks it is not, another
    run may be writing it, and partial files stay.

    Raises:
        LockedError: another run is writing the output, of this or of another user.
        SinkError: the folder cannot be written to.
    """
    lock = path.with_name(hidden_name(path, f"{path.suffix}.lock"))
    handle = None
    try:
        handle = _open_lock(lock, path)
        if handle is not None:
            _delete_stale(path)
        yield handle is not None
    finally:
        if handle is not None:
            if sys.platform == "win32":  # cannot delete open files
                os.close(handle)
            with suppress(OSError):
                lock.unlink()
            if sys.platform != "win32":
                os.close(handle)


def _open_lock(lock: Path, path: Path) -> int | None:
    """Create and lock a lock file; return its descriptor, or None without file locks.

    Raises:
        LockedError: another run holds the lock.
        SinkError: the file cannot be created.
    """
    while True:
        handle = _lock_file(lock, path)
        try:
            _try_lock(handle)
            if _has_name(handle, lock):
                return handle
            os.close(handle)  # its owner has just deleted it: try again with a new file
        except OSError as error:
            os.close(handle)
            if error.errno in LOCKED:
                raise LockedError(
                    f"{path} is being written by another run. Wait for it, or choose another name."
                ) from error
            with suppress(OSError):
                lock.unlink()
            return None
        except BaseException:  # a signal just now
            with suppress(OSError):
                lock.unlink()
            os.close(handle)
            raise


def _lock_file(lock: Path, path: Path) -> int:
    """Open a lock file, create it if needed; return its descriptor.

    One of another user is opened for reading, which is enough for a lock on most file systems.

    Raises:
        LockedError: it cannot be opened.
        SinkError: it cannot be created.
    """
    try:
        return os.open(lock, os.O_CREAT | os.O_RDWR, 0o666)
    except OSError as error:
        with suppress(OSError):
            return os.open(lock, os.O_RDONLY)
        if not lock.exists():
            raise SinkError(f"Cannot write {path}: {_reason_of(error, lock)}.") from error
        raise LockedError(
            f"{path} may be being written by another user: {lock} cannot be opened. Wait for its "
            "end, delete that file if there is no such run, or choose another name."
        ) from error


def _reason_of(error: OSError, path: Path) -> str:
    """Cause of an error; Windows says of a long path that it is not there."""
    if sys.platform == "win32" and len(str(path.absolute())) > MAX_WINDOWS_PATH:
        return f"with names of parts, its path has over {MAX_WINDOWS_PATH} characters"
    return reason(error)


def _try_lock(handle: int) -> None:
    """Lock an open file exclusively, without waiting.

    Raises:
        OSError: another process holds the lock (EAGAIN, EACCES), or the file system has no locks.
    """
    if sys.platform == "win32":
        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
    else:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _has_name(handle: int, lock: Path) -> bool:
    """Whether an open file is still the one of this name."""
    try:
        return os.path.samestat(os.fstat(handle), lock.stat())
    except FileNotFoundError:
        return False


def _delete_stale(path: Path) -> None:
    """Delete the partial files of a locked output: their writers have ended."""
    with suppress(OSError):
        for file in stale_partials(path):
            if file.is_file() and not file.is_symlink():
                file.unlink(missing_ok=True)
