"""What the tests of training share: small features, a painting and photos made of blurred noise."""

import cv2
import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from vidstyle.frame import RGBImage
from vidstyle.perceptual.color_transfer import to_tensor
from vidstyle.perceptual.features import FeatureNetwork
from vidstyle.training.data.dataset import Content


class ToyFeatures(FeatureNetwork):
    """Two convolutions with random weights, the second at half the resolution."""

    style_layers = ("fine", "coarse")
    content_layers = ("fine", "coarse")
    patch_layers = ("fine", "coarse")

    def __init__(self) -> None:
        super().__init__()
        random = torch.Generator().manual_seed(0)
        self.first = nn.Parameter(torch.randn(6, 3, 3, 3, generator=random) / 3, False)
        self.second = nn.Parameter(torch.randn(8, 6, 3, 3, generator=random) / 5, False)

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        fine = functional.relu(functional.conv2d(images - 0.4, self.first))
        coarse = functional.relu(functional.conv2d(functional.avg_pool2d(fine, 2), self.second))
        return {"fine": fine, "coarse": coarse}


def blurred_noise(seed: int, height: int = 150, width: int = 170) -> RGBImage:
    """A picture with colors and shapes, another one for each seed."""
    random = np.random.default_rng(seed)
    noise = random.normal(size=(height, width, 3)).astype(np.float32)
    soft = cv2.GaussianBlur(noise, (0, 0), 3) * 350 + random.uniform(60, 190, 3)
    return np.clip(soft, 0, 255).astype(np.uint8)


def toy_painting() -> Tensor:
    """1x3xHxW RGB 0..1."""
    return to_tensor(blurred_noise(100))[None]


def toy_content(count: int = 4) -> Content:
    """So many pictures."""
    return Content([blurred_noise(seed) for seed in range(count)])
