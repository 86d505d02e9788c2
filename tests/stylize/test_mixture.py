from pathlib import Path

import numpy as np
import pytest

from tests.textures import noise_image
from vidstyle.errors import StyleError
from vidstyle.frame import Picture, RGBImage
from vidstyle.stylize.generator import ImageGenerator, OnnxGenerator
from vidstyle.stylize.mixture import Mixture


class Even(ImageGenerator):
    """Paints everything in one shade."""

    def __init__(self, shade: int) -> None:
        self.shade = shade

    def paint(self, image: RGBImage) -> RGBImage:
        return np.full_like(image, self.shade)


class Copy(ImageGenerator):
    """Paints what it sees."""

    def paint(self, image: RGBImage) -> RGBImage:
        return image


def test_a_mixture_is_the_weighted_mean_of_the_paintings(inverter: Path) -> None:
    image = noise_image(21, 34, 0)
    painted = Mixture([(OnnxGenerator(inverter), 0.7), (Copy(), 0.3)]).paint(image)
    wanted = np.round(0.7 * (255 - image.astype(float)) + 0.3 * image)
    assert painted.dtype == np.uint8
    assert np.abs(painted - wanted).max() <= 1  # where 0.5 is rounded either way
    assert (painted != wanted).mean() < 0.01


@pytest.mark.parametrize("shade", [0, 1, 254, 255])
def test_what_all_paint_alike_stays_as_it_is(shade: int) -> None:
    thirds = [(Even(shade), 1 / 3)] * 3
    assert (Mixture(thirds).paint(np.zeros((5, 7, 3), np.uint8)) == shade).all()


def test_the_mean_is_rounded_once() -> None:
    # 0.4 + 0.4 + 0.4: rounded one by one, nothing would be left of it.
    parts = [(Even(1), 0.4), (Even(2), 0.2), (Even(1), 0.4)]
    assert Mixture(parts).paint(np.zeros((1, 1, 3), np.uint8)).tolist() == [[[1, 1, 1]]]


def test_the_order_of_the_parts_does_not_matter(inverter: Path) -> None:
    image = noise_image(21, 34, 1)
    parts: list[tuple[ImageGenerator, float]] = [(OnnxGenerator(inverter), 0.61), (Copy(), 0.39)]
    assert np.array_equal(Mixture(parts).paint(image), Mixture(parts[::-1]).paint(image))


def test_a_mixture_paints_pictures_and_keeps_their_color_space() -> None:
    picture = Picture.from_rgb(np.full((20, 30, 3), 90, np.uint8))
    painted = Mixture([(Even(200), 0.5), (Copy(), 0.5)]).paint_picture(picture)
    assert painted.color == picture.color
    assert np.abs(painted.to_rgb().astype(int) - 145).max() <= 1


def test_a_part_that_fails_fails_the_mixture() -> None:
    class Failing(ImageGenerator):
        def paint(self, image: RGBImage) -> RGBImage:
            raise StyleError("out of paint")

    with pytest.raises(StyleError, match="out of paint"):
        Mixture([(Copy(), 0.5), (Failing(), 0.5)]).paint(np.zeros((4, 4, 3), np.uint8))
