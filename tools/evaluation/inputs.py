"""What the networks are tried on: photos and clips out of any folder."""

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

from vidstyle.errors import SourceError
from vidstyle.frame import RGBImage, with_short_side
from vidstyle.media.image_file import PHOTO_SUFFIXES, read_photo
from vidstyle.media.source import VIDEO_SUFFIXES

UNPUBLISHABLE = "research-only"  # licence class of photos that no sheet should show

Item = TypeVar("Item")


def photo_files(folder: Path, count: int) -> list[Path]:
    """At most so many photos of a folder, evenly spread over its sorted list.

    Where a SOURCES.csv with a column `licence_class` lies in it, research-only ones are left out.

    Raises:
        SourceError: there is no such folder, or no photo in it.
    """
    private = _unpublishable(folder)
    files = [file for file in _files(folder, PHOTO_SUFFIXES) if file.name not in private]
    if not files:
        raise SourceError(f"There are no photos in {folder}.")
    return spread(files, count)


def clip_files(folder: Path, count: int) -> list[Path]:
    """At most so many video files of a folder, evenly spread over its sorted list.

    Raises:
        SourceError: there is no such folder, or no video in it.
    """
    files = _files(folder, VIDEO_SUFFIXES)
    if not files:
        raise SourceError(f"There are no clips in {folder}.")
    return spread(files, count)


def read_photos(files: Sequence[Path], short_side: int) -> tuple[list[RGBImage], list[str]]:
    """Read photos as HxWx3 uint8 RGB with the given short side, in px.

    Returns:
        The photos, and a line for each file that could not be read.

    Raises:
        SourceError: none could be read.
    """
    photos, skipped = [], []
    for file in files:
        try:
            photos.append(with_short_side(read_photo(file), short_side))
        except SourceError as error:
            skipped.append(str(error))
    if not photos:
        raise SourceError(f"None of the photos can be read. For one: {skipped[0]}")
    return photos, skipped


def spread(items: Sequence[Item], count: int) -> list[Item]:
    """At most so many of them: the middle one of each of `count` equal stretches."""
    count = min(count, len(items))
    return [items[int((place + 0.5) * len(items) / count)] for place in range(count)]


def _files(folder: Path, suffixes: Sequence[str]) -> list[Path]:
    if not folder.is_dir():
        raise SourceError(f"There is no folder {folder}.")
    return sorted(
        file
        for file in folder.iterdir()
        if file.suffix.lower() in suffixes and file.is_file() and not file.name.startswith(".")
    )


def _unpublishable(folder: Path) -> set[str]:
    try:
        with (folder / "SOURCES.csv").open(encoding="utf-8", newline="") as lines:
            rows = list(csv.DictReader(lines))
    except OSError:
        return set()
    return {row["file"] for row in rows if row.get("licence_class") == UNPUBLISHABLE}
