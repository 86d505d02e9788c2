from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional

from tests.perceptual.weights import random_vgg
from vidstyle.errors import StyleError
from vidstyle.perceptual.losses import gram_matrix
from vidstyle.perceptual.vgg import Kind, Vgg, layer_names

TO_RELU3_1 = ("conv1_2", "relu1_2", "pool1", "conv2_1", "relu2_1", "relu2_2", "conv3_1", "relu3_1")
PUBLISHED: dict[Kind, int] = {"vgg16": 138_357_544, "vgg19": 143_667_240}  # weights, by torchvision


@pytest.fixture(scope="module")
def state() -> dict[str, Tensor]:
    return random_vgg("vgg19", "conv3_1")


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory, state: dict[str, Tensor]) -> Path:
    file = tmp_path_factory.mktemp("weights") / "vgg19.pth"
    torch.save(state, file)
    return file


def shallow(file: Path, **options: str) -> Vgg:
    """The network down to relu3_1, all of TO_RELU3_1 tapped."""
    return Vgg(
        "vgg19",
        file,
        style_layers=TO_RELU3_1,
        content_layers=("conv2_1",),
        patch_layers=("relu3_1",),
        **options,  # type: ignore[arg-type]
    )


def by_hand(
    state: dict[str, Tensor], images: Tensor, pool: Callable[[Tensor, int], Tensor]
) -> dict[str, Tensor]:
    """The published network down to relu3_1, written out."""

    def conv(x: Tensor, place: int) -> Tensor:
        weight, bias = state[f"features.{place}.weight"], state[f"features.{place}.bias"]
        return functional.conv2d(x, weight, bias, padding=1)

    mean, spread = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    x = (images - mean.view(3, 1, 1)) / spread.view(3, 1, 1)
    seen = {"conv1_2": conv(conv(x, 0).clamp(min=0), 2)}
    seen["relu1_2"] = seen["conv1_2"].clamp(min=0)
    seen["pool1"] = pool(seen["relu1_2"], 2)
    seen["conv2_1"] = conv(seen["pool1"], 5)
    seen["relu2_1"] = seen["conv2_1"].clamp(min=0)
    seen["relu2_2"] = conv(seen["relu2_1"], 7).clamp(min=0)
    seen["conv3_1"] = conv(pool(seen["relu2_2"], 2), 10)
    return seen | {"relu3_1": seen["conv3_1"].clamp(min=0)}


def test_every_tap_is_the_published_sum(file: Path, state: dict[str, Tensor]) -> None:
    images = torch.rand(2, 3, 30, 21)
    expected, found = by_hand(state, images, functional.max_pool2d), shallow(file)(images)
    assert list(found) == list(TO_RELU3_1)
    for name in TO_RELU3_1:
        assert torch.allclose(found[name], expected[name], rtol=1e-4, atol=1e-4), name


def test_a_convolution_keeps_what_its_relu_cuts_off(file: Path) -> None:
    seen = shallow(file)(torch.rand(1, 3, 16, 16))
    assert seen["conv3_1"].min() < -0.1
    assert torch.equal(seen["relu3_1"], seen["conv3_1"].clamp(min=0))


def test_pooling_may_be_the_average(file: Path, state: dict[str, Tensor]) -> None:
    images = torch.rand(1, 3, 20, 24)
    expected = by_hand(state, images, functional.avg_pool2d)
    found = shallow(file, pooling="average")(images)
    for name in TO_RELU3_1:
        assert torch.allclose(found[name], expected[name], rtol=1e-4, atol=1e-4), name
    assert not torch.allclose(found["pool1"], shallow(file)(images)["pool1"], atol=0.1)
    with pytest.raises(ValueError, match="'median'"):
        shallow(file, pooling="median")


