"""What a machine allows, and what is said when it does not."""

import math
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from tests.textures import noise_image
from vidstyle.errors import StyleError
from vidstyle.frame import RGBImage
from vidstyle.optimize.cache import Cache
from vidstyle.optimize.generator import HalfPrecision, OptimizingGenerator
from vidstyle.optimize.limits import MemoryLimits
from vidstyle.optimize.objective import PictureLossWeights
from vidstyle.optimize.picture_optimizer import PictureOptimizer, memory_errors
from vidstyle.optimize.style_target import StyleTarget
from vidstyle.perceptual.color_transfer import to_tensor
from vidstyle.perceptual.zoo import load_features
from vidstyle.stylize.finish import Finish

PHOTO = noise_image(96, 120, seed=2, blur=5)


def optimizer(cache: Cache, limits: MemoryLimits) -> PictureOptimizer:
    features = load_features("slim")
    style_target = StyleTarget(noise_image(80, 80, seed=9, blur=1), features, cache)
    return PictureOptimizer(features, style_target, limits, PictureLossWeights())


def test_what_is_delivered_has_the_optimizers_finish_and_chroma(tmp_path: Path) -> None:
    features = load_features("slim")
    target = StyleTarget(noise_image(80, 80, seed=9, blur=1), features, Cache(tmp_path))
    finish = Finish(saturation=1.4)
    generator = OptimizingGenerator(
        PictureOptimizer(
            features, target, MemoryLimits.within(4), PictureLossWeights(), finish, 0.5
        ),
        None,
    )
    assert (generator.finish, generator.own_chroma) == (finish, 0.5)


def test_a_picture_that_memory_has_no_room_for_is_painted_smaller(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    cache = Cache(tmp_path_factory.mktemp("cache"))
    generator = OptimizingGenerator(
        optimizer(cache, MemoryLimits(10**6, 10**6, 96 * 120 // 2)), None, True
    )
    assert generator.paint(PHOTO).shape == PHOTO.shape
    (remark,) = generator.remarks
    assert remark == "painted at 85x68 and enlarged: this machine's memory allows no more"


def test_a_picture_that_time_does_not_suffice_for_is_painted_smaller(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    cache = Cache(tmp_path_factory.mktemp("cache"))
    generator = OptimizingGenerator(optimizer(cache, MemoryLimits.within(4)), 0.01)
    assert generator.paint(PHOTO).shape == PHOTO.shape
    (remark,) = generator.remarks
    assert remark == "painted at 30x24 and enlarged: the time budget allows no more"


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        torch.OutOfMemoryError("CUDA out of memory."),
        RuntimeError("[enforce fail at alloc_cpu.cpp:124] ... not enough memory: you tried"),
        RuntimeError("[enforce fail at alloc_cpu.cpp:127] ... can't allocate memory: you tried"),
        cv2.error("alloc.cpp:73: error: (-4:Insufficient memory) Failed to allocate 72000000"),
    ],
)
def test_when_memory_runs_out_what_would_fit_is_said(error: Exception) -> None:
    image: RGBImage = np.zeros((300, 400, 3), np.uint8)
    with pytest.raises(StyleError, match=r"400x300 px\. .* 150 lines") as refused:  # noqa: SIM117
        with memory_errors(image):
            raise error
    assert refused.value.cures == ({"max_height": 150},)


def test_other_errors_are_not_taken_for_it() -> None:
    with pytest.raises(RuntimeError, match="shapes"), memory_errors(PHOTO):
        raise RuntimeError("shapes do not match")


def test_half_precision_sees_nearly_the_same() -> None:
    features = load_features("slim")
    half = HalfPrecision(features)
    picture = to_tensor(PHOTO)[None]
    whole, rounded = features(picture), half(picture)
    assert whole.keys() == rounded.keys()
    for name, layer in whole.items():
        assert rounded[name].dtype == torch.float32
        assert math.isclose(float((rounded[name] - layer).norm() / layer.norm()), 0, abs_tol=0.05)
    grams, of_half = features.grams(whole), half.grams(whole)
    assert all(torch.equal(grams[name], of_half[name]) for name in grams)
    assert half.source_layer("conv1") == "stage1"
    by_branch = [branch(picture) for branch in half.branches]
    assert [seen.keys() & whole.keys() for seen in by_branch] == [seen.keys() for seen in by_branch]
    for seen in by_branch:
        assert all(torch.equal(seen[name], rounded[name]) for name in seen)
