import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional

from tests.perceptual.weights import write_random_slim
from vidstyle.errors import StyleError
from vidstyle.perceptual.losses import gram_matrix
from vidstyle.perceptual.slim import COARSE_LAYERS, FINE_STAGES, HEADS, Slim, SlimBody, pack
from vidstyle.perceptual.zoo import load_features

TEACHER_CHANNELS = 500


@pytest.fixture(scope="module")
def body() -> SlimBody:
    torch.manual_seed(0)
    body = SlimBody().requires_grad_(False)
    for parameter in body.parameters():  # float16 must not matter to what is compared
        parameter.copy_(parameter.half().float() * (2 if parameter.ndim == 4 else 1))
    return body


@pytest.fixture(scope="module")
def heads() -> dict[str, Tensor]:
    random = torch.Generator().manual_seed(0)
    return {
        layer: torch.randn(TEACHER_CHANNELS, FINE_STAGES[stage][-1] + 1, generator=random)
        for layer, stage in HEADS.items()
    }


@pytest.fixture(scope="module")
def packed(
    tmp_path_factory: pytest.TempPathFactory, body: SlimBody, heads: dict[str, Tensor]
) -> Path:
    file = tmp_path_factory.mktemp("slim") / "slim.npz"
    assert pack(body, heads, file) == file.stat().st_size
    return file


@pytest.fixture(scope="module")
def slim(packed: Path) -> Slim:
    return Slim(packed)


def pictures(seed: int, count: int = 2, rows: int = 12, columns: int = 16) -> Tensor:
    random = torch.Generator().manual_seed(seed)
    noise = torch.rand(count, 3, rows, columns, generator=random)
    return functional.interpolate(noise, scale_factor=4, mode="bilinear", align_corners=False)


def full_heads(body: SlimBody, heads: dict[str, Tensor], images: Tensor) -> dict[str, Tensor]:
    """What the teacher's layers were learned as: all channels, by the whole linear map."""
    seen = body(images)
    return {
        layer: functional.conv2d(seen[HEADS[layer]], head[:, :-1, None, None], head[:, -1])
        for layer, head in heads.items()
    }


def test_a_packed_body_sees_what_it_saw(slim: Slim, body: SlimBody) -> None:
    images = pictures(0)
    seen, expected = slim(images), body(images)
    assert set(seen) == {*FINE_STAGES, *COARSE_LAYERS}
    for name, activations in seen.items():
        assert torch.allclose(activations, expected[name], rtol=1e-4, atol=1e-5), name


def test_the_branches_see_what_the_whole_sees(slim: Slim) -> None:
    images = pictures(0)
    whole = slim(images)
    fine, coarse = (branch(images) for branch in slim.branches)
    assert not fine.keys() & coarse.keys()
    assert (fine | coarse).keys() == whole.keys()
    assert all(torch.equal(layer, whole[name]) for name, layer in (fine | coarse).items())
    grams = slim.grams(fine) | slim.grams(coarse)
    assert all(torch.equal(gram, grams[name]) for name, gram in slim.grams(whole).items())


def test_the_layers_have_their_strides_and_widths(slim: Slim) -> None:
    seen = slim(pictures(0))
    shapes = {"stage1": (16, 48, 64), "stage2": (32, 24, 32), "conv1/2": (96, 21, 29)}
    shapes |= {"fire4/2": (256, 10, 14), "fire5/2": (256, 5, 7), "fire8/2": (512, 5, 7)}
    for name, shape in shapes.items():
        assert seen[name].shape == (2, *shape)
        assert seen[name].std() > 1e-4


def test_the_file_is_float16_and_small(packed: Path) -> None:
    with np.load(packed) as arrays:
        assert {array.dtype for array in arrays.values()} == {np.dtype(np.float16)}
        names = set(arrays)
    assert {f"{layer}.head" for layer in HEADS} < names
    assert "fire8.expand3x3.weight" in names
    assert packed.stat().st_size < 2_000_000


