"""Evaluation of delivered pictures: file, live and full quality at several sizes, beside peers.

Photos are resized to each height, painted the way users get them, and measured against the photo
(`tools/evaluation/picture_measures.py`). Peers are painted at 480 lines and enlarged plainly.

    python -m tools.evaluation.delivered --photos PHOTOS --marks tools/evaluation/marks.json \
        --styles great-wave,udnie --peers PEERS --json delivered.json
"""

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import cv2
import numpy as np

from tools.evaluation.candidates import PEER_PAINTINGS
from tools.evaluation.inputs import photo_files
from tools.evaluation.picture_measures import Marks, mean_measures, measures, read_marks
from tools.evaluation.speed import THREADS
from tools.evaluation.table import Figure, Row, markdown
from tools.evaluation.trials import painter
from vidstyle.apps.image import stylize_photo
from vidstyle.apps.stylizer import Stylizer
from vidstyle.errors import SinkError, SourceError, VidstyleError, reason
from vidstyle.frame import RGBImage, short_side_wh
from vidstyle.media.atomic import write_whole
from vidstyle.media.image_file import read_photo
from vidstyle.options import StylizeOptions
from vidstyle.stylize.catalog import shipped_styles

HEIGHTS = (384, 720, 1080)  # lines, the shorter side
LIVE_LINES = 360
PEER_LINES = 480

Paint = Callable[[RGBImage], RGBImage]


@dataclass(frozen=True, slots=True)
class Method:
    """One way to a painted picture, such as a style's live mode."""

    name: str  # of the style or peer
    mode: str
    painting: str | None  # file name
    opened: Callable[[], AbstractContextManager[Paint]]


