"""Contract of feature networks, with random weights; add a network to NETWORKS."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest
import torch
from torch import Tensor

from tests.contracts.implementations import subclasses
from tests.perceptual.weights import (
    random_vgg,
    write_random_mobilenet,
    write_random_resnet,
    write_random_slim,
    write_random_weights,
)
from vidstyle.optimize.generator import HalfPrecision
from vidstyle.perceptual.features import FeatureNetwork
from vidstyle.perceptual.mobilenet import MobileNetV3
from vidstyle.perceptual.resnet import ResNet50
from vidstyle.perceptual.slim import Slim
from vidstyle.perceptual.squeezenet import SqueezeNet
from vidstyle.perceptual.vgg import Kind as VggKind
from vidstyle.perceptual.vgg import Vgg
from vidstyle.perceptual.zoo import NAMES

SIZES = [(32, 32), (33, 47), (61, 40)]  # height, width


def slim(folder: Path) -> Slim:
    write_random_slim(folder / "slim.npz")
    return Slim(folder / "slim.npz")


def squeezenet(folder: Path, strides: tuple[int, ...] = (1, 2)) -> SqueezeNet:
    write_random_weights(folder / "squeezenet.npz")
    return SqueezeNet(folder / "squeezenet.npz", strides)


def vgg(folder: Path, kind: VggKind) -> Vgg:
    torch.save(random_vgg(kind, "relu5_1"), folder / f"{kind}.pth")
    return Vgg(kind, folder / f"{kind}.pth")


def mobilenet(folder: Path) -> MobileNetV3:
    write_random_mobilenet(folder / "mobilenet.pth")
    return MobileNetV3(folder / "mobilenet.pth")


def resnet(folder: Path) -> ResNet50:
    write_random_resnet(folder / "resnet.pth")
    return ResNet50(folder / "resnet.pth")


@dataclass(frozen=True)
class Kind:
    """A way to make a network; `exact` where its arithmetic is float32."""

    network: type
    name: str
    make: Callable[[Path], FeatureNetwork]
    exact: bool = True


NETWORKS = [
    Kind(Slim, "slim", slim),
    Kind(SqueezeNet, "squeezenet", squeezenet),
    Kind(SqueezeNet, "squeezenet at stride 1", lambda folder: squeezenet(folder, (1,))),
    Kind(Vgg, "vgg16", lambda folder: vgg(folder, "vgg16")),
    Kind(Vgg, "vgg19", lambda folder: vgg(folder, "vgg19")),
    Kind(MobileNetV3, "mobilenet_v3_large", mobilenet),
    Kind(ResNet50, "resnet50", resnet),
    Kind(HalfPrecision, "half precision", lambda folder: HalfPrecision(slim(folder)), exact=False),
]
Made = Callable[[Kind], FeatureNetwork]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """Make each network once."""

    @cache
    def make(kind: Kind) -> FeatureNetwork:
        return kind.make(tmp_path_factory.mktemp("network"))

    return make


each = pytest.mark.parametrize("kind", NETWORKS, ids=lambda kind: kind.name)
each_size = pytest.mark.parametrize("size", SIZES, ids=str)


def images(count: int, height: int, width: int, seed: int = 0) -> Tensor:
    return torch.rand(count, 3, height, width, generator=torch.Generator().manual_seed(seed))


def test_every_network_of_the_package_and_of_the_zoo_is_listed() -> None:
    assert {kind.network for kind in NETWORKS} == subclasses(FeatureNetwork)
    assert set(NAMES) <= {kind.name for kind in NETWORKS}


@each
@each_size
def test_activations_are_finite_and_no_larger_than_the_picture(
    kind: Kind, made: Made, size: tuple[int, int]
) -> None:
    seen = made(kind)(images(2, *size))
    assert seen
    for name, layer in seen.items():
        assert layer.dtype == torch.float32, name
        assert layer.shape[0] == 2, name
        assert layer.ndim == 4, name
        assert 1 <= layer.shape[2] <= size[0] and 1 <= layer.shape[3] <= size[1], name
        assert layer.isfinite().all(), name
        assert layer.std() > 0, name


@each
def test_the_layers_that_losses_ask_for_are_there(kind: Kind, made: Made) -> None:
    network = made(kind)
    seen = network(images(1, 40, 40))
    for layers in (network.style_layers, network.content_layers, network.patch_layers):
        assert layers
        assert len(set(layers)) == len(layers)
    assert {network.source_layer(layer) for layer in network.style_layers} <= seen.keys()
    assert {*network.content_layers, *network.patch_layers} <= seen.keys()


@each
def test_content_layers_alone_are_those_of_the_whole_network(kind: Kind, made: Made) -> None:
    network, picture = made(kind), images(1, 40, 48)
    whole, content = network(picture), network.content(picture)
    assert set(network.content_layers) <= content.keys()
    for name in network.content_layers:
        assert torch.equal(content[name], whole[name]), name


@each
@each_size
def test_gram_matrices_are_symmetric_and_positive(
    kind: Kind, made: Made, size: tuple[int, int]
) -> None:
    network, random = made(kind), torch.Generator().manual_seed(0)
    grams = network.grams(network(images(2, *size)))
    assert list(grams) == list(network.style_layers)
    for name, gram in grams.items():
        channels, scale = gram.shape[1], float(gram.abs().max())
        assert gram.shape == (2, channels, channels), name
        assert torch.allclose(gram, gram.mT, atol=1e-5 * scale), name
        vectors = torch.randn(channels, 8, generator=random)
        energies = (vectors * (gram @ vectors)).sum(dim=1)  # of x^T G x
        assert float(energies.min()) > -1e-3 * scale, name


@each
def test_gram_matrices_of_a_picture_do_not_depend_on_its_place_in_the_batch(
    kind: Kind, made: Made
) -> None:
    network, both = made(kind), images(2, 40, 48)
    together = network.grams(network(both))
    alone = network.grams(network(both[1:]))
    tolerance = 1e-4 if kind.exact else 3e-2
    for name, gram in alone.items():
        difference = (together[name][1] - gram[0]).norm() / gram.norm()
        assert float(difference) < tolerance, name


@each
def test_there_is_a_mean_for_every_channel_of_the_gram_matrices(kind: Kind, made: Made) -> None:
    network = made(kind)
    seen = network(images(2, 40, 48))
    grams, means = network.grams(seen), network.means(seen)
    assert means.keys() == grams.keys()
    for name, mean in means.items():
        assert mean.shape == grams[name].shape[:2], name


@each
def test_branches_see_together_what_the_network_sees(kind: Kind, made: Made) -> None:
    network, picture = made(kind), images(1, 40, 48)
    whole, parts = network(picture), [look(picture) for look in network.branches]
    names = [name for part in parts for name in part]
    assert len(set(names)) == len(names)
    assert set(names) == whole.keys()
    for part in parts:
        for name, layer in part.items():
            assert torch.equal(layer, whole[name]), name


@each
@each_size
def test_pictures_get_finite_gradients_and_weights_get_none(
    kind: Kind, made: Made, size: tuple[int, int]
) -> None:
    network, leaf = made(kind), images(1, *size).requires_grad_()
    assert not any(parameter.requires_grad for parameter in network.parameters())
    seen = network(leaf)
    parts = [gram.square().mean() for gram in network.grams(seen).values()]
    parts += [seen[name].square().mean() for name in network.content_layers]
    torch.stack(parts).sum().backward()  # type: ignore[no-untyped-call]
    assert leaf.grad is not None
    assert leaf.grad.isfinite().all()
    assert (leaf.grad != 0).any(dim=1).float().mean() > 0.9


@each
def test_the_deepest_layer_looks_no_further_than_its_reach(kind: Kind, made: Made) -> None:
    """Tiles are cut by this: what a cell sees lies within `reach` px of the pixels it covers."""
    network = made(kind)
    assert network.reach % 16 == 0
    height = 2 * network.reach + 48
    for look in network.branches:
        leaf = images(1, height, 40).requires_grad_()
        layer = list(look(leaf).values())[-1]
        stride = 2 ** round(math.log2(height / layer.shape[2]))
        row = height // 2 // stride
        layer[0, :, row].sum().backward()  # type: ignore[no-untyped-call]
        assert leaf.grad is not None
        rows = leaf.grad[0].abs().sum(dim=(0, 2)).nonzero().flatten()
        assert len(rows) > stride
        assert rows.min() >= row * stride - network.reach
        assert rows.max() < (row + 1) * stride + network.reach
