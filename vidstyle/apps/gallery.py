"""Style gallery: one picture in every shipped style, on one contact sheet."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from vidstyle.apps.outputs import Result, claimed_target
from vidstyle.frame import Picture, RGBImage
from vidstyle.media.image_file import check_photo_name, read_photo, write_result
from vidstyle.options import DEFAULTS, StylizeOptions
from vidstyle.stats import Stats
from vidstyle.stylize.catalog import shipped_styles
from vidstyle.stylize.generator_pool import load_generator
from vidstyle.stylize.stylizer import stylize_picture

TILE_SIDE = 480  # px, the longer side of each picture
REDUCTION = 2  # from painting to tile; more would hide the strokes
LEAST_LINES = 16  # of a painting
MIN_CELL_WIDTH = 240  # px; names must fit under narrow pictures
LABEL_HEIGHT, FONT_SIZE, BASELINE = 40, 22, 28  # px, below a picture
MARGIN = 20  # px
PAPER, INK = (250, 250, 250), (40, 40, 40)  # RGB


def paint_gallery(
    input: Path | str,
    output: Path | str,
    options: StylizeOptions = DEFAULTS,
    stats: Stats | None = None,
) -> Result:
    """Stylize a picture in every shipped style and write them all on one contact sheet.

    Args:
        input: path of a JPEG, PNG, WebP, BMP or TIFF picture.
        output: path of the sheet, in one of these formats by its suffix.
        options: each picture is painted at their working size, without `max_height` at
            `REDUCTION` times its size on the sheet, and then reduced; `style`, `resize` and
            `compare` have no effect.
        stats: receives the timings of the run.

    Raises:
        VidstyleError: a `SourceError`, `SinkError` or `StyleError`; no output is left behind.
    """
    input, output, stats = Path(input), Path(output), stats or Stats()
    check_photo_name(output)
    with claimed_target(input, output, options.overwrite):
        picture = Picture.from_rgb(read_photo(input))
        tiles = [("original", _tile(picture)), *_painted(picture, options, stats)]
        size = write_result(output, sheet(tiles), replace=options.overwrite)
    return Result(
        input=input,
        output=output,
        style="all",
        frames=1,
        keyframes=len(tiles) - 1,
        seconds=stats.elapsed_s,
        output_bytes=size,
    )


def _painted(
    picture: Picture, options: StylizeOptions, stats: Stats
) -> Iterator[tuple[str, RGBImage]]:
    """Yield the name and the tile of every shipped style."""
    shorter_side = min(_tile_size_wh(picture))
    lines = options.max_height or max(LEAST_LINES, REDUCTION * shorter_side)
    options = replace(options, max_height=lines, resize=True, compare=False)
    for style in shipped_styles():
        generator = load_generator(style.name, provider=options.provider)
        painted = stylize_picture(picture, generator, options, stats)
        yield style.name, _tile(painted)


def sheet(tiles: Sequence[tuple[str, RGBImage]]) -> RGBImage:
    """Arrange pictures on a sheet, HxWx3 uint8 RGB, with a name under each.

    The sheet is nearly square, wider rather than higher, with few empty cells.

    Args:
        tiles: names and pictures, HxWx3 uint8 RGB, all of one size; at least one.
    """
    height, width = tiles[0][1].shape[:2]
    cell_height = height + LABEL_HEIGHT + MARGIN
    cell_width = max(width, MIN_CELL_WIDTH) + MARGIN
    columns = math.ceil(len(tiles) / max(1, math.isqrt(len(tiles) * cell_width // cell_height)))
    rows = math.ceil(len(tiles) / columns)
    shape = (rows * cell_height + MARGIN, columns * cell_width + MARGIN, 3)
    paper = np.full(shape, PAPER, np.uint8)
    font = cv2.FontFace("sans")
    for number, (name, tile) in enumerate(tiles):
        row, column = divmod(number, columns)
        top, left = MARGIN + row * cell_height, MARGIN + column * cell_width
        paper[top : top + height, left : left + width] = tile
        label = paper[top + height :, left : left + cell_width - MARGIN]  # a long name ends there
        cv2.putText(label, name, (0, BASELINE), INK, font, FONT_SIZE)
    return paper


def _tile(picture: Picture) -> RGBImage:
    return picture.resized(*_tile_size_wh(picture)).to_rgb()


def _tile_size_wh(picture: Picture) -> tuple[int, int]:
    scale = TILE_SIDE / max(picture.width, picture.height)
    width, height = (max(1, round(side * scale)) for side in (picture.width, picture.height))
    return width, height
