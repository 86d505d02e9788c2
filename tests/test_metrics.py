"""Structural similarity, against the formula written out."""

from collections.abc import Callable

import numpy as np
import pytest

from tests.textures import noise_image
from vidstyle.frame import RGBImage
from vidstyle.metrics import (
    luminance,
    luminance_similarity,
    picture_similarity,
    structural_similarity,
)

SIDE = 64  # px


def plain(level: int) -> RGBImage:
    return np.full((SIDE, SIDE, 3), level, np.uint8)


def test_similarity_follows_the_formula() -> None:
    rng = np.random.default_rng(1)
    first = rng.random((13, 12, 1))
    second = np.clip(first + rng.normal(0, 0.1, first.shape), 0, 1)
    assert structural_similarity(first, first) == pytest.approx(1)
    assert structural_similarity(first, second) == pytest.approx(
        slow_similarity(first[..., 0], second[..., 0]), abs=1e-9
    )


def slow_similarity(first: np.ndarray, second: np.ndarray) -> float:
    """Window by window, as Wang et al. (2004) write it."""
    bell = np.exp(-np.square(np.arange(-5, 6)) / (2 * 1.5**2))
    window = np.outer(bell, bell) / bell.sum() ** 2
    results = []
    for row in range(first.shape[0] - 10):
        for column in range(first.shape[1] - 10):
            a, b = (x[row : row + 11, column : column + 11] for x in (first, second))
            mean_a, mean_b = (window * a).sum(), (window * b).sum()
            var_a, var_b = (window * (a - mean_a) ** 2).sum(), (window * (b - mean_b) ** 2).sum()
            cov = (window * (a - mean_a) * (b - mean_b)).sum()
            above = (2 * mean_a * mean_b + 1e-4) * (2 * cov + 9e-4)
            results.append(above / ((mean_a**2 + mean_b**2 + 1e-4) * (var_a + var_b + 9e-4)))
    return float(np.mean(results))


def test_luminance_is_that_of_bt601() -> None:
    red_green_blue = np.array([[[255, 0, 0], [0, 255, 0], [0, 0, 255]]], np.uint8)
    np.testing.assert_allclose(luminance(red_green_blue)[0], (0.299, 0.587, 0.114), atol=1e-4)


@pytest.mark.parametrize("similarity", [luminance_similarity, picture_similarity])
def test_similarity_of_plain_pictures_is_that_of_their_means(
    similarity: Callable[[RGBImage, RGBImage], float],
) -> None:
    a, b = 51 / 255, 102 / 255
    expected = (2 * a * b + 1e-4) / (a * a + b * b + 1e-4)  # Wang et al.: no variance, no structure
    assert similarity(plain(51), plain(102)) == pytest.approx(expected, rel=1e-5)
    assert similarity(plain(51), plain(51)) == pytest.approx(1)


def test_noise_takes_similarity_away() -> None:
    photo = noise_image(SIDE, SIDE)
    noisy = photo ^ np.random.default_rng(0).integers(0, 32, photo.shape, np.uint8)
    assert luminance_similarity(photo, photo) == pytest.approx(1)
    assert luminance_similarity(noisy, photo) < 0.95
