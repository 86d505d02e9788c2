from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from tests.perceptual.weights import write_random_weights
from tools.features.fit import fit, fit_coarse
from vidstyle.perceptual.slim import COARSE_LAYERS, SlimBody
from vidstyle.perceptual.squeezenet import SqueezeNet


def noise(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize(("stride", "padding"), [(1, 0), (2, 0), (1, 1)])
@torch.no_grad()
def test_a_convolution_is_found_again_from_what_it_does(stride: int, padding: int) -> None:
    torch.manual_seed(0)
    true, found = (nn.Conv2d(4, 6, 3, stride, padding) for _ in range(2))
    inputs = [noise(2, 4, 20, 20, seed=n) for n in range(3)]
    fit(found, inputs, [true(x) for x in inputs])
    assert torch.allclose(found.weight, true.weight, atol=1e-3)
    assert found.bias is not None and true.bias is not None
    assert torch.allclose(found.bias, true.bias, atol=1e-3)


def test_the_coarse_branch_begins_close_to_the_teacher(tmp_path: Path) -> None:
    file = tmp_path / "weights.npz"
    write_random_weights(file)
    teacher = SqueezeNet(file, (2,))
    torch.manual_seed(0)
    body = SlimBody()
    untrained = missed(body, teacher)
    fit_coarse(body, teacher, [smooth(seed) for seed in range(2)])
    for layer, error in missed(body, teacher).items():
        assert error < 0.1, layer
        assert error < untrained[layer] / 3, layer


def smooth(seed: int) -> Tensor:
    coarse = torch.rand(4, 3, 24, 24, generator=torch.Generator().manual_seed(seed))
    return functional.interpolate(coarse, scale_factor=4, mode="bilinear", align_corners=False)


@torch.no_grad()
def missed(body: SlimBody, teacher: SqueezeNet) -> dict[str, float]:
    """By layer, the squared error over the teacher's square."""
    images = smooth(99)
    found, wanted = body(images), teacher(images)
    return {
        layer: float((found[layer] - wanted[layer]).square().sum() / wanted[layer].square().sum())
        for layer in COARSE_LAYERS
    }
