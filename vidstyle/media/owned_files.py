"""Folders of intermediate files: which entries are vidstyle's own, and the deletion of only those.

A folder beside an output may hold other people's files, by mistake or because its name was taken.
Entries are told apart by their path inside the folder; links are never followed.
"""

import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

PARTIAL = re.compile(r"\.(?P<stem>[^/]+)\.[0-9a-f]{8}\.partial(?P<suffix>\.\w+)?")


def foreign_entries(folder: Path, own: re.Pattern[str]) -> list[Path]:
    """The entries of a folder, and of its own subfolders, that are not vidstyle's.

    Args:
        folder: an existing folder.
        own: matches the whole path of an own file inside the folder, with slashes; that of an own
            subfolder with a slash at its end.
    """
    return [entry for entry, is_own in _entries(folder, folder, own) if not is_own]


def delete_own(folder: Path, own: re.Pattern[str]) -> None:
    """Delete the own entries of a folder, and the folder itself once it is empty.

    Raises:
        OSError: the disk refused.
    """
    for entry, is_own in _entries(folder, folder, own):
        if not is_own:
            continue
        if entry.is_dir() and not entry.is_symlink():
            _remove_if_empty(entry)
        else:
            entry.unlink(missing_ok=True)
    _remove_if_empty(folder)


def delete_half_written(folder: Path, own: re.Pattern[str]) -> None:
    """Delete the partial files that killed runs left of own files in a folder.

    Raises:
        OSError: the disk refused.
    """
    for entry, is_own in _entries(folder, folder, own):
        if is_own and PARTIAL.fullmatch(entry.name) and not entry.is_dir():
            entry.unlink(missing_ok=True)


def _entries(root: Path, folder: Path, own: re.Pattern[str]) -> Iterator[tuple[Path, bool]]:
    """Every entry with whether it is an own one, the content of an own subfolder before it."""
    for entry in sorted(folder.iterdir()):
        is_folder = entry.is_dir() and not entry.is_symlink()
        inside = entry.relative_to(root).as_posix()
        is_own = own.fullmatch(f"{inside}/" if is_folder else _final_name(inside)) is not None
        if is_folder and is_own:
            yield from _entries(root, entry, own)
        yield entry, is_own


def _final_name(inside: str) -> str:
    """The path that a half-written file was to have; any other path as it is."""
    folder, slash, name = inside.rpartition("/")
    half_written = PARTIAL.fullmatch(name)
    if half_written is not None:
        name = half_written["stem"] + (half_written["suffix"] or "")
    return folder + slash + name


def _remove_if_empty(folder: Path) -> None:
    if next(folder.iterdir(), None) is None:
        with suppress(FileNotFoundError):
            folder.rmdir()
