from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from tests.perceptual.weights import (
    digest,
    mobilenet_shapes,
    parameters,
    write_random_mobilenet,
)
from vidstyle.errors import StyleError
from vidstyle.perceptual.mobilenet import MobileNetV3, window_mean

# Channels, height and width, mean, spread, and three channels in the middle of each layer, as
# torchvision 0.28.0 computes them with the weights of `write_random_mobilenet`.
TORCHVISION = {
    "conv1": ((16, 33, 41), 0.32008, 0.858832, (1.25624, 0.770876, 0.0790528)),
    "block1": ((16, 33, 41), 0.273584, 0.98178, (1.35625, 0.981004, -0.356974)),
    "block3": ((24, 17, 21), 0.224559, 0.668383, (0.273006, 0.605151, 0.979222)),
    "block6": ((40, 9, 11), -0.00413553, 0.35643, (0.378426, -0.187505, -0.0468578)),
    "block10": ((80, 5, 6), 0.0316808, 0.398894, (-0.506835, 0.136552, -0.0684292)),
}


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("weights") / "mobilenet.pth"
    write_random_mobilenet(file)
    return file


@pytest.fixture(scope="module")
def network(file: Path) -> MobileNetV3:
    return MobileNetV3(file)


def images() -> Tensor:
    return torch.tensor(np.random.default_rng(1).random((1, 3, 65, 82)), dtype=torch.float32)


def test_names_and_shapes_are_the_published_ones() -> None:
    assert parameters(mobilenet_shapes()) == 5_483_032  # with the classifier
    assert digest(mobilenet_shapes()) == "c9c2fbc2c3935fee"  # of torchvision 0.28.0


def test_activations_are_those_of_torchvision(network: MobileNetV3) -> None:
    seen = network(images())
    assert list(seen) == list(TORCHVISION) == list(network.style_layers)
    seen["conv1"] = seen["conv1"][..., ::2, ::2]  # published at a stride of 2
    for name, (shape, mean, spread, middle) in TORCHVISION.items():
        layer = seen[name][0]
        found = layer[:3, shape[1] // 2, shape[2] // 2].tolist()
        assert layer.shape == shape, name
        assert float(layer.mean()) == pytest.approx(mean, abs=1e-4), name
        assert float(layer.std()) == pytest.approx(spread, rel=1e-4), name
        assert found == pytest.approx(middle, abs=1e-4), name


def test_it_loads_ten_blocks_of_fifteen_without_classifier(network: MobileNetV3) -> None:
    kept = {
        name: shape
        for name, shape in mobilenet_shapes().items()
        if name.startswith(tuple(f"features.{place}." for place in range(11)))
        and not name.endswith(("running_mean", "running_var"))
    }
    norms = sum(shape[0] for name, shape in kept.items() if ".1.weight" in name)
    loaded = sum(parameter.numel() for parameter in network.parameters())
    assert loaded == parameters(kept) - norms == 188_896  # a bias for scale and shift of a norm


def test_batch_norms_stay_frozen_in_training_mode(file: Path, network: MobileNetV3) -> None:
    training = MobileNetV3(file).train()
    for name, layer in network(images()).items():
        assert torch.equal(training(images())[name], layer), name


def test_a_mean_over_a_small_picture_is_that_of_all_of_it() -> None:
    x = torch.rand(2, 3, 4, 5)
    expected = x.mean(dim=(2, 3), keepdim=True).expand(x.shape)
    assert torch.allclose(window_mean(x, 5), expected, atol=1e-6)


def test_a_mean_over_a_large_picture_is_that_of_a_window_inside() -> None:
    x = torch.rand(1, 2, 6, 9)
    found = window_mean(x, 4)
    for row in range(6):
        for column in range(9):
            top, left = min(max(row - 1, 0), 2), min(max(column - 1, 0), 5)
            expected = x[..., top : top + 4, left : left + 4].mean(dim=(2, 3))
            assert torch.allclose(found[..., row, column], expected, atol=1e-6)


def test_another_weight_file_is_said(tmp_path: Path) -> None:
    torch.save({"conv1.weight": torch.zeros(64, 3, 7, 7)}, tmp_path / "resnet.pth")
    for name in ("none.pth", "resnet.pth"):
        with pytest.raises(
            StyleError, match=r"not a MobileNetV3-Large weight file: .*\."
        ) as raised:
            MobileNetV3(tmp_path / name)
        assert "\n" not in str(raised.value)


def test_a_wrong_shape_is_said_by_name(file: Path, tmp_path: Path) -> None:
    state = torch.load(file, weights_only=True)
    state["features.4.block.2.fc1.weight"] = torch.zeros(16, 72, 1, 1)
    torch.save(state, tmp_path / "small.pth")
    with pytest.raises(StyleError, match=r"features\.4\.block\.2\.fc1\.weight is \(16, 72, 1, 1\)"):
        MobileNetV3(tmp_path / "small.pth")
