"""Atomic output files: hidden partial file, renamed when complete.

Files are forced to the disk before they get their name, so that no power cut leaves an empty one.
"""

import hashlib
import itertools
import os
import re
import secrets
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from errno import EINVAL, ENOTSUP
from pathlib import Path

from vidstyle.errors import ELSEWHERE, SinkError

MAX_NAME_BYTES = 255  # on nearly every file system
UNFORCEABLE = (EINVAL, ENOTSUP)  # of some network file systems
SCANNER_PAUSES_S = (0.05, 0.1, 0.2, 0.4, 0.8)


def partial_path(path: Path) -> Path:
    """Path of a new partial file: hidden, unique, in the same folder and with the same suffix."""
    return path.with_name(hidden_name(path, _partial_ending(path, secrets.token_hex(4))))


def short_name(stem: str, ending: str) -> str:
    """File name of a stem and an ending; a stem that is too long is cut and gets a hash."""
    name = f"{stem}{ending}"
    if len(os.fsencode(name)) <= MAX_NAME_BYTES:
        return name
    ending = f"~{hashlib.sha256(os.fsencode(stem)).hexdigest()[:8]}{ending}"
    while len(os.fsencode(stem + ending)) > MAX_NAME_BYTES:
        stem = stem[:-1]
    return f"{stem}{ending}"


def stale_partials(path: Path) -> list[Path]:
    """Partial files and folders of an output, of killed runs if it is locked."""
    ending = _partial_ending(path, "0" * 8)
    before = re.escape(hidden_name(path, ending).removesuffix(ending))
    stale = re.compile(rf"{before}\.[0-9a-f]{{8}}\.partial{re.escape(path.suffix)}")
    with suppress(OSError):
        return [file for file in path.parent.iterdir() if stale.fullmatch(file.name)]
    return []


def hidden_name(path: Path, ending: str) -> str:
    """Name of a hidden file beside an output, with an ending of its own."""
    return short_name(f".{path.stem}", ending)


def write_whole(path: Path, content: bytes | memoryview, *, replace: bool = True) -> None:
    """Write a file atomically; an existing one stays until the new one is complete.

    Args:
        path: final name.
        content: bytes of the whole file.
        replace: whether an existing file may be replaced.

    Raises:
        SinkError: without `replace`, the name is taken; see `publish`.
        OSError: the file cannot be written.
    """
    with whole_file(path, replace=replace) as partial:
        partial.write_bytes(content)


def write_folder(path: Path, contents: Mapping[str, bytes], *, replace: bool) -> None:
    """Write a folder atomically; an existing one stays until the new one is complete.

    Args:
        path: final name.
        contents: bytes of the files, by their path in the folder.
        replace: whether an existing folder may be replaced.

    Raises:
        SinkError: without `replace`, the name is taken.
        OSError: a file cannot be written, or the folder not be renamed.
    """
    partial, old = partial_path(path), partial_path(path)
    try:
        for name, content in contents.items():
            file = partial / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
            force_content(file)
            force_names(file.parent)
        force_names(partial)
        if replace and path.is_dir():
            _patiently(lambda: path.rename(old))
        if path.exists():
            raise SinkError(
                f"{path} came into being during the run and was not replaced. Choose another name.",
                ELSEWHERE,
            )
        _patiently(lambda: partial.rename(path))
        force_names(path.parent)
    finally:  # also after KeyboardInterrupt
        if old.exists() and not path.exists():
            old.rename(path)
        for leftover in (partial, old):
            if leftover.is_symlink():  # a link to the folder had the name
                leftover.unlink()
            shutil.rmtree(leftover, ignore_errors=True)


def force_content(file: Path) -> None:
    """Force the content of a file to the disk, so that it outlives a power cut.

    Raises:
        OSError: the disk is full or damaged.
    """
    handle = os.open(file, os.O_RDWR)
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in UNFORCEABLE:
            raise
    finally:
        os.close(handle)


