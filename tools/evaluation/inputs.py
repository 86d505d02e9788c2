"""Evaluation inputs: photos and clips from a folder."""

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

from vidstyle.errors import SourceError
from vidstyle.frame import RGBImage, with_short_side
from vidstyle.media.image_file import PHOTO_SUFFIXES, read_photo
from vidstyle.media.source import VIDEO_SUFFIXES

RESEARCH_ONLY = "research-only"  # licence class of photos that must not be published

Item = TypeVar("Item")


def photo_files(folder: Path, count: int) -> list[Path]:
    """At most `count` photos of a folder, evenly spaced in its sorted list.

    Photos that a SOURCES.csv in the folder marks as research-only (`licence_class`) are left out.

    Raises:
        SourceError: the folder does not exist, or has no photos.
    """
    private = _research_only(folder)
    files = [file for file in _files(folder, PHOTO_SUFFIXES) if file.name not in private]
    if not files:
        raise SourceError(f"There are no photos in {folder}.")
    return spread(files, count)


def clip_files(folder: Path, count: int) -> list[Path]:
    """At most `count` video files of a folder, evenly spaced in its sorted list.

    Raises:
        SourceError: the folder does not exist, or has no videos.
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
    """At most `count` items, evenly spaced: the middle one of each of `count` equal sections."""
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


def _research_only(folder: Path) -> set[str]:
    try:
        with (folder / "SOURCES.csv").open(encoding="utf-8", newline="") as lines:
            rows = list(csv.DictReader(lines))
    except OSError:
        return set()
    return {row["file"] for row in rows if row.get("licence_class") == RESEARCH_ONLY}
