"""A painting as a tensor."""

import numpy as np
import torch

from vidstyle.training.data.painting import painting_tensor


def test_a_painting_is_scaled_by_its_short_side() -> None:
    image = np.zeros((90, 120, 3), np.uint8)
    image[..., 0] = 200
    image[:, :60, 1] = 100
    for side in (45, 180):
        painting = painting_tensor(image, side)
        assert painting.shape == (1, 3, side, side * 4 // 3)
        assert torch.allclose(painting[0, 0], torch.tensor(200 / 255), atol=0.01)  # red first
        assert torch.allclose(painting[0, 1, 0, 0], torch.tensor(100 / 255), atol=0.01)
        assert painting[0, 1, 0, -1] == 0
