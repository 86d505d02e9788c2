from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from vidstyle.training.data import colour_map, read_painting, to_tensor


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    image = np.zeros((90, 120, 3), np.uint8)
    image[..., 2] = 200  # red, as OpenCV writes it
    image[:, :60, 1] = 100
    file = tmp_path / "photo.png"
    cv2.imwrite(str(file), image)
    return file


def test_a_tensor_has_channels_first_and_goes_to_one() -> None:
    image = np.random.default_rng(0).integers(0, 256, (5, 7, 3)).astype(np.uint8)
    tensor = to_tensor(image[:, ::-1])
    assert tensor.shape == (3, 5, 7)
    assert tensor.dtype == torch.float32
    assert tensor[2, 4, 0] == image[4, 6, 2] / np.float32(255)


def test_a_painting_is_scaled_by_its_short_side(photo: Path) -> None:
    painting = read_painting(photo, 45)
    assert painting.shape == (1, 3, 45, 60)
    assert torch.allclose(painting[0, 0], torch.tensor(200 / 255), atol=0.01)  # red first


def test_the_colour_map_gives_mean_and_covariance_of_the_target() -> None:
    torch.manual_seed(0)
    source = torch.rand(3, 5000) * torch.tensor([[1.0], [0.5], [0.2]])
    target = torch.randn(3, 3) @ torch.rand(3, 5000) + 2
    matrix, offset = colour_map(source, target)
    mapped = matrix @ source + offset[:, None]
    assert torch.allclose(mapped.mean(dim=1), target.mean(dim=1), atol=1e-3)
    assert torch.allclose(torch.cov(mapped), torch.cov(target), rtol=1e-2, atol=1e-3)
    assert torch.allclose(matrix, matrix.T, atol=1e-3)  # the optimal map is symmetric
