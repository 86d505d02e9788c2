"""Photos as random crops, the painting as a tensor, and the colours both are made of."""

from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from vidstyle.errors import SourceError
from vidstyle.frame import RGBImage
from vidstyle.media.photo import read_photo


class RandomCrops(Dataset[Tensor]):
    """Square crops of photos at random zoom, mirrored half of the time.

    The zoom goes down to half the crop's size: video at 720p is far smoother than a small photo,
    and a generator that never saw smooth content paints it with noise.
    """

    def __init__(self, files: list[Path], size: int, seed: int = 0) -> None:
        if not files:
            raise SourceError("No photos to learn from. Give a folder with .jpg or .png files.")
        self.images = [read_photo(file) for file in files]
        self.size = size
        self.random = np.random.default_rng(seed)

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> Tensor:
        """Return 3xSxS float32 RGB 0..1."""
        image = self.images[index]
        height, width = image.shape[:2]
        side = min(int(self.size * self.random.uniform(0.5, 1.6)), height, width)
        top = self.random.integers(0, height - side + 1)
        left = self.random.integers(0, width - side + 1)
        crop = image[top : top + side, left : left + side]
        smaller = side > self.size
        how = cv2.INTER_AREA if smaller else cv2.INTER_CUBIC
        crop = np.asarray(cv2.resize(crop, (self.size, self.size), interpolation=how), np.uint8)
        return to_tensor(crop[:, ::-1] if self.random.random() < 0.5 else crop)


def read_painting(file: Path, short_side: int) -> Tensor:
    """Read a painting as 1x3xHxW float32 RGB 0..1 with the given short side."""
    image = read_photo(file)
    scale = short_side / min(image.shape[:2])
    height, width = (round(side * scale) for side in image.shape[:2])
    resized = cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)
    return to_tensor(np.asarray(resized, np.uint8))[None]


def to_tensor(image: RGBImage) -> Tensor:
    """HxWx3 uint8 to 3xHxW float32 0..1."""
    channels_first = np.ascontiguousarray(image.transpose(2, 0, 1))
    return torch.from_numpy(channels_first).float() / 255


def colour_map(source: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    """The linear map that gives the colours of `source` the mean and covariance of `target`'s.

    The Monge-Kantorovitch map between Gaussians (Pitie and Kokaram, CVMP 2007): of all such maps
    the one that moves colours least.

    Args:
        source: 3xP float32.
        target: 3xQ float32.

    Returns:
        A 3x3 matrix and an offset of 3: `matrix @ colour + offset`.
    """
    root = _matrix_power(torch.cov(source), 0.5)
    inverse = _matrix_power(torch.cov(source), -0.5)
    matrix = inverse @ _matrix_power(root @ torch.cov(target) @ root, 0.5) @ inverse
    return matrix, target.mean(dim=1) - matrix @ source.mean(dim=1)


def _matrix_power(symmetric: Tensor, exponent: float) -> Tensor:
    values, vectors = torch.linalg.eigh(symmetric)
    result: Tensor = vectors @ torch.diag(values.clamp_min(1e-6) ** exponent) @ vectors.T
    return result
