"""Textures of paintings, and the nearest one of the shelf."""

import cv2
import numpy as np
import pytest

from tests.textures import noise_image
from vidstyle.frame import RGBImage
from vidstyle.media.style_image import read_painting
from vidstyle.stylize.catalog import find_painting
from vidstyle.stylize.texture import (
    by_nearness,
    shipped_textures,
    similarity,
    texture,
    unit_rows,
)


def stripes(width: int) -> RGBImage:
    image = np.zeros((200, 240, 3), np.uint8)
    image[:, (np.arange(240) // width) % 2 == 1] = (240, 230, 200)
    return image


@pytest.mark.parametrize("name", ["great-wave", "starry-night", "red-chalk"])
def test_a_shipped_painting_is_nearest_to_itself(name: str) -> None:
    assert by_nearness(read_painting(find_painting(name)))[0].style == name


def test_colors_and_contrast_do_not_count() -> None:
    image = np.asarray(cv2.GaussianBlur(noise_image(200, 240, seed=1), (0, 0), 3), np.uint8)
    gray = cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    faint = (gray * 0.5 + 60).astype(np.uint8)
    assert similarity(texture(image), texture(faint)) > 0.99


def test_size_counts_little() -> None:
    painting = read_painting(find_painting("starry-night"))
    smaller = cv2.resize(painting, None, fx=0.6, fy=0.6, interpolation=cv2.INTER_AREA)
    assert similarity(texture(painting), texture(np.asarray(smaller, np.uint8))) > 0.97


def test_stripes_are_nearer_to_stripes_than_to_noise() -> None:
    near = similarity(texture(stripes(8)), texture(stripes(10)))
    assert near > similarity(texture(stripes(8)), texture(noise_image(200, 240, seed=1)))


@pytest.mark.parametrize("level", [0, 255])
def test_a_flat_color_has_a_texture_too(level: int) -> None:
    flat = np.full((80, 80, 3), level, np.uint8)
    assert np.isfinite(texture(flat)).all()
    assert by_nearness(flat)[0].style


def test_textures_have_unit_length_by_layer() -> None:
    rows = unit_rows(np.array([[3, 4], [0, 0]], np.float32))
    np.testing.assert_allclose(rows, np.array([[0.6, 0.8], [0, 0]]), rtol=1e-6)
    for style in shipped_textures():
        np.testing.assert_allclose(np.linalg.norm(style.texture, axis=1), 1, atol=1e-3)


def test_of_a_long_scroll_the_middle_counts() -> None:
    middle = noise_image(64, 64 * 16, seed=3)
    sides = np.full((64, 64 * 30, 3), 200, np.uint8)
    scroll = np.concatenate([sides, middle, sides], axis=1)
    np.testing.assert_allclose(texture(scroll), texture(middle), atol=0.02)
    turned = np.ascontiguousarray(scroll.transpose(1, 0, 2))
    upright = np.ascontiguousarray(middle.transpose(1, 0, 2))
    np.testing.assert_allclose(texture(turned), texture(upright), atol=0.02)
