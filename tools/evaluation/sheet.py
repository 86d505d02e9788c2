"""Comparison sheets: pictures side by side at full size."""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from vidstyle.errors import SinkError
from vidstyle.frame import RGBImage
from vidstyle.media.image_file import write_photo

ROWS = 3  # per page, for a screen at full size
GAP = 8  # px, white


def write_sheet(folder: Path, name: str, columns: Sequence[Sequence[RGBImage]]) -> list[Path]:
    """Write pages NAME-1.png, NAME-2.png ... of three rows each.

    Args:
        folder: output folder; created if it does not exist.
        name: name of the model.
        columns: photos, then one or more columns of stylized pictures, HxWx3 uint8 RGB.

    Raises:
        SinkError: the folder or a file cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SinkError(f"Cannot make the folder {folder}: {error.strerror}.") from error
    rows = [_row(pictures) for pictures in zip(*columns, strict=True)]
    pages = []
    for number, start in enumerate(range(0, len(rows), ROWS), start=1):
        pages.append(folder / f"{name}-{number}.png")
        write_photo(pages[-1], _page(rows[start : start + ROWS]))
    return pages


def _row(pictures: Sequence[RGBImage]) -> RGBImage:
    return np.asarray(cv2.hconcat([_bordered(picture, GAP) for picture in pictures]), np.uint8)


def _page(rows: Sequence[RGBImage]) -> RGBImage:
    width = max(row.shape[1] for row in rows)
    return np.asarray(cv2.vconcat([_bordered(row, width - row.shape[1], 0) for row in rows]))


def _bordered(image: RGBImage, right: int, below: int = GAP) -> RGBImage:
    white = (255, 255, 255)
    bordered = cv2.copyMakeBorder(image, 0, below, 0, right, cv2.BORDER_CONSTANT, value=white)
    return np.asarray(bordered, np.uint8)
