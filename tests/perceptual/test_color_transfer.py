"""Pictures to tensors and back, and the color map against NumPy."""

import numpy as np
import pytest
import torch

from tests.textures import noise_image
from vidstyle.frame import LUMA_OF_RGB
from vidstyle.perceptual.color_transfer import (
    KNEE,
    color_map,
    gently_recolored,
    partial_color_map,
    recolored,
    to_image,
    to_tensor,
)


def test_a_picture_comes_back_as_it_was() -> None:
    image = noise_image(20, 30)
    tensor = to_tensor(image)
    assert tensor.shape == (3, 20, 30)
    assert float(tensor[1, 2, 3]) == image[2, 3, 1] / np.float32(255)
    np.testing.assert_array_equal(to_image(tensor), image)


def test_what_lies_outside_is_clipped() -> None:
    outside = torch.tensor([-0.5, 0.5, 1.5]).view(3, 1, 1)
    np.testing.assert_array_equal(to_image(outside), [[[0, 128, 255]]])


def test_recolored_pictures_have_the_targets_mean_and_covariance() -> None:
    random = np.random.default_rng(0)
    mix = (np.eye(3) + random.uniform(-0.3, 0.3, (2, 3, 3))) / 12
    source, target = (0.5 + m @ random.normal(size=(3, 900)) for m in mix)
    pixels, goal = (torch.from_numpy(each).float() for each in (source, target))
    mapped = recolored(pixels.view(1, 3, 30, 30), *color_map(pixels, goal))
    found = mapped[0].flatten(1).numpy()
    np.testing.assert_allclose(found.mean(axis=1), target.mean(axis=1), atol=1e-3)
    np.testing.assert_allclose(np.cov(found), np.cov(target), atol=2e-4)


def test_lights_beyond_white_keep_their_order() -> None:
    grays = torch.linspace(-0.4, 1.4, 181).view(1, 1, 1, -1).expand(1, 3, 1, -1)
    same = torch.eye(3), torch.zeros(3)
    cut, gentle = recolored(grays, *same)[0, 0, 0], gently_recolored(grays, *same)[0, 0, 0]
    middle = (grays[0, 0, 0] - 0.5).abs() <= KNEE
    assert torch.allclose(gentle[middle], grays[0, 0, 0][middle])
    assert float(gentle.min()) > 0 and float(gentle.max()) < 1
    assert torch.all(gentle.diff() > 0)
    assert not torch.all(cut.diff() > 0)
    assert torch.allclose(gentle + gentle.flip(0), torch.ones(181), atol=1e-6)


def test_a_tensor_has_channels_first_and_goes_to_one() -> None:
    image = np.random.default_rng(0).integers(0, 256, (5, 7, 3)).astype(np.uint8)
    tensor = to_tensor(image[:, ::-1])
    assert tensor.shape == (3, 5, 7)
    assert tensor.dtype == torch.float32
    assert tensor[2, 4, 0] == image[4, 6, 2] / np.float32(255)


def test_the_color_map_gives_mean_and_covariance_of_the_target() -> None:
    torch.manual_seed(0)
    source = torch.rand(3, 5000) * torch.tensor([[1.0], [0.5], [0.2]])
    target = torch.randn(3, 3) @ torch.rand(3, 5000) + 2
    matrix, offset = color_map(source, target)
    mapped = matrix @ source + offset[:, None]
    assert torch.allclose(mapped.mean(dim=1), target.mean(dim=1), atol=1e-3)
    assert torch.allclose(torch.cov(mapped), torch.cov(target), rtol=1e-2, atol=1e-3)
    assert torch.allclose(matrix, matrix.T, atol=1e-3)  # the optimal map is symmetric


@pytest.mark.parametrize("own", [0.0, 0.3, 1.0])
def test_a_partial_map_keeps_a_share_of_light_and_hue(own: float) -> None:
    torch.manual_seed(0)
    source, target = torch.rand(3, 4000) / 2, 0.4 + 0.6 * torch.rand(3, 4000)
    matrix, offset = partial_color_map(source, target, own)
    plain_matrix, plain_offset = color_map(source, target)
    partial = matrix @ source + offset[:, None]
    plain = plain_matrix @ source + plain_offset[:, None]
    luma = torch.tensor(LUMA_OF_RGB)
    light = own * luma @ source + (1 - own) * luma @ plain
    assert torch.allclose(luma @ partial, light, atol=1e-4)
    own_chroma = source - luma @ source
    chroma = plain - luma @ plain + own * (own_chroma - own_chroma.mean(dim=1, keepdim=True))
    assert torch.allclose(partial - luma @ partial, chroma, atol=1e-4)


def test_a_partial_map_keeps_no_more_chroma_than_the_target_has() -> None:
    torch.manual_seed(0)
    source = torch.rand(3, 4000)
    drawing = torch.rand(1, 4000) * torch.tensor([[0.9], [0.7], [0.5]])
    pale = 0.5 + 0.1 * torch.rand(3, 4000)
    grays = torch.rand(1, 4000).expand(3, -1)
    matrix, _ = partial_color_map(source, pale, 1.0)
    plain, _ = color_map(source, pale)
    assert 0.05 < float((matrix - plain).diagonal().mean()) < 0.15
    in_ink, ink = partial_color_map(source, grays, 1.0), color_map(source, grays)
    assert torch.allclose(in_ink[0], ink[0], atol=0.01)
    assert torch.allclose(in_ink[1], ink[1], atol=0.01)
    for each in partial_color_map(grays, drawing, 1.0):
        assert torch.isfinite(each).all()
