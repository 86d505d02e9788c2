"""Owned files: folders of intermediate files, and the deletion of vidstyle's own entries alone.

A folder beside an output may hold files of the user, by mistake or because its name was taken.
Own entries are recognized by their path inside the folder; symbolic links are never followed.
"""

import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

PARTIAL = re.compile(r"\.(?P<stem>[^/]+)\.[0-9a-f]{8}\.partial(?P<suffix>\.\w+)?")


def foreign_entries(folder: Path, own: re.Pattern[str]) -> list[Path]:
    """Entries of a folder and of its own subfolders that are not vidstyle's.

    Args:
        folder: existing folder.
        own: pattern of the whole path of own entries, relative to the folder, with slashes; paths
            of own subfolders end in a slash.

    Raises:
        OSError: the folder cannot be read.
    """
    return [entry for entry, is_own in _entries(folder, folder, own) if not is_own]


def delete_own(folder: Path, own: re.Pattern[str]) -> None:
    """Delete the own entries of a folder, and the folder itself if it is empty then.

    Args:
        folder: existing folder.
        own: as for `foreign_entries`.

    Raises:
        OSError: an entry cannot be read or deleted.
    """
    for entry, is_own in _entries(folder, folder, own):
        if not is_own:
            continue
        if entry.is_dir() and not entry.is_symlink():
            _remove_if_empty(entry)
        else:
            entry.unlink(missing_ok=True)
    _remove_if_empty(folder)


def delete_partials(folder: Path, own: re.Pattern[str]) -> None:
    """Delete the partial files of own files, left in a folder by killed runs.

    Args:
        folder: existing folder.
        own: as for `foreign_entries`.

    Raises:
        OSError: an entry cannot be read or deleted.
    """
    for entry, is_own in _entries(folder, folder, own):
        if is_own and PARTIAL.fullmatch(entry.name) and not entry.is_dir():
            entry.unlink(missing_ok=True)


def _entries(root: Path, folder: Path, own: re.Pattern[str]) -> Iterator[tuple[Path, bool]]:
    """Yield each entry and whether it is an own one; the content of own subfolders comes first."""
    for entry in sorted(folder.iterdir()):
        is_folder = entry.is_dir() and not entry.is_symlink()
        inside = entry.relative_to(root).as_posix()
        is_own = own.fullmatch(f"{inside}/" if is_folder else _final_name(inside)) is not None
        if is_folder and is_own:
            yield from _entries(root, entry, own)
        yield entry, is_own


def _final_name(inside: str) -> str:
    """Final path of a partial file; other paths are returned unchanged."""
    folder, slash, name = inside.rpartition("/")
    partial = PARTIAL.fullmatch(name)
    if partial is not None:
        name = partial["stem"] + (partial["suffix"] or "")
    return folder + slash + name


def _remove_if_empty(folder: Path) -> None:
    if next(folder.iterdir(), None) is None:
        with suppress(FileNotFoundError):
            folder.rmdir()
