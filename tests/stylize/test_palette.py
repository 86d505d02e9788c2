"""Palettes and the linear maps between them."""

import numpy as np
import pytest

from tests.textures import noise_image
from vidstyle.stylize.palette import DARKEST, NOISE, Palette, PaletteMap

IMAGE = noise_image(64, 96, seed=3)


def tinted(gain: tuple[float, float, float], offset: float) -> np.ndarray:
    return np.asarray((IMAGE / 255 * 0.4 * np.array(gain) + offset) * 255, np.uint8)


def test_mean_and_covariance_are_of_the_colors_without_the_frame() -> None:
    image = np.zeros((100, 100, 3), np.uint8)
    image[4:96, 4:96] = (51, 102, 204)
    palette = Palette.of(image)
    np.testing.assert_allclose(palette.mean, (0.2, 0.4, 0.8))
    np.testing.assert_allclose(palette.covariance, 0, atol=1e-12)


def test_the_mapped_picture_has_the_palette_of_the_target() -> None:
    target = Palette.of(tinted((1.0, 0.6, 0.3), 0.3))
    mapped = Palette.of(PaletteMap.between(Palette.of(IMAGE), target).applied(IMAGE))
    np.testing.assert_allclose(mapped.mean, target.mean, atol=0.01)
    np.testing.assert_allclose(mapped.covariance, target.covariance, atol=NOISE**2)


def test_a_map_between_equal_palettes_changes_nothing() -> None:
    palette = Palette.of(IMAGE)
    np.testing.assert_array_equal(PaletteMap.between(palette, palette).applied(IMAGE), IMAGE)


def test_a_mix_lies_between_its_palettes() -> None:
    pale, strong = (
        Palette.of(tinted((1.0, 1.0, 1.0), 0.1)),
        Palette.of(tinted((2.0, 2.0, 2.0), 0.2)),
    )
    mixed = Palette.mixed([(pale, 0.75), (strong, 0.25)])
    np.testing.assert_allclose(mixed.mean, 0.75 * pale.mean + 0.25 * strong.mean)
    np.testing.assert_allclose(mixed.root(), 1.25 * pale.root(), rtol=0.01, atol=1e-3)
    alone = Palette.mixed([(strong, 1.0)])
    np.testing.assert_allclose(alone.covariance, strong.covariance, atol=1e-4)


def test_a_gray_palette_gives_finite_gains() -> None:
    gray = Palette(np.full(3, 0.5), np.full((3, 3), 0.04))
    colorful = Palette(np.full(3, 0.5), np.eye(3) * 0.04)
    assert np.abs(PaletteMap.between(gray, colorful).matrix).max() < 10


def test_text_of_a_map_can_be_read_again() -> None:
    mapped = PaletteMap(np.arange(9).reshape(3, 3) / 8, np.array([0.1, -0.2, 1e-7]))
    again = PaletteMap.parse(str(mapped))
    np.testing.assert_allclose(again.matrix, mapped.matrix)
    np.testing.assert_allclose(again.offset, mapped.offset)


@pytest.mark.parametrize("text", ["", "1 2 3", "x " * 12, "nan " * 12])
def test_a_text_that_is_no_map_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        PaletteMap.parse(text)


def test_a_dark_palette_is_lightened_for_faces_and_a_usual_one_is_not() -> None:
    dark = Palette(np.array([0.2, 0.1, 0.1]), np.eye(3) * 0.01).readable()
    assert np.dot((0.299, 0.587, 0.114), dark.mean) == pytest.approx(DARKEST)
    usual = Palette(np.array([0.5, 0.5, 0.4]), np.eye(3) * 0.01)
    np.testing.assert_array_equal(usual.readable().mean, usual.mean)
