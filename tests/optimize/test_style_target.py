"""The painting's colors, given to photos."""

import numpy as np
import pytest
import torch

from tests.textures import noise_image
from vidstyle.frame import RGBImage
from vidstyle.optimize.cache import Cache
from vidstyle.optimize.style_target import LARGEST_GAIN, StyleTarget
from vidstyle.perceptual.color_transfer import recolored, to_tensor
from vidstyle.perceptual.zoo import load_features


@pytest.fixture(scope="module")
def painting(tmp_path_factory: pytest.TempPathFactory) -> StyleTarget:
    image = noise_image(96, 96, seed=9, blur=4)
    return StyleTarget(image, load_features("slim"), Cache(tmp_path_factory.mktemp("cache")))


def gray(level: int, noise: int) -> RGBImage:
    """Of one gray but for a little color noise."""
    random = np.random.default_rng(3)
    return (level + random.integers(-noise, noise + 1, (64, 80, 3))).astype(np.uint8)


def mapped(painting: StyleTarget, photo: RGBImage, like: list[RGBImage]) -> torch.Tensor:
    return recolored(to_tensor(photo)[None], *painting.color_map(like))


def test_a_colorful_photo_gets_the_paintings_mean_and_spread(painting: StyleTarget) -> None:
    photo = noise_image(128, 128, seed=2, blur=4)
    found = mapped(painting, photo, [photo])[0].flatten(1)
    goal = to_tensor(noise_image(96, 96, seed=9, blur=4)).flatten(1)
    assert torch.allclose(found.mean(dim=1), goal.mean(dim=1), atol=0.02)
    assert torch.allclose(found.std(dim=1), goal.std(dim=1), rtol=0.2)


def test_the_noise_of_a_gray_photo_gets_no_strong_colors(painting: StyleTarget) -> None:
    photo = gray(128, noise=2)
    found = mapped(painting, photo, [photo])[0].flatten(1)
    before = to_tensor(photo).flatten(1)
    assert found.std(dim=1).max() < 1.1 * LARGEST_GAIN * before.std(dim=1).max()


def test_what_is_mapped_together_keeps_its_differences(painting: StyleTarget) -> None:
    dark, light = gray(90, noise=8), gray(140, noise=8)
    together = [mapped(painting, photo, [dark, light]).mean() for photo in (dark, light)]
    alone = [mapped(painting, photo, [photo]).mean() for photo in (dark, light)]
    assert together[1] - together[0] > 0.1
    assert alone[1] - alone[0] == pytest.approx(0, abs=0.01)


@pytest.mark.parametrize("size", [(1, 1), (2, 300)])
def test_photos_of_any_size_have_a_map(painting: StyleTarget, size: tuple[int, int]) -> None:
    photo = np.full((*size, 3), 90, np.uint8)
    assert mapped(painting, photo, [photo]).isfinite().all()