def test_gram_distances_are_those_of_the_full_heads(
    slim: Slim, body: SlimBody, heads: dict[str, Tensor]
) -> None:
    """||H dG H^T|| is kept by the triangular factor of H, up to one scale for each layer."""
    photos, paintings = pictures(1), pictures(2)
    found, target = slim.grams(slim(photos)), slim.grams(slim(paintings))
    full_found = full_heads(body, heads, photos)
    full_target = full_heads(body, heads, paintings)
    assert list(found) == list(slim.style_layers) == [*HEADS, *COARSE_LAYERS]
    for layer in HEADS:
        distance = (found[layer] - target[layer]).norm() / target[layer].norm()
        full = gram_matrix(full_target[layer])
        expected = (gram_matrix(full_found[layer]) - full).norm() / full.norm()
        assert float(distance) == pytest.approx(float(expected), rel=0.01), layer
        assert expected > 0.01


def test_coarse_gram_matrices_are_of_the_layers_themselves(slim: Slim) -> None:
    seen = slim(pictures(1))
    grams = slim.grams(seen)
    for layer in COARSE_LAYERS:
        assert torch.equal(grams[layer], gram_matrix(seen[layer]))


def test_means_are_those_of_the_gram_matrices_channels(slim: Slim, body: SlimBody) -> None:
    images = pictures(1)
    seen = slim(images)
    means = slim.means(seen)
    assert set(means) == set(slim.style_layers)
    for layer, stage in HEADS.items():
        with_one = torch.cat([body(images)[stage], torch.ones_like(seen[stage][:, :1])], dim=1)
        turned = torch.einsum("tc,nchw->nthw", slim.get_buffer(layer), with_one)
        assert torch.allclose(means[layer], turned.mean(dim=(2, 3)), rtol=1e-3, atol=1e-5)
    assert torch.allclose(means["fire5/2"], seen["fire5/2"].mean(dim=(2, 3)))


def test_it_does_not_learn_but_the_picture_does(slim: Slim) -> None:
    assert not any(parameter.requires_grad for parameter in slim.parameters())
    images = pictures(0).requires_grad_()
    total = torch.stack([gram.square().sum() for gram in slim.grams(slim(images)).values()]).sum()
    total.backward()  # type: ignore[no-untyped-call]
    assert images.grad is not None
    assert images.grad.abs().amax(dim=(0, 1)).min() > 0  # every pixel counts, at stride 1


def cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:3000])


def empty(file: Path) -> None:
    file.write_bytes(b"")


def replace_by_text(file: Path) -> None:
    file.write_text("<html>Not found</html>")


def replace_by_another_network(file: Path) -> None:
    np.savez(file, x=np.zeros(3))


def replace_by_one_array(file: Path) -> None:
    with file.open("wb") as opened:
        np.save(opened, np.zeros(3))


def leave_out_a_head(file: Path) -> None:
    arrays = dict(np.load(file))
    del arrays["fire3.head"]
    np.savez(file, allow_pickle=False, **arrays)


def widen(file: Path) -> None:
    arrays = dict(np.load(file))
    arrays["stage2.0.weight"] = np.zeros((99, 16, 3, 3), np.float16)
    np.savez(file, allow_pickle=False, **arrays)


@pytest.mark.parametrize(
    "spoil",
    [
        Path.unlink, empty, cut, replace_by_text, replace_by_another_network,
        replace_by_one_array, leave_out_a_head, widen,
    ],
)  # fmt: skip
def test_a_file_of_something_else_is_said(
    packed: Path, tmp_path: Path, spoil: Callable[[Path], None]
) -> None:
    file = tmp_path / "slim.npz"
    shutil.copy(packed, file)
    Slim(file)  # so far it is fine
    spoil(file)
    with pytest.raises(StyleError, match=r"slim\.npz is not a weight file of the slim") as raised:
        Slim(file)
    assert "\n" not in str(raised.value)


def test_random_slim_features_are_there_for_other_tests(tmp_path: Path) -> None:
    write_random_slim(tmp_path / "slim.npz")
    assert load_features("slim", tmp_path / "slim.npz").style_layers == (*HEADS, *COARSE_LAYERS)


def test_the_features_that_ship_tell_strokes_from_shapes() -> None:
    """The same texture moved elsewhere is alike in style, another one is not."""
    slim = load_features("slim")
    here = pictures(1, 1, rows=48, columns=48)
    there, other = here.roll(20, 3), here**3
    grams = [slim.grams(slim(images)) for images in (here, there, other)]
    for layer in slim.style_layers:
        alike, unlike = ((grams[0][layer] - grams[n][layer]).norm() for n in (1, 2))
        assert alike < unlike / 2, layer
