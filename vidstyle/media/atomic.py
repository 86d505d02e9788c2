"""Atomic output files: a hidden partial beside the final name, one writer, no silent replacing."""

import hashlib
import itertools
import os
import re
import secrets
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from errno import EACCES, EAGAIN
from pathlib import Path

from vidstyle.errors import SinkError, reason

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

LONGEST_NAME = 255  # bytes, on nearly every file system


def partial_path(path: Path) -> Path:
    """A hidden name beside the final one that no other writer uses, with the same suffix."""
    return path.with_name(_hidden_name(path, f".{secrets.token_hex(4)}.partial{path.suffix}"))


def write_whole(path: Path, content: bytes | memoryview, *, replace: bool = True) -> None:
    """Write all of it or nothing; a file that stands there stays until then.

    Args:
        path: final name.
        content: all of it.
        replace: whether a file of that name may be replaced.

    Raises:
        SinkError: it may not, and there is one; see `publish`.
        OSError: the disk refused.
    """
    with whole_file(path, replace=replace) as partial:
        partial.write_bytes(content)


@contextmanager
def whole_file(path: Path, *, replace: bool = True) -> Iterator[Path]:
    """Yield a partial path to write to, which gets the final name when the block ends well.

    Raises:
        SinkError: without `replace`, the name is taken; see `publish`.
        OSError: the disk refused.
    """
    partial = partial_path(path)
    try:
        yield partial
        publish(partial, path, replace=replace)
    finally:  # Ctrl-C comes here too
        partial.unlink(missing_ok=True)


def publish(partial: Path, path: Path, *, replace: bool) -> None:
    """Give a finished file its final name.

    Args:
        partial: the file, in the same folder.
        path: its final name.
        replace: whether a file of that name may be replaced.

    Raises:
        SinkError: it may not, and there is one, which has come during the run. The finished file
            is kept under a free name, which the message says.
        OSError: the disk refused.
    """
    if replace:
        partial.replace(path)
        return
    try:
        _rename_to_free(partial, path)
    except FileExistsError:
        raise SinkError(
            f"{path} came into being during the run and was not replaced. "
            f"The finished result is {_kept_aside(partial, path)}."
        ) from None


@contextmanager
def output_lock(path: Path) -> Iterator[None]:
    """Keep other runs away from an output, and delete the partials that killed runs left of it.

    The lock is one of the system on a hidden file beside the output, and ends with the process.
    On file systems without locks there is none.

    Raises:
        SinkError: another run is writing the output, or the folder cannot be written to.
    """
    lock = path.with_name(_hidden_name(path, f"{path.suffix}.lock"))
    handle = _locked(lock, path)
    try:
        if handle is not None:
            _delete_stale(path)
        yield
    finally:
        if handle is not None:
            if sys.platform == "win32":  # where an open file cannot be deleted
                os.close(handle)
            with suppress(OSError):
                lock.unlink()
            if sys.platform != "win32":
                os.close(handle)


def _hidden_name(path: Path, ending: str) -> str:
    """A dot, the stem and an ending; a stem that is too long is cut and told apart by a hash."""
    name = f".{path.stem}{ending}"
    if len(os.fsencode(name)) <= LONGEST_NAME:
        return name
    stem = os.fsencode(path.stem)
    ending = f"~{hashlib.sha256(stem).hexdigest()[:8]}{ending}"
    return f".{stem[: LONGEST_NAME - len(os.fsencode(ending)) - 1].decode(errors='ignore')}{ending}"


def _rename_to_free(partial: Path, path: Path) -> None:
    """Rename a file without replacing another one.

    Raises:
        FileExistsError: the name is taken.
        OSError: the disk refused.
    """
    if sys.platform == "win32":
        partial.rename(path)  # never replaces there
        return
    try:
        os.link(partial, path)
    except FileExistsError:
        raise
    except OSError:  # a file system without hard links: an empty file takes the name first
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY))
        try:
            partial.replace(path)
        except BaseException:
            path.unlink(missing_ok=True)
            raise
    else:
        partial.unlink()


def _kept_aside(partial: Path, path: Path) -> Path:
    """Rename a file to the first free of NAME-2.SUFFIX, NAME-3.SUFFIX, ... and return that."""
    for number in itertools.count(2):
        free = path.with_name(f"{path.stem}-{number}{path.suffix}")
        with suppress(FileExistsError):
            _rename_to_free(partial, free)
            return free
    raise AssertionError


def _locked(lock: Path, path: Path) -> int | None:
    """The handle of a locked file, or None on a file system without locks.

    Raises:
        SinkError: another run holds the lock, or the file cannot be made.
    """
    while True:
        try:
            handle = os.open(lock, os.O_CREAT | os.O_RDWR, 0o600)
        except OSError as error:
            if lock.exists():  # left by another user's run
                return None
            raise SinkError(f"Cannot write {path}: {reason(error)}.") from error
        try:
            _try_lock(handle)
            if _is_still(handle, lock):
                return handle
            os.close(handle)  # its owner has just deleted it: once more, with a new one
        except OSError as error:
            os.close(handle)
            if error.errno in (EAGAIN, EACCES):
                raise SinkError(
                    f"{path} is being written by another run. Wait for it, or choose another name."
                ) from error
            with suppress(OSError):
                lock.unlink()
            return None


def _try_lock(handle: int) -> None:
    """Lock an open file for this process.

    Raises:
        OSError: with EAGAIN or EACCES, another one holds it; else there are no locks here.
    """
    if sys.platform == "win32":
        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
    else:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _is_still(handle: int, lock: Path) -> bool:
    """Whether an open file still has its name."""
    try:
        return os.path.samestat(os.fstat(handle), lock.stat())
    except FileNotFoundError:
        return False


def _delete_stale(path: Path) -> None:
    """Delete the partials of an output, whose lock is held: their writers have ended."""
    before, after = re.escape(_hidden_name(path, f".{'x' * 8}.partial{path.suffix}")).split("x" * 8)
    stale = re.compile(f"{before}[0-9a-f]{{8}}{after}")
    with suppress(OSError):
        for file in path.parent.iterdir():
            if stale.fullmatch(file.name) and file.is_file() and not file.is_symlink():
                file.unlink(missing_ok=True)
