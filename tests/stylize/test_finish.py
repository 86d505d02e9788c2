"""Finish of paintings: contrast, brightness, clarity and saturation."""

import numpy as np
import pytest

from tests.textures import noise_image
from vidstyle.frame import Picture
from vidstyle.stylize.finish import Finish

PAINTING = Picture.from_rgb(noise_image(96, 128, 0))


def flat(level: int) -> Picture:
    return Picture.from_rgb(np.full((96, 128, 3), level, np.uint8))


def spread(picture: Picture) -> float:
    return float(picture.y.std())


def test_the_usual_finish_changes_nothing() -> None:
    assert Finish().graded(PAINTING) is PAINTING


@pytest.mark.parametrize("level", [60, 200])
def test_contrast_moves_the_luma_away_from_middle_gray(level: int) -> None:
    before = flat(level)
    after = Finish(contrast=1.3).graded(before)
    wanted = 128 + 1.3 * (float(before.y[0, 0]) - 128)
    assert np.abs(after.y - wanted).max() <= 0.51
    assert np.array_equal(after.u, before.u)


def test_brightness_one_is_full_scale() -> None:
    before = flat(60)
    assert (Finish(brightness=0.2).graded(before).y == before.y + 51).all()


def test_saturation_is_a_factor_of_the_chroma() -> None:
    image = np.zeros((96, 128, 3), np.uint8)
    image[..., 0] = 120
    before = Picture.from_rgb(image)
    after = Finish(saturation=1.5).graded(before)
    assert np.array_equal(after.y, before.y)
    for plane, old in zip(after.planes[1:], before.planes[1:], strict=True):
        assert np.abs(plane - (128 + 1.5 * (old - 128.0))).max() <= 0.51


def test_saturation_zero_is_gray() -> None:
    graded = Finish(saturation=0).graded(PAINTING)
    assert (graded.u == 128).all()
    assert (graded.v == 128).all()


@pytest.mark.parametrize("size_hw", [(96, 128), (97, 131), (15, 20), (2, 2)])
def test_clarity_leaves_flat_ground_as_it_is(size_hw: tuple[int, int]) -> None:
    before = Picture.from_rgb(np.full((*size_hw, 3), 90, np.uint8))
    assert np.array_equal(Finish(clarity=1).graded(before).y, before.y)


def test_clarity_raises_the_contrast_of_small_shapes() -> None:
    image = np.full((96, 128, 3), 120, np.uint8)
    image[40:48, 60:68] = 140
    before = Picture.from_rgb(image)
    after = Finish(clarity=1).graded(before)
    rise_before = int(before.y[44, 64]) - int(before.y[5, 5])
    assert int(after.y[44, 64]) - int(after.y[5, 5]) > 1.5 * rise_before


def test_clarity_leaves_noise_of_single_pixels_as_it_is() -> None:
    checks = np.indices((96, 128)).sum(0) % 2 * 40 + 100
    before = Picture.from_rgb(np.repeat(checks[..., np.newaxis], 3, 2).astype(np.uint8))
    assert spread(Finish(clarity=1).graded(before)) == pytest.approx(spread(before), rel=0.05)


def test_a_mix_of_finishes_is_their_weighted_mean() -> None:
    mixed = Finish.mixed([(Finish(contrast=1.4), 0.25), (Finish(saturation=2.0), 0.75)])
    assert mixed == Finish(contrast=1.1, saturation=1.75)