def force_names(folder: Path) -> None:
    """Force the names of a folder to the disk, where the system can."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def replace_file(partial: Path, path: Path) -> None:
    """Rename a complete file to its final name, in place of an existing file.

    Raises:
        OSError: the file cannot be renamed; on Windows also while another program has either open.
    """
    _patiently(lambda: partial.replace(path))


def rename_file(partial: Path, path: Path, *, replace: bool) -> None:
    """Rename a complete file to its final name.

    Args:
        partial: complete file, in the same folder.
        path: final name.
        replace: whether an existing file may be replaced.

    Raises:
        FileExistsError: without `replace`, the name is taken.
        OSError: as `replace_file`.
    """
    if replace:
        replace_file(partial, path)
    else:
        _patiently(lambda: _rename_exclusively(partial, path))


def rename_durably(partial: Path, path: Path, *, replace: bool) -> None:
    """Rename a file whose content was forced to the disk, and force its new name too.

    Arguments and errors are those of `rename_file`.
    """
    rename_file(partial, path, replace=replace)
    force_names(path.parent)


@contextmanager
def whole_file(path: Path, *, replace: bool = True) -> Iterator[Path]:
    """Yield the path of a partial file, renamed to the final name after the block.

    A block that ends with an exception deletes the partial file.

    Args:
        path: final name.
        replace: whether an existing file may be replaced.

    Raises:
        SinkError: without `replace`, the name is taken; see `publish`.
        OSError: the file cannot be written or renamed.
    """
    partial = partial_path(path)
    try:
        yield partial
        if replace:
            force_content(partial)
            rename_durably(partial, path, replace=True)
        else:
            publish(partial, path, replace=False)
    finally:  # also after KeyboardInterrupt
        partial.unlink(missing_ok=True)


def publish(partial: Path, path: Path, *, replace: bool) -> None:
    """Force a complete partial file to the disk, and rename it to its final name in one step.

    Args:
        partial: complete and closed file, in the same folder.
        path: final name.
        replace: whether an existing file may be replaced.

    Raises:
        SinkError: a file of that name was created during the run without `replace`, or is open in
            another program on Windows, which replaces no open files. The complete file is kept
            under a free name, NAME-2.SUFFIX or higher, that the message names.
        OSError: the file cannot be forced to the disk, or not be renamed.
    """
    force_content(partial)
    try:
        rename_durably(partial, path, replace=replace)
        return
    except FileExistsError:
        why = "came into being during the run and was not replaced"
    except PermissionError:
        why = "cannot be replaced, perhaps since another program has it open"
    free = _rename_to_free_name(partial, path)
    force_names(path.parent)
    raise SinkError(f"{path} {why}. The finished result is {free}.")


def _partial_ending(path: Path, token: str) -> str:
    """End of the name of a partial file; the token is of 8 hexadecimal digits."""
    return f".{token}.partial{path.suffix}"


def _rename_exclusively(partial: Path, path: Path) -> None:
    """Rename a file without replacing another one.

    Raises:
        FileExistsError: the name is taken.
        OSError: the file cannot be renamed.
    """
    if sys.platform == "win32":
        partial.rename(path)  # never replaces on Windows
        return
    try:
        os.link(partial, path)
    except FileExistsError:
        raise
    except OSError:  # no hard links on this file system: reserve the name with an empty file
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY))
        try:
            partial.replace(path)
        except BaseException:
            path.unlink(missing_ok=True)
            raise
    else:
        partial.unlink()


def _patiently(rename: Callable[[], object]) -> None:
    """Retry a renaming on Windows, where virus scanners open each new file for a moment."""
    for pause_s in SCANNER_PAUSES_S if sys.platform == "win32" else ():
        try:
            rename()
            return
        except PermissionError:
            time.sleep(pause_s)
    rename()


def _rename_to_free_name(partial: Path, path: Path) -> Path:
    """Rename a file to the first free of NAME-2.SUFFIX, NAME-3.SUFFIX, ...; return the path."""
    for number in itertools.count(2):
        free = path.with_name(short_name(path.stem, f"-{number}{path.suffix}"))
        with suppress(FileExistsError):
            _rename_exclusively(partial, free)
            return free
    raise AssertionError
