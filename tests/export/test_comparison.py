"""Exports are compared with their style on real pictures."""

import numpy as np
import pytest

from tests.export.test_mobile_form import PHOTO, shipped
from tests.graph.test_quantize import smooth_images
from vidstyle.errors import StyleError
from vidstyle.export.comparison import Difference, as_levels, compare, painter_of, real_pictures
from vidstyle.export.mobile_form import mobile_form
from vidstyle.frame import RGBImage


def unchanged(image: RGBImage) -> RGBImage:
    return image


def brighter(image: RGBImage) -> RGBImage:
    return np.asarray(np.clip(image.astype(int) + 3, 0, 255), np.uint8)


def test_equal_paintings_do_not_differ() -> None:
    found = compare(unchanged, unchanged, smooth_images(2))
    assert (found.mean, found.largest) == (0, 0)
    assert found.similarity == pytest.approx(1)


def test_a_difference_is_measured_in_levels() -> None:
    found = compare(brighter, unchanged, [np.full((64, 64, 3), 100, np.uint8)])
    assert (found.mean, found.largest) == (3, 3)


def test_a_bright_painting_differs_from_a_dark_one() -> None:
    found = compare(
        lambda image: np.zeros_like(image), lambda image: np.full_like(image, 255), smooth_images(1)
    )
    assert (found.mean, found.largest) == (255, 255)


@pytest.mark.parametrize(
    ("difference", "int8"),
    [
        (Difference(0.1, 2, 1.0), False),
        (Difference(4.0, 60, 0.94), True),
        (Difference(float("nan"), 0, float("nan")), True),
    ],
)
def test_too_large_a_difference_is_refused(difference: Difference, int8: bool) -> None:
    with pytest.raises(StyleError, match="Nothing was written"):
        difference.check(int8)


def test_rounding_is_no_difference() -> None:
    Difference(0.01, 1, 1.0).check(int8=False)
    Difference(2.0, 60, 0.98).check(int8=True)


def test_real_pictures_fill_any_size() -> None:
    for width, height in ((96, 64), (64, 400)):
        pictures = real_pictures(width, height)
        assert len(pictures) > 2
        assert all(picture.shape == (height, width, 3) for picture in pictures)
        assert all(picture.std() > 20 for picture in pictures)


def test_bytes_and_floats_are_painted_alike() -> None:
    original = shipped("udnie-17k")
    image = PHOTO[:64, :96]
    painted = [painter_of(model)(image) for model in (original, mobile_form(original))]
    assert np.abs(painted[0].astype(int) - painted[1]).max() <= 1


def test_values_beyond_the_range_are_clipped() -> None:
    assert as_levels(np.array([-0.2, 0, 0.5, 1, 1.3])).tolist() == [0, 0, 128, 255, 255]
