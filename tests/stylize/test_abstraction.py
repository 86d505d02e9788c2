"""Pictures without their faint texture."""

import numpy as np
import pytest

from tests.textures import noise_image
from vidstyle.frame import Picture
from vidstyle.stylize.abstraction import RADIUS, abstracted


def with_edge(texture: float) -> Picture:
    """Dark on the left, bright on the right, and noise of so many levels on both."""
    noise = texture * (noise_image(96, 128, seed=1) / 255 - 0.5)
    image = np.full((96, 128, 3), 60.0)
    image[:, 64:] = 190
    return Picture.from_rgb(np.asarray((image + noise).clip(0, 255), np.uint8))


def test_faint_texture_goes_and_edges_stay() -> None:
    picture = with_edge(texture=20)
    calm = abstracted(picture, 1.0)
    assert calm.y[:, 16:48].std() < 0.4 * picture.y[:, 16:48].std()
    before, after = (p.y.astype(float).mean(axis=0) for p in (picture, calm))
    assert after[65:68].mean() - after[60:63].mean() > 0.9 * (before[66] - before[61])
    assert np.array_equal(calm.u, picture.u)
    assert np.array_equal(calm.v, picture.v)


def test_in_the_dark_less_is_faint() -> None:
    bright = with_edge(texture=20)
    dark = Picture(bright.y // 4 + 8, bright.u, bright.v, bright.color)
    shares = [abstracted(p, 1.0).y[:, 16:48].std() / p.y[:, 16:48].std() for p in (bright, dark)]
    assert shares[1] > shares[0] + 0.15


def test_black_stays_black() -> None:
    black = Picture.from_rgb(np.zeros((40, 60, 3), np.uint8))
    assert np.array_equal(abstracted(black, 1.0).y, black.y)


def test_strong_texture_stays() -> None:
    squares = np.indices((96, 128)).sum(axis=0) // 8 % 2 * 120 + 60
    picture = Picture.from_rgb(np.repeat(squares[..., np.newaxis], 3, axis=2).astype(np.uint8))
    calm = abstracted(picture, 1.0)
    assert calm.y.std() > 0.9 * picture.y.std()


def test_more_is_calmer_and_none_is_the_picture_itself() -> None:
    picture = with_edge(texture=60)
    assert abstracted(picture, 0.0) is picture
    spreads = [abstracted(picture, amount).y[:, 16:48].std() for amount in (0.25, 1.0, 4.0)]
    assert spreads == sorted(spreads, reverse=True)


def test_what_is_painted_larger_is_smoothed_over_less_of_it() -> None:
    """A spot of a few pixels: within the radius it is texture, beyond it a plane."""
    image = np.full((120, 120, 3), 100, np.uint8)
    image[55:65, 55:65] = 112
    picture = Picture.from_rgb(image)
    fine, coarse = abstracted(picture, 1.0, scale=4.0), abstracted(picture, 1.0)
    assert fine.y[58:62, 58:62].mean() > coarse.y[58:62, 58:62].mean() + 1


@pytest.mark.parametrize("size", [(1, 1), (2, 7), (9, 3), (RADIUS, 2 * RADIUS)])
def test_small_pictures_are_smoothed_too(size: tuple[float, float]) -> None:
    height, width = map(int, size)
    picture = Picture.from_rgb(np.full((height, width, 3), (200, 40, 40), np.uint8))
    calm = abstracted(picture, 1.0)
    assert np.abs(calm.y.astype(int) - picture.y).max() <= 1
