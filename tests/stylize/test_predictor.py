"""Weights predicted for paintings."""

import cv2
import numpy as np
import pytest

from tests.textures import noise_image
from vidstyle.frame import RGBImage
from vidstyle.media.style_image import read_painting
from vidstyle.network.architecture import SIZE_CLASSES
from vidstyle.stylize.catalog import find_painting
from vidstyle.stylize.predictor import TILE, predicted_weights, style_numbers, tiles


@pytest.fixture(scope="module")
def painting() -> RGBImage:
    return read_painting(find_painting("kandinsky"))


def test_the_weights_are_those_of_a_generator(painting: RGBImage) -> None:
    weights, widths = predicted_weights([(painting, 1.0)]), SIZE_CLASSES["55k"]
    channels, bottleneck = widths.channels, widths.bottleneck
    assert weights["stem.weight"].shape == (channels, 48, 1, 1)
    for block in range(len(widths.dilations)):
        shape = (bottleneck, channels, 3, 3)
        assert weights[f"blocks.{block}.narrow.weight"].shape == shape
    assert weights["paint.weight"].shape == (12, widths.head_channels, 3, 3)
    assert weights["skip.weight"].shape == (12, 12, 1, 1)
    for name, array in weights.items():
        assert array.dtype == np.float32, name
        assert np.isfinite(array).all(), name
        assert array.any(), name


def test_pixels_of_a_cell_get_the_same_color_on_flat_ground(painting: RGBImage) -> None:
    weights = predicted_weights([(painting, 1.0)])
    sums = weights["paint.weight"].sum(axis=(2, 3)).reshape(4, 3, -1)
    np.testing.assert_allclose(sums, np.broadcast_to(sums[:1], sums.shape), atol=1e-4)
    bias = weights["paint.bias"].reshape(4, 3)
    np.testing.assert_allclose(bias, np.broadcast_to(bias[:1], bias.shape), atol=1e-6)


def test_the_same_painting_gets_the_same_weights(painting: RGBImage) -> None:
    once, again = predicted_weights([(painting, 1.0)]), predicted_weights([(painting.copy(), 1.0)])
    for name in once:
        np.testing.assert_array_equal(once[name], again[name])


def test_a_painting_mixed_with_itself_stays(painting: RGBImage) -> None:
    alone = predicted_weights([(painting, 1.0)])
    mixed = predicted_weights([(painting, 0.3), (painting, 0.7)])
    for name, array in alone.items():
        np.testing.assert_allclose(mixed[name], array, atol=1e-4 * np.abs(array).max())


def test_size_counts_little(painting: RGBImage) -> None:
    smaller = cv2.resize(painting, None, fx=0.7, fy=0.7, interpolation=cv2.INTER_AREA)
    other = read_painting(find_painting("young-hare"))
    numbers = [style_numbers(np.asarray(image, np.uint8)) for image in (painting, smaller, other)]
    near, far = (np.linalg.norm(numbers[0] - each) for each in numbers[1:])
    assert near < 0.5 * far


@pytest.mark.parametrize(
    "image",
    [
        np.full((64, 64, 3), 255, np.uint8),
        noise_image(64, 2000, seed=1),
        noise_image(3000, 70, seed=2),
        np.repeat(noise_image(90, 90, seed=3)[..., :1], 3, axis=2),
    ],
    ids=["flat", "wide", "high", "gray"],
)
def test_odd_paintings_get_finite_weights(image: RGBImage) -> None:
    assert np.isfinite(style_numbers(image)).all()
    for name, array in predicted_weights([(np.ascontiguousarray(image), 1.0)]).items():
        assert np.isfinite(array).all(), name


def test_tiles_are_photos_of_one_size() -> None:
    shapes = {tile.shape for tile in tiles()}
    assert shapes == {(TILE, TILE, 3)}
    assert len(tiles()) >= 8
    assert min(tile.std() for tile in tiles()) > 10
