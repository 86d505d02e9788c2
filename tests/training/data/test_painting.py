from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from vidstyle.training.data.painting import read_painting


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    image = np.zeros((90, 120, 3), np.uint8)
    image[..., 2] = 200  # red, as OpenCV writes it
    image[:, :60, 1] = 100
    file = tmp_path / "photo.png"
    cv2.imwrite(str(file), image)
    return file


def test_a_painting_is_scaled_by_its_short_side(photo: Path) -> None:
    painting = read_painting(photo, 45)
    assert painting.shape == (1, 3, 45, 60)
    assert torch.allclose(painting[0, 0], torch.tensor(200 / 255), atol=0.01)  # red first
