from pathlib import Path

import numpy as np
import pytest
import torch

from tests.perceptual.weights import write_random_weights
from vidstyle.errors import StyleError
from vidstyle.perceptual.features import LAYERS, SqueezeNet


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> SqueezeNet:
    file = tmp_path_factory.mktemp("weights") / "squeezenet.npz"
    write_random_weights(file)
    return SqueezeNet(file)


def test_all_layers_come_with_their_published_widths(network: SqueezeNet) -> None:
    seen = network(torch.rand(1, 3, 64, 96))
    assert list(seen) == list(LAYERS)
    widths = [96, 128, 128, 256, 256, 384, 384, 512]
    assert [activations.shape[1] for activations in seen.values()] == widths


def test_stride_one_sees_what_stride_two_skips(network: SqueezeNet) -> None:
    images = torch.rand(1, 3, 40, 48)
    fine, coarse = network(images, stride=1)["conv1"], network(images, stride=2)["conv1"]
    assert torch.allclose(fine[..., ::2, ::2], coarse, atol=1e-3)


def test_the_first_layer_is_the_published_sum(network: SqueezeNet) -> None:
    images = torch.rand(1, 3, 40, 40)
    bgr = images[0].flip(0).numpy() * 255 - np.array([104, 117, 123], np.float32)[:, None, None]
    weight = network.conv1.weight[5].numpy()
    bias = network.conv1.bias
    assert bias is not None
    expected = max(0.0, float((bgr[:, 1:8, 0:7] * weight).sum() + float(bias[5])))
    found = float(network(images, stride=1)["conv1"][0, 5, 1, 0])
    assert np.isclose(found, expected, rtol=1e-3, atol=1e-3)


def test_nothing_in_it_learns(network: SqueezeNet) -> None:
    assert not any(parameter.requires_grad for parameter in network.parameters())


def test_a_wrong_weight_file_is_said(tmp_path: Path) -> None:
    np.savez(tmp_path / "other.npz", a=np.zeros(3))
    (tmp_path / "text.npz").write_text("hello", encoding="utf-8")
    for name in ("none.npz", "other.npz", "text.npz"):
        with pytest.raises(StyleError, match="not a SqueezeNet"):
            SqueezeNet(tmp_path / name)
