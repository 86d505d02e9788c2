import numpy as np
import pytest

from tests.clips import patches, squares
from vidstyle.frame import Picture
from vidstyle.live.letterbox import fit
from vidstyle.live.placeholder import placeholder


@pytest.mark.parametrize("letterbox", [False, True])
@pytest.mark.parametrize("size_wh", [(320, 240), (240, 320), (640, 360), (33, 21), (1280, 96)])
def test_every_picture_gets_the_size(size_wh: tuple[int, int], letterbox: bool) -> None:
    picture = Picture.from_rgb(patches(*size_wh))
    fitted = fit(picture, 320, 180, letterbox)
    assert (fitted.width, fitted.height) == (320, 180)
    assert fitted.u.shape == (90, 160)


def test_what_fits_is_not_touched() -> None:
    picture = Picture.from_rgb(squares(0, 64, 48))
    assert fit(picture, 64, 48, letterbox=False) is picture


def test_cutting_keeps_the_middle_and_the_proportions() -> None:
    image = np.zeros((200, 100, 3), np.uint8)
    image[90:110, 40:60] = 255  # a square in the middle of an upright picture
    seen = fit(Picture.from_rgb(image), 200, 100, letterbox=False).to_rgb()[..., 0] > 128
    rows, columns = np.flatnonzero(seen.any(1)), np.flatnonzero(seen.any(0))
    assert abs(len(rows) - 40) <= 2
    assert abs(len(columns) - 40) <= 2
    assert abs(rows.mean() - 49.5) <= 2
    assert abs(columns.mean() - 99.5) <= 2


def test_a_letterbox_is_black_beside_the_whole_picture() -> None:
    image = np.full((200, 100, 3), 255, np.uint8)
    seen = fit(Picture.from_rgb(image), 200, 100, letterbox=True).to_rgb()
    assert seen[:, :70].max() <= 2
    assert seen[:, 130:].max() <= 2
    assert seen[:, 78:122].min() >= 250


def test_the_placeholder_says_its_words_in_its_middle() -> None:
    image = placeholder(320, 180, "no picture from the camera").to_rgb().astype(int)
    bright = image.sum(2) > 380
    rows, columns = np.flatnonzero(bright.any(1)), np.flatnonzero(bright.any(0))
    assert 70 < rows.min() < rows.max() < 110
    assert 10 < columns.min() < columns.max() < 310
    assert abs((columns.min() + columns.max()) / 2 - 160) < 10