@dataclass(frozen=True, slots=True)
class MarkedPhoto:
    """Photo in its stored size, HxWx3 uint8 RGB, with its marks."""

    image: RGBImage
    marks: Marks


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print and write; return the exit code, 0 or 1."""
    parsed = _parser().parse_args(arguments)
    try:
        evaluate(parsed)
    except VidstyleError as error:
        print(f"delivered: {error}", file=sys.stderr)
        return 1
    return 0


def evaluate(parsed: argparse.Namespace) -> None:
    """Measure as the arguments say, print the table, and write the JSON file.

    Raises:
        VidstyleError: photos, marks, styles or networks are unusable, or the file is.
    """
    photos = marked_photos(parsed.photos, parsed.marks, parsed.count)
    methods = [*style_methods(parsed.styles.split(","), parsed.full)]
    methods += peer_methods(parsed.peers) if parsed.peers else []
    rows = [row for lines in parsed.heights for row in rows_at(lines, photos, methods)]
    notes = [_enlarged(photos, lines) for lines in parsed.heights]
    print(markdown(rows, notes))
    if parsed.json:
        _write(parsed.json, {"rows": [row.as_json() for row in rows], "notes": notes})


def marked_photos(folder: Path, marks_file: Path | None, count: int) -> list[MarkedPhoto]:
    """The marked photos of a folder; without marks, any `count` of its photos.

    Raises:
        SourceError: no photo is there, or one cannot be read; the marks are not readable.
    """
    if marks_file is None:
        return [MarkedPhoto(read_photo(file), Marks()) for file in photo_files(folder, count)]
    marks = read_marks(marks_file)
    files = [folder / name for name in sorted(marks) if (folder / name).is_file()]
    if not files:
        raise SourceError(f"None of the photos that {marks_file} names is in {folder}.")
    return [MarkedPhoto(read_photo(file), marks[file.name]) for file in files[:count]]


def style_methods(styles: Sequence[str], full: bool = False) -> Iterator[Method]:
    """File and live mode of each style, and full quality on request."""
    paintings = {style.name: style.painting["file"] for style in shipped_styles()}
    for style in styles:
        painting = paintings.get(style)
        options = StylizeOptions(style=style)
        yield Method(style, "file", painting, partial(_file_mode, options))
        yield Method(style, "live", painting, partial(_live_mode, style))
        if full:
            options = StylizeOptions(style=style, quality="full")
            yield Method(style, "full quality", painting, partial(_file_mode, options))


def peer_methods(folder: Path) -> list[Method]:
    """The peer networks of known paintings in a folder.

    Raises:
        SourceError: there is none.
    """
    methods = [
        Method(f"peer {ending}", "enlarged plainly", painting, partial(_peer_mode, file))
        for ending, painting in PEER_PAINTINGS.items()
        for file in sorted(folder.glob(f"*{ending}.onnx"))
    ]
    if not methods:
        raise SourceError(f"There is no peer network of {', '.join(PEER_PAINTINGS)} in {folder}.")
    return methods


def rows_at(lines: int, photos: Sequence[MarkedPhoto], methods: Sequence[Method]) -> list[Row]:
    """Rows at one height, in px of the shorter side: the photos themselves, then each method."""
    resized = [MarkedPhoto(at_lines(photo.image, lines), photo.marks) for photo in photos]
    itself = Method("photos as they are", "", None, lambda: nullcontext(_unchanged))
    return [_row(method, lines, resized) for method in (itself, *methods)]


def at_lines(image: RGBImage, lines: int) -> RGBImage:
    """Resize HxWx3 uint8 RGB to a short side in px: by pixel areas, or enlarged bicubically."""
    height, width = image.shape[:2]
    size_wh = short_side_wh(width, height, lines)
    by = cv2.INTER_AREA if lines < min(height, width) else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(image, size_wh, interpolation=by), np.uint8)


def _row(method: Method, lines: int, photos: Sequence[MarkedPhoto]) -> Row:
    print(f"{method.name} {method.mode}, {lines} lines ...", file=sys.stderr, flush=True)
    with method.opened() as paint:
        found = [measures(paint(photo.image), photo.image, photo.marks) for photo in photos]
    figures: dict[str, Figure] = {"lines": lines, "mode": method.mode, **mean_measures(found)}
    return Row(method.name, "delivered", method.painting, figures)


def _unchanged(photo: RGBImage) -> RGBImage:
    return photo


@contextmanager
def _file_mode(options: StylizeOptions) -> Iterator[Paint]:
    yield lambda photo: np.asarray(stylize_photo(photo, options=options).image, np.uint8)


@contextmanager
def _live_mode(style: str) -> Iterator[Paint]:
    """First frame of a stream for each photo, at 1 fps, so that no load reduces its size."""
    with Stylizer(style, max_height=LIVE_LINES) as stylizer:

        def paint(photo: RGBImage) -> RGBImage:
            with stylizer.stream(fps=1, every=1) as stream:
                return np.asarray(stream(photo), np.uint8)

        yield paint


@contextmanager
def _peer_mode(file: Path) -> Iterator[Paint]:
    painted = painter(file, THREADS)

    def paint(photo: RGBImage) -> RGBImage:
        height, width = photo.shape[:2]
        picture = painted(at_lines(photo, min(PEER_LINES, height, width)))
        return np.asarray(cv2.resize(picture, (width, height), interpolation=cv2.INTER_CUBIC))

    yield paint


def _enlarged(photos: Sequence[MarkedPhoto], lines: int) -> str:
    count = sum(min(photo.image.shape[:2]) < lines for photo in photos)
    return f"{lines} lines: {count} of {len(photos)} photos are smaller and were enlarged."


def _write(file: Path, results: Mapping[str, object]) -> None:
    try:
        write_whole(file, (json.dumps(results) + "\n").encode())
    except OSError as error:
        raise SinkError(f"Cannot write {file}: {reason(error)}.") from error


def _heights(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(","))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="delivered", description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("--photos", type=Path, required=True, metavar="FOLDER")
    add("--marks", type=Path, metavar="FILE.json", help="faces and eyes; only these photos")
    add("--styles", default="great-wave,udnie", metavar="NAMES", help="separated by commas")
    add("--peers", type=Path, metavar="FOLDER", help=".onnx networks to compare with")
    add("--count", type=int, default=12, help="photos at most")
    add("--heights", type=_heights, default=HEIGHTS, metavar="LINES", help="as 384,720,1080")
    add("--full", action="store_true", help="full quality, too; minutes for each picture")
    add("--json", type=Path, metavar="FILE")
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
