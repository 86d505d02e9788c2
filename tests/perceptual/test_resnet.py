from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from tests.perceptual.weights import (
    digest,
    parameters,
    resnet_shapes,
    write_random_resnet,
)
from vidstyle.errors import StyleError
from vidstyle.perceptual.resnet import ResNet50

# Channels, height and width, mean, spread, and three channels in the middle of each layer, as
# torchvision 0.28.0 computes them with the weights of `write_random_resnet`.
TORCHVISION = {
    "conv1": ((64, 33, 41), 0.567275, 0.869694, (0, 0, 0.514184)),
    "layer1": ((256, 17, 21), 1.89157, 2.18264, (0, 4.59411, 0)),
    "layer2": ((512, 9, 11), 2.19555, 2.62707, (0, 2.71673, 0)),
    "layer3": ((1024, 5, 6), 3.35805, 3.75532, (4.06609, 7.70649, 0)),
}
LAYER4, CLASSIFIER = 14_964_736, 2_049_000


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> ResNet50:
    file = tmp_path_factory.mktemp("weights") / "resnet.pth"
    write_random_resnet(file)
    return ResNet50(file)


def images() -> Tensor:
    return torch.tensor(np.random.default_rng(1).random((1, 3, 65, 82)), dtype=torch.float32)


def test_names_and_shapes_are_the_published_ones() -> None:
    assert parameters(resnet_shapes()) == 25_557_032  # with the classifier
    assert digest(resnet_shapes()) == "0c65d9b17e2b4651"  # of torchvision 0.28.0


def test_activations_are_those_of_torchvision(network: ResNet50) -> None:
    seen = network(images())
    assert list(seen) == list(TORCHVISION) == list(network.style_layers)
    seen["conv1"] = seen["conv1"][..., ::2, ::2]  # published at a stride of 2
    for name, (shape, mean, spread, middle) in TORCHVISION.items():
        layer = seen[name][0]
        found = layer[:3, shape[1] // 2, shape[2] // 2].tolist()
        assert layer.shape == shape, name
        assert float(layer.mean()) == pytest.approx(mean, rel=1e-4), name
        assert float(layer.std()) == pytest.approx(spread, rel=1e-4), name
        assert found == pytest.approx(middle, rel=1e-4, abs=1e-4), name


def test_it_loads_three_stages_of_four_without_classifier(network: ResNet50) -> None:
    kept = parameters(resnet_shapes()) - LAYER4 - CLASSIFIER
    norms = sum(
        shape[0]
        for name, shape in resnet_shapes().items()
        if name.endswith("running_mean") and not name.startswith("layer4")
    )
    loaded = sum(parameter.numel() for parameter in network.parameters())
    assert loaded == kept - norms == 8_528_000  # a bias for scale and shift of a norm


def test_batch_norms_stay_frozen_in_training_mode(network: ResNet50) -> None:
    expected = network(images())
    found = network.train()(images())
    assert all(torch.equal(found[name], layer) for name, layer in expected.items())


def test_another_weight_file_is_said(tmp_path: Path) -> None:
    torch.save({"features.0.0.weight": torch.zeros(16, 3, 3, 3)}, tmp_path / "mobilenet.pth")
    for name in ("none.pth", "mobilenet.pth"):
        with pytest.raises(StyleError, match=r"not a ResNet-50 weight file: .*\.") as raised:
            ResNet50(tmp_path / name)
        assert "\n" not in str(raised.value)
