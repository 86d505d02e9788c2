from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from vidstyle.errors import SourceError
from vidstyle.training.data import RandomCrops, colour_map, read_painting


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    image = np.zeros((90, 120, 3), np.uint8)
    image[..., 2] = 200  # red, as OpenCV writes it
    image[:, :60, 1] = 100
    file = tmp_path / "photo.png"
    cv2.imwrite(str(file), image)
    return file


def test_crops_have_the_size_and_the_range_asked_for(photo: Path) -> None:
    crops = RandomCrops([photo], 64)
    for _ in range(10):
        crop = crops[0]
        assert crop.shape == (3, 64, 64)
        assert crop.dtype == torch.float32
        assert crop.min() >= 0 and crop.max() <= 1
        assert torch.allclose(crop[0], torch.tensor(200 / 255), atol=0.02)  # red first


def test_the_same_seed_gives_the_same_crops(photo: Path) -> None:
    first, second = RandomCrops([photo], 32, seed=3), RandomCrops([photo], 32, seed=3)
    assert all(torch.equal(first[0], second[0]) for _ in range(3))


def test_no_photos_are_said() -> None:
    with pytest.raises(SourceError, match="No photos"):
        RandomCrops([], 32)


def test_a_painting_is_scaled_by_its_short_side(photo: Path) -> None:
    assert read_painting(photo, 45).shape == (1, 3, 45, 60)


def test_the_colour_map_gives_mean_and_covariance_of_the_target() -> None:
    torch.manual_seed(0)
    source = torch.rand(3, 5000) * torch.tensor([[1.0], [0.5], [0.2]])
    target = torch.randn(3, 3) @ torch.rand(3, 5000) + 2
    matrix, offset = colour_map(source, target)
    mapped = matrix @ source + offset[:, None]
    assert torch.allclose(mapped.mean(dim=1), target.mean(dim=1), atol=1e-3)
    assert torch.allclose(torch.cov(mapped), torch.cov(target), rtol=1e-2, atol=1e-3)
    assert torch.allclose(matrix, matrix.T, atol=1e-3)  # the optimal map is symmetric
