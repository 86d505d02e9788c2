"""Size, colors, strength and comparison of the finished picture."""

import numpy as np
import pytest

from tests.textures import noise_image
from vidstyle.frame import BT601, ColorSpace, Picture
from vidstyle.options import Look
from vidstyle.stylize.compose import compose
from vidstyle.stylize.finish import Finish

ORIGINAL = Picture.from_rgb(noise_image(96, 128, 0), ColorSpace(BT601))
WORKING = ORIGINAL.resized(64, 48)
PAINTING = Picture.from_rgb(noise_image(48, 64, 1), ColorSpace(BT601))


def same(first: Picture, second: Picture) -> bool:
    return all(np.array_equal(a, b) for a, b in zip(first.planes, second.planes, strict=True))


@pytest.mark.parametrize("resize", [False, True])
@pytest.mark.parametrize("compare", [False, True])
@pytest.mark.parametrize("strength", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("keep_colors", [False, True])
def test_the_size_is_the_original_s_or_the_working_one_twice_beside_each_other(
    resize: bool, compare: bool, strength: float, keep_colors: bool
) -> None:
    look = Look(strength=strength, keep_colors=keep_colors)
    composed = compose(ORIGINAL, WORKING, PAINTING, look, Finish(), resize=resize, compare=compare)
    width, height = (64, 48) if resize else (128, 96)
    assert (composed.width, composed.height) == (width * (1 + compare), height)
    assert composed.color == PAINTING.color


def test_at_the_working_size_the_painting_is_left_alone() -> None:
    assert compose(ORIGINAL, WORKING, PAINTING, Look(), Finish(), resize=True) is PAINTING
    assert compose(WORKING, WORKING, PAINTING, Look(), Finish()) is PAINTING


def test_far_below_the_size_of_the_original_its_detail_comes_back() -> None:
    small = ORIGINAL.resized(24, 18)
    assert same(compose(ORIGINAL, small, small, Look(), Finish()), ORIGINAL)


def test_no_strength_is_the_original() -> None:
    assert same(compose(ORIGINAL, WORKING, PAINTING, Look(strength=0.0), Finish()), ORIGINAL)
    small = compose(ORIGINAL, WORKING, PAINTING, Look(strength=0.0), Finish(), resize=True)
    assert same(small, WORKING)


def test_strength_is_the_share_of_the_painting() -> None:
    whole = compose(ORIGINAL, WORKING, PAINTING, Look(), Finish())
    for strength in (0.25, 0.8):
        composed = compose(ORIGINAL, WORKING, PAINTING, Look(strength=strength), Finish())
        for found, old, new in zip(composed.planes, ORIGINAL.planes, whole.planes, strict=True):
            wanted = (1 - strength) * old.astype(float) + strength * new
            assert np.abs(found - wanted).max() <= 0.51


def test_kept_colors_are_the_original_s_and_the_light_is_the_painting_s() -> None:
    whole = compose(ORIGINAL, WORKING, PAINTING, Look(), Finish())
    kept = compose(ORIGINAL, WORKING, PAINTING, Look(keep_colors=True), Finish())
    assert np.array_equal(kept.y, whole.y)
    assert np.array_equal(kept.u, ORIGINAL.u)
    assert np.array_equal(kept.v, ORIGINAL.v)


def test_a_comparison_has_the_original_on_the_left() -> None:
    whole = compose(ORIGINAL, WORKING, PAINTING, Look(), Finish())
    both = compose(ORIGINAL, WORKING, PAINTING, Look(), Finish(), compare=True)
    assert same(both.crop(0, 0, 128, 96), ORIGINAL)
    assert same(both.crop(128, 0, 256, 96), whole)


@pytest.mark.parametrize("resize", [False, True])
def test_a_mask_is_a_strength_per_pixel(resize: bool) -> None:
    share = np.zeros((48, 64), np.float32)
    share[:, 32:] = 1
    for strength in (1.0, 0.5):
        look = Look(strength=strength)
        whole = compose(ORIGINAL, WORKING, PAINTING, look, Finish(), resize)
        masked = compose(ORIGINAL, WORKING, PAINTING, look, Finish(), resize, share=share)
        original = WORKING if resize else ORIGINAL
        half = masked.width // 2
        assert np.array_equal(masked.y[:, : half - 2], original.y[:, : half - 2])
        difference = masked.y[:, half + 2 :].astype(int) - whole.y[:, half + 2 :]
        assert np.abs(difference).max() <= 1


def test_the_left_half_of_a_comparison_has_no_mask() -> None:
    share = np.zeros((48, 64), np.float32)
    both = compose(ORIGINAL, WORKING, PAINTING, Look(), Finish(), compare=True, share=share)
    assert same(both.crop(0, 0, 128, 96), ORIGINAL)
    assert same(both.crop(128, 0, 256, 96), ORIGINAL)
