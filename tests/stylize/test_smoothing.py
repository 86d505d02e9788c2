"""Strokes smoothed along the contours."""

import numpy as np
import pytest
from numpy.typing import NDArray

from vidstyle.frame import Picture
from vidstyle.stylize.smoothing import smoothed

HEIGHT, WIDTH = 96, 128
ROWS, COLUMNS = np.indices((HEIGHT, WIDTH))


def gray(levels: object) -> Picture:
    image = np.broadcast_to(np.asarray(levels)[..., np.newaxis], (HEIGHT, WIDTH, 3))
    return Picture.from_rgb(np.ascontiguousarray(image.clip(0, 255), np.uint8))


def hatched(plain: Picture, levels: float) -> Picture:
    """The picture under noise of so many levels, as a small network paints it."""
    noise = levels * np.random.default_rng(1).normal(size=plain.y.shape)
    return Picture((plain.y + noise).clip(0, 255).astype(np.uint8), plain.u, plain.v, plain.color)


def left_of_noise(plain: Picture, levels: float, amount: float) -> NDArray[np.float64]:
    """What smoothing leaves of noise in a painting that is otherwise the picture itself."""
    noisy, clean = (smoothed(each, plain, amount) for each in (hatched(plain, levels), plain))
    return np.subtract(noisy.y, clean.y, dtype=float)


@pytest.mark.parametrize("degrees", [0, 30, 45, 90, 120, 165])
def test_noise_goes_along_an_edge_and_the_edge_stays(degrees: float) -> None:
    direction = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    across = direction[0] * (COLUMNS - WIDTH / 2) + direction[1] * (ROWS - HEIGHT / 2)
    plain = gray(60 + 130 * (across > 0))
    inside = np.zeros((HEIGHT, WIDTH), bool)
    inside[20:-20, 20:-20] = np.abs(across[20:-20, 20:-20]) < 4
    assert left_of_noise(plain, 12, 1.0)[inside].std() < 0.6 * 12
    painting = smoothed(hatched(plain, 12), plain, 1.0)
    light, dark = (painting.y[inside & side].mean() for side in (across > 0, across < 0))
    before = [plain.y[inside & side].mean() for side in (across > 0, across < 0)]
    assert light - dark > 0.95 * (before[0] - before[1])


def test_what_is_left_of_noise_follows_the_contours() -> None:
    """Around a disc, it varies less along circles than across them."""
    radius = np.hypot(ROWS - HEIGHT / 2, COLUMNS - WIDTH / 2)
    left = left_of_noise(gray(128 + 100 * np.cos(radius / 3.5)), 12, 1.0)
    middle = left[HEIGHT // 2 - 3 : HEIGHT // 2 + 4, WIDTH // 2 + 12 : -8]
    assert np.diff(middle, axis=0).std() < 0.6 * np.diff(middle, axis=1).std()


def test_corners_and_fine_texture_stay() -> None:
    """Squares are kept that would be smeared if only the painting's own contours counted."""
    squares = gray((ROWS // 6 + COLUMNS // 6) % 2 * 120 + 60)
    flat = gray(np.full((HEIGHT, WIDTH), 120))
    kept, smeared = smoothed(squares, squares, 1.0), smoothed(squares, flat, 1.0)
    errors = [np.abs(p.y.astype(int) - squares.y).mean() for p in (kept, smeared)]
    assert errors[0] < 0.75 * errors[1]


def test_more_is_smoother_and_none_is_the_painting_itself() -> None:
    plain = gray(60 + 130 * (COLUMNS > 64))
    painting = hatched(plain, 12)
    assert smoothed(painting, plain, 0.0) is painting
    spreads = [left_of_noise(plain, 12, amount)[20:76, 62:68].std() for amount in (0.25, 0.5, 1)]
    assert spreads == sorted(spreads, reverse=True)


def test_what_is_painted_larger_is_smoothed_over_less_of_it() -> None:
    plain = gray(60 + 130 * (COLUMNS > 64))
    painting = hatched(plain, 12)
    twice, half = smoothed(painting, plain, 1.0, scale=2.0), smoothed(painting, plain, 0.5)
    assert np.array_equal(twice.y, half.y)


@pytest.mark.parametrize("size", [(1, 1), (2, 7), (9, 3), (5, 1), (33, 17)])
def test_plain_pictures_of_any_size_stay(size: tuple[int, int]) -> None:
    picture = Picture.from_rgb(np.full((*size, 3), (200, 40, 40), np.uint8))
    for before, after in zip(picture.planes, smoothed(picture, picture, 1.0).planes, strict=True):
        assert np.array_equal(before, after)
