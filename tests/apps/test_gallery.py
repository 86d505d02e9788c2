"""Every style on one picture: what is on the sheet, where, and what is refused."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.clips import patches
from tests.shelf import TOYS
from vidstyle.apps.gallery import MARGIN, PAPER, TILE_SIDE, paint_gallery, sheet
from vidstyle.errors import SinkError, SourceError, StyleError
from vidstyle.frame import RGBImage
from vidstyle.media.image_file import read_photo, write_photo
from vidstyle.options import DEFAULTS

TILES = len(TOYS) + 1


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    write_photo(tmp_path / "me.png", patches(96, 64))
    return tmp_path / "me.png"


def numbered(count: int, width: int, height: int) -> list[tuple[str, RGBImage]]:
    return [(f"style-{n}", np.full((height, width, 3), 5 + n, np.uint8)) for n in range(count)]


@pytest.mark.usefixtures("shelf")
def test_the_original_comes_first_and_then_every_style(photo: Path) -> None:
    result = paint_gallery(photo, photo.with_name("out.png"))
    assert result.output == photo.with_name("out.png")
    gallery = read_photo(photo.with_name("out.png"))
    assert result.keyframes == len(TOYS)
    assert result.output_bytes == photo.with_name("out.png").stat().st_size
    # Four tiles of 480x320 in two columns.
    original = patches(96, 64).astype(int)
    for place, left in enumerate([(0, 0, 0), *TOYS.values()]):
        row, column = divmod(place, 2)
        top, side = MARGIN + row * (320 + 40 + MARGIN), MARGIN + column * (TILE_SIDE + MARGIN)
        tile = gallery[top : top + 320, side : side + TILE_SIDE]
        wanted = original if place == 0 else 255 - original * np.array(left)
        for y, x in ((16, 24), (16, 72), (48, 24), (48, 72)):
            assert np.abs(tile[5 * y, 5 * x] - wanted[y, x]).max() < 8


@pytest.mark.parametrize("size", [(480, 320), (320, 480), (480, 480), (480, 60), (30, 480)])
@pytest.mark.parametrize("count", [2, 11, 19])
def test_every_tile_is_on_the_sheet_with_a_label_under_it(
    count: int, size: tuple[int, int]
) -> None:
    width, height = size
    paper = sheet(numbered(count, width, height))
    seen = set()
    for number in range(count):
        here = paper[..., 0] == 5 + number
        rows, columns = np.flatnonzero(here.any(axis=1)), np.flatnonzero(here.any(axis=0))
        assert (len(rows), len(columns)) == (height, width)
        left, bottom = columns[0], rows[-1] + 1
        under = paper[bottom : bottom + 40, left : left + 200].astype(int)
        assert under.min() < 80  # there is ink
        seen.add(under.tobytes())
    assert len(seen) == count  # each has another name
    blank = paper[..., 0] == PAPER[0]
    assert blank[:MARGIN].all() and blank[:, :MARGIN].all()
    assert 0.3 < paper.shape[1] / paper.shape[0] < 3


def test_a_long_name_does_not_run_into_the_next_tile() -> None:
    tiles = numbered(4, 480, 320)
    paper = sheet([("much-too-long-" * 9, tile) for _, tile in tiles])
    gap = paper[:, MARGIN + 480 : MARGIN + 480 + MARGIN]
    assert (gap == PAPER[0]).all()


@pytest.mark.usefixtures("shelf")
def test_options_hold_in_the_gallery(photo: Path) -> None:
    options = replace(DEFAULTS, strength=0.0)
    paint_gallery(photo, photo.with_name("out.png"), options)
    gallery = read_photo(photo.with_name("out.png"))
    tiles = [
        gallery[top : top + 320, left : left + 480]
        for top in (MARGIN, 2 * MARGIN + 360)
        for left in (MARGIN, 2 * MARGIN + 480)
    ]
    assert all(np.array_equal(tile, tiles[0]) for tile in tiles)


@pytest.mark.parametrize(
    ("name", "overwrite", "reason"),
    [
        ("me.png", True, "is the input itself"),
        ("there.png", False, "exists"),
        ("out.mp4", False, "the name must end in"),
        ("no/out.png", False, "There is no folder"),
    ],
)
def test_a_gallery_that_cannot_be_written_is_refused_before_any_work(
    shelf: Path, photo: Path, name: str, overwrite: bool, reason: str
) -> None:
    (shelf / "catalog.json").unlink()  # whoever asks for a style fails otherwise
    photo.with_name("there.png").write_text("precious")
    with pytest.raises(SinkError, match=reason):
        paint_gallery(photo, photo.parent / name, replace(DEFAULTS, overwrite=overwrite))
    assert photo.with_name("there.png").read_text() == "precious"


def test_a_bad_style_or_picture_leaves_no_gallery(shelf: Path, photo: Path) -> None:
    output = photo.with_name("out.png")
    with pytest.raises(SourceError, match="There is no file"):
        paint_gallery(photo.with_name("you.png"), output)
    (shelf / "warm.onnx").write_bytes(b"cold")
    with pytest.raises(StyleError, match="not the file that was shipped"):
        paint_gallery(photo, output)
    assert sorted(file.name for file in photo.parent.iterdir()) == ["me.png", "shelf"]


@pytest.mark.usefixtures("shelf")
def test_a_file_that_appears_during_the_work_is_not_replaced(
    photo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = photo.with_name("out.png")

    def sheet_late(tiles: Sequence[tuple[str, RGBImage]]) -> RGBImage:
        output.write_text("precious")
        return sheet(tiles)

    monkeypatch.setattr("vidstyle.apps.gallery.sheet", sheet_late)
    with pytest.raises(SinkError, match=r"was not replaced\. The finished result is .*out-2\.png"):
        paint_gallery(photo, output)
    assert output.read_text() == "precious"
    assert read_photo(photo.with_name("out-2.png")).size > 0
