from pathlib import Path

import numpy as np
import pytest
import torch

from tests.perceptual.weights import FIRES, write_as_torchvision, write_random_weights
from vidstyle.errors import StyleError
from vidstyle.perceptual.losses import gram_matrix
from vidstyle.perceptual.squeezenet import LAYERS, SqueezeNet


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("weights") / "squeezenet.npz"
    write_random_weights(file)
    return file


@pytest.fixture(scope="module")
def network(file: Path) -> SqueezeNet:
    return SqueezeNet(file)


def test_all_layers_come_with_their_published_widths(file: Path) -> None:
    seen = SqueezeNet(file, strides=(1,))(torch.rand(1, 3, 64, 96))
    assert list(seen) == ["conv1", *FIRES]
    widths = [96, 128, 128, 256, 256, 384, 384, 512]
    assert [activations.shape[1] for activations in seen.values()] == widths


def test_two_poolings_of_three_halve_the_picture_rounding_up(file: Path) -> None:
    seen = SqueezeNet(file, strides=(1,))(torch.rand(1, 3, 64, 96))
    sizes = [tuple(activations.shape[2:]) for activations in seen.values()]
    assert sizes == [(58, 90), *[(29, 45)] * 3, *[(14, 22)] * 4]


def test_both_strides_are_what_each_of_them_sees(file: Path, network: SqueezeNet) -> None:
    images = torch.rand(2, 3, 41, 54)
    seen = network(images)
    alone = SqueezeNet(file, (1,))(images) | SqueezeNet(file, (2,))(images)
    assert list(seen) == list(alone) == [*LAYERS, *(f"{name}/2" for name in LAYERS)]
    for name, activations in alone.items():
        assert torch.allclose(seen[name], activations, rtol=1e-3, atol=1e-3), name


def test_stride_one_sees_what_stride_two_skips(file: Path) -> None:
    images = torch.rand(1, 3, 40, 48)
    fine = SqueezeNet(file, (1,))(images)["conv1"]
    coarse = SqueezeNet(file, (2,))(images)["conv1/2"]
    assert torch.allclose(fine[..., ::2, ::2], coarse, atol=1e-3)


def test_the_first_layer_is_the_published_sum(file: Path, network: SqueezeNet) -> None:
    images = torch.rand(1, 3, 40, 40)
    bgr = images[0].flip(0).numpy() * 255 - np.array([104, 117, 123], np.float32)[:, None, None]
    with np.load(file) as arrays:
        sums = (arrays["conv1.weight"] * bgr[:, 1:8, 0:7]).sum(axis=(1, 2, 3))
    found = network(images)["conv1"][0, :, 1, 0].numpy()
    assert np.allclose(found, np.maximum(0, sums), rtol=1e-3, atol=1e-3)


def test_the_second_layer_is_the_published_sum(file: Path, network: SqueezeNet) -> None:
    seen = network(torch.rand(1, 3, 40, 40))
    window = seen["conv1"][0, :, 4:11, 6:13].numpy()  # of 3x3 places behind the pooling
    pooled = np.array(
        [[window[:, y : y + 3, x : x + 3].max(axis=(1, 2)) for x in (0, 2, 4)] for y in (0, 2, 4)]
    )
    with np.load(file) as arrays:
        squeeze = arrays["fire2/conv1x1_1.weight"][:, :, 0, 0]
        squeezed = np.maximum(0, pooled @ squeeze.T + arrays["fire2/conv1x1_1.bias"])
        one = squeezed[1, 1] @ arrays["fire2/conv1x1_2.weight"][:, :, 0, 0].T
        three = np.einsum("yxi,oiyx->o", squeezed, arrays["fire2/conv3x3_2.weight"])
        one, three = one + arrays["fire2/conv1x1_2.bias"], three + arrays["fire2/conv3x3_2.bias"]
    expected = np.maximum(0, np.concatenate([one, three]))
    assert np.allclose(seen["fire2"][0, :, 3, 4].numpy(), expected, rtol=1e-3, atol=1e-3)


def test_both_forms_of_the_file_are_one_network(
    file: Path, network: SqueezeNet, tmp_path: Path
) -> None:
    write_as_torchvision(file, tmp_path / "squeezenet.pth")
    images = torch.rand(1, 3, 48, 56)
    expected, found = network(images), SqueezeNet(tmp_path / "squeezenet.pth")(images)
    for name, activations in expected.items():
        assert activations.std() > 0.01
        assert torch.allclose(found[name], activations, rtol=1e-3, atol=1e-3), name


def test_style_is_all_layers_and_content_the_coarsest_fires(file: Path) -> None:
    both, fine = SqueezeNet(file), SqueezeNet(file, (1,))
    assert both.content_layers == both.patch_layers == ("fire3/2", "fire5/2")
    assert fine.content_layers == fine.patch_layers == ("fire3", "fire5")
    seen = both(torch.rand(1, 3, 32, 32))
    grams = both.grams(seen)
    assert list(grams) == list(seen)
    assert torch.equal(grams["fire4/2"], gram_matrix(seen["fire4/2"]))


def test_nothing_in_it_learns(network: SqueezeNet) -> None:
    assert sum(1 for _ in network.parameters()) == 2 * (1 + 3 * len(FIRES))
    assert not any(parameter.requires_grad for parameter in network.parameters())


def test_other_strides_are_refused(file: Path) -> None:
    for strides in ((), (0,), (1, 3)):
        with pytest.raises(ValueError, match="1, 2 or both"):
            SqueezeNet(file, strides)


def test_a_wrong_weight_file_is_said(tmp_path: Path) -> None:
    np.savez(tmp_path / "other.npz", a=np.zeros(3))
    (tmp_path / "text.npz").write_text("hello", encoding="utf-8")
    torch.save({"features.0.weight": torch.zeros(64, 3, 3, 3)}, tmp_path / "v1.1.pth")
    for name in ("none.npz", "other.npz", "text.npz", "v1.1.pth"):
        with pytest.raises(StyleError, match=r"not a SqueezeNet v1\.0 weight file"):
            SqueezeNet(tmp_path / name)
