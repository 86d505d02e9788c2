"""A picture optimized with the features that ship."""

from pathlib import Path

import numpy as np
import pytest
import torch

from tests.textures import noise_image
from vidstyle.frame import RGBImage
from vidstyle.optimize import jitter
from vidstyle.optimize.cache import Cache
from vidstyle.optimize.limits import MemoryLimits
from vidstyle.optimize.objective import PictureLossWeights
from vidstyle.optimize.picture_optimizer import PictureOptimizer, Stage, effort
from vidstyle.optimize.style_target import StyleTarget
from vidstyle.optimize.temporal_targets import TemporalTarget
from vidstyle.perceptual.color_transfer import to_tensor
from vidstyle.perceptual.losses import style_loss
from vidstyle.perceptual.zoo import load_features

PAINTING = noise_image(96, 96, seed=9, blur=1) // (1, 2, 4)  # reddish, with fine strokes
PHOTO = noise_image(72, 80, seed=2, blur=5)
QUICK = (Stage(0.5, 4), Stage(1.0, 24))
ROOM = MemoryLimits(10**7, 10**7, 10**7)


def optimizer(cache: Cache, room: MemoryLimits = ROOM) -> PictureOptimizer:
    features = load_features("slim")
    style_target = StyleTarget(np.asarray(PAINTING, np.uint8), features, cache)
    return PictureOptimizer(features, style_target, room, PictureLossWeights())


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def paints(cache: Path) -> PictureOptimizer:
    return optimizer(Cache(cache))


@pytest.fixture(scope="module")
def painted(paints: PictureOptimizer) -> RGBImage:
    torch.manual_seed(1)
    painted = paints.paint(PHOTO, QUICK)
    painted.flags.writeable = False
    return painted


def style_distance(image: RGBImage) -> float:
    features = load_features("slim")
    own, target = (
        features.grams(features(to_tensor(np.ascontiguousarray(each, np.uint8))[None]))
        for each in (image, PAINTING)
    )
    return sum(float(style_loss(own[name], target[name])) for name in own)


def test_a_painted_picture_has_the_paintings_style(painted: RGBImage) -> None:
    assert painted.shape == PHOTO.shape
    assert painted.dtype == np.uint8
    assert style_distance(painted) < 0.2 * style_distance(PHOTO)
    means = painted.mean(axis=(0, 1))
    assert np.abs(means - PAINTING.mean(axis=(0, 1))).max() < 12
    gray = (painted.mean(axis=2), PHOTO.mean(axis=2))
    assert np.corrcoef(*(each.ravel() for each in gray))[0, 1] > 0.5  # what was light stays so


def test_it_has_the_style_wherever_a_network_begins_to_look(
    paints: PictureOptimizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def worse_aside() -> float:
        painted = paints.paint(PHOTO, (Stage(1.0, 40),))
        aside = [style_distance(painted[top:, left:]) for top, left in ((0, 1), (1, 0), (1, 1))]
        return max(aside) / style_distance(painted)

    moving = worse_aside()
    monkeypatch.setattr(jitter, "OFFSETS", jitter.OFFSETS[:1])
    assert moving < 1.05 < worse_aside()


@pytest.mark.parametrize("size", [(1, 1), (3, 70), (33, 21)])
def test_pictures_of_any_size_keep_it(paints: PictureOptimizer, size: tuple[int, int]) -> None:
    image = np.ascontiguousarray(PHOTO[: size[0], : size[1]])
    assert paints.paint(image, (Stage(1.0, 2),)).shape == image.shape


def test_a_picture_of_one_color_is_painted(paints: PictureOptimizer) -> None:
    painted = paints.paint(np.full((64, 64, 3), 128, np.uint8), (Stage(1.0, 4),))
    assert painted.std() > 0


def test_what_others_say_is_kept_where_it_is_believed(
    paints: PictureOptimizer, painted: RGBImage
) -> None:
    height, width = PHOTO.shape[:2]
    confidence = np.zeros((height, width), np.float32)
    confidence[:, : width // 2] = 1
    shifted = np.roll(painted, 8, axis=0)
    targets: list[TemporalTarget] = [(shifted.astype(np.float32) / np.float32(255), confidence)]
    held = paints.paint(PHOTO, QUICK[1:], targets=targets).astype(int)
    apart = np.abs(held - shifted).mean(axis=(0, 2))
    assert apart[: width // 2 - 8].mean() < 9  # of 255, against its own content
    assert apart[width // 2 + 8 :].mean() > 1.5 * apart[: width // 2 - 8].mean()


def test_a_picture_may_be_painted_small_and_keeps_its_own_detail(
    paints: PictureOptimizer,
) -> None:
    photo = noise_image(160, 160, seed=2, blur=1)
    painted = paints.paint(photo, (Stage(0.5, 4),))
    assert painted.shape == photo.shape
    small = paints.paint(photo, (Stage(0.5, 4),))[::2, ::2]
    assert np.abs(np.diff(painted.astype(int), axis=1)).mean() > 0.3 * (
        np.abs(np.diff(small.astype(int), axis=1)).mean()
    )


def test_little_memory_makes_the_same_picture(paints: PictureOptimizer) -> None:
    cramped = PictureOptimizer(
        paints._features, paints._style, MemoryLimits(150**2, 10**7, 10**7), PictureLossWeights()
    )
    photo = noise_image(136, 170, seed=2, blur=4)
    whole, tiled = (each.paint(photo, (Stage(1.0, 2),)) for each in (paints, cramped))
    assert np.abs(whole.astype(int) - tiled).max() <= 2


def test_effort_is_counted_in_whole_pictures() -> None:
    assert effort([Stage(0.5, 40), Stage(1.0, 20)]) == 30


def test_the_painting_is_looked_at_once(cache: Path, painted: RGBImage) -> None:
    files = {file.name: file.stat().st_size for file in cache.iterdir()}
    assert files
    again = optimizer(Cache(cache)).paint(PHOTO, QUICK)
    np.testing.assert_array_equal(painted, again)
    assert {file.name: file.stat().st_size for file in cache.iterdir()} == files


def test_the_same_arguments_give_the_same_picture(
    paints: PictureOptimizer, painted: RGBImage
) -> None:
    torch.manual_seed(2)
    np.testing.assert_array_equal(painted, paints.paint(PHOTO, QUICK))