@pytest.mark.parametrize("kind", ["vgg16", "vgg19"])
def test_what_is_loaded_is_a_fraction_of_the_whole(kind: Kind, tmp_path: Path) -> None:
    state = {name: torch.zeros(shape) for name, shape in convolutions(kind).items()}
    file = tmp_path / "whole.pth"
    torch.save(state, file)
    network = Vgg(kind, file)
    names = network.style_layers + network.content_layers + network.patch_layers
    assert max(names, key=layer_names(kind).index) == "relu5_1"
    weights = sum(parameter.numel() for parameter in network.parameters())
    to_relu5_1 = {"vgg16": 9_995_072, "vgg19": 12_944_960}  # summed by hand
    assert weights == to_relu5_1[kind]
    assert weights <= 0.28 * PUBLISHED[kind]


@pytest.mark.parametrize("kind", ["vgg16", "vgg19"])
def test_the_layers_make_up_the_published_network(kind: Kind) -> None:
    convolved = sum(int(np.prod(shape)) for shape in convolutions(kind).values())
    classifier = (25088 + 1) * 4096 + (4096 + 1) * 4096 + (4096 + 1) * 1000
    assert convolved + classifier == PUBLISHED[kind]


def convolutions(kind: Kind) -> dict[str, tuple[int, ...]]:
    """torchvision's names and shapes, from its own list of widths (M is a pooling)."""
    doubled, deep = ("M", 64, 64, "M", 128, 128), 3 if kind == "vgg16" else 4
    widths = (*doubled, "M", *(256,) * deep, "M", *(512,) * deep, "M", *(512,) * deep, "M")[1:]
    shapes: dict[str, tuple[int, ...]] = {}
    place, inputs = 0, 3
    for width in widths:
        if isinstance(width, int):
            shapes[f"features.{place}.weight"] = (width, inputs, 3, 3)
            shapes[f"features.{place}.bias"] = (width,)
            place, inputs = place + 2, width
        else:
            place += 1
    return shapes


def test_layers_are_called_as_in_the_papers() -> None:
    for kind, last, poolings in (
        ("vgg16", "conv5_3", [4, 9, 16, 23, 30]),
        ("vgg19", "conv5_4", [4, 9, 18, 27, 36]),
    ):
        names = layer_names(kind)  # type: ignore[arg-type]
        assert names[:6] == ("conv1_1", "relu1_1", "conv1_2", "relu1_2", "pool1", "conv2_1")
        assert names[-3:] == (last, last.replace("conv", "relu"), "pool5")
        assert [names.index(f"pool{block}") for block in range(1, 6)] == poolings


def test_an_unknown_layer_is_said_before_the_file_is_read() -> None:
    with pytest.raises(StyleError, match=r"vgg16 has no layer 'conv3_4', 'fire2'. It has: conv1_1"):
        Vgg("vgg16", Path("none.pth"), content_layers=("conv3_4", "fire2"))


def test_style_is_judged_by_the_grams_of_the_style_layers(file: Path) -> None:
    network = shallow(file)
    seen = network(torch.rand(1, 3, 16, 16))
    grams = network.grams(seen)
    assert list(grams) == list(TO_RELU3_1)
    assert torch.equal(grams["relu3_1"], gram_matrix(seen["relu3_1"]))


def test_pictures_can_learn_and_the_network_cannot(file: Path) -> None:
    images = torch.rand(1, 3, 16, 16, requires_grad=True)
    network = shallow(file)
    network(images)["relu3_1"].sum().backward()
    assert images.grad is not None and images.grad.abs().sum() > 0
    assert len(list(network.parameters())) == 10
    assert not any(parameter.requires_grad for parameter in network.parameters())


def test_an_npz_of_the_same_names_does_as_well(
    file: Path, state: dict[str, Tensor], tmp_path: Path
) -> None:
    arrays = {name: tensor.numpy() for name, tensor in state.items()}
    np.savez(tmp_path / "vgg.npz", allow_pickle=False, **arrays)
    images = torch.rand(1, 3, 16, 16)
    expected, found = shallow(file)(images), shallow(tmp_path / "vgg.npz")(images)
    assert all(torch.equal(found[name], expected[name]) for name in TO_RELU3_1)


def test_the_weights_of_the_other_network_are_refused(file: Path) -> None:
    with pytest.raises(StyleError, match=r"not a vgg16 weight file: it holds no features\.12\."):
        Vgg("vgg16", file)
