"""Unfinished work: lists and deletes the work folders that interrupted conversions left."""

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from vidstyle.apps.work import WORK_SUFFIX
from vidstyle.errors import LockedError, SinkError, SourceError, reason
from vidstyle.media.output_lock import output_lock
from vidstyle.media.owned_files import delete_own
from vidstyle.media.part_file import MAGIC
from vidstyle.media.parts import PARTS, runs_in
from vidstyle.optimize.work_folder import CONTENT, MANIFEST, MARK, WITH_PARTS


@dataclass(frozen=True, slots=True)
class UnfinishedWork:
    """Work folder of an interrupted conversion."""

    folder: Path
    bytes: int
    seconds: float  # of the film that are converted; of the longest run
    paintings: int  # of the full quality
    is_used: bool  # by a run at work
    is_deleted: bool = False
    holds_others: bool = False  # files that are not vidstyle's, which stay


def unfinished_work(places: Sequence[Path], *, recursive: bool = False) -> Iterator[UnfinishedWork]:
    """Yield the unfinished work in some places.

    Args:
        places: folders, and work folders themselves.
        recursive: also in subfolders.

    Raises:
        SourceError: a place is no folder, or cannot be read.
    """
    for place in places:
        if not place.is_dir():
            raise SourceError(
                f"There is no folder {place}. Name one that holds OUTPUT.work folders."
            )
        try:
            yield from map(_work, sorted(_work_folders(place, recursive)))
        except OSError as error:
            raise SourceError(f"{error.filename} cannot be read: {reason(error)}.") from error


def deleted(work: UnfinishedWork) -> UnfinishedWork:
    """Delete a work folder, unless a run uses it; files of others in it stay.

    Raises:
        SinkError: the folder cannot be written to or locked, or a file not be deleted.
    """
    folder = work.folder
    try:
        with output_lock(folder) as is_locked:
            if not is_locked:
                raise SinkError(
                    f"{folder} stays: without file locks on its disk, a run may be using it. "
                    "Delete it yourself if there is none."
                )
            for own in (CONTENT, WITH_PARTS):  # the manifest last
                if folder.is_dir():
                    delete_own(folder, own)
    except LockedError:
        return replace(work, is_used=True)
    except OSError as error:
        raise SinkError(f"Cannot delete {folder}: {reason(error)}.") from error
    return replace(work, is_deleted=True, holds_others=folder.exists())


def _work_folders(place: Path, recursive: bool) -> Iterable[Path]:
    if _is_own(place):
        yield place
        return
    for entry in place.iterdir():
        if not entry.is_dir() or entry.is_symlink():
            continue
        if _is_own(entry):
            yield entry
        elif recursive and not entry.name.startswith("."):
            yield from _work_folders(entry, recursive)


def _is_own(folder: Path) -> bool:
    """Whether a folder has the name and the mark of a work folder."""
    if folder.suffix != WORK_SUFFIX or folder.is_symlink():
        return False
    with suppress(OSError, ValueError, RecursionError):
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        if isinstance(manifest, dict) and MARK in manifest:
            return True
    return any(map(_is_part, _parts(folder)))


def _parts(folder: Path) -> list[Path]:
    """Files of parts, whole or not."""
    return [file for file in (folder / PARTS).glob("*") if file.name.endswith(".part")]


def _is_part(file: Path) -> bool:
    with suppress(OSError), file.open("rb") as opened:
        return opened.read(len(MAGIC)) == MAGIC
    return False


def _work(folder: Path) -> UnfinishedWork:
    files = [file for file in folder.rglob("*") if file.is_file() and not file.is_symlink()]
    return UnfinishedWork(
        folder=folder,
        bytes=sum(file.lstat().st_size for file in files),
        seconds=max((run.seconds for run in runs_in(folder / PARTS)), default=0.0),
        paintings=len(list(folder.glob("scene-*/[!.]*.png"))),
        is_used=_is_used(folder),
    )


def _is_used(folder: Path) -> bool:
    try:
        with output_lock(folder):
            return False
    except LockedError:
        return True
    except SinkError:  # no lock can be made there: no run has one
        return False
