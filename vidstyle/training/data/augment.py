"""Augmentation for temporal consistency: random camera motion, gain and sensor noise on photos.

The motion is known, so that the temporal loss needs neither video nor an optical flow data set.
"""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

MAX_SHIFT_PX = 8.0  # in each direction
MAX_TURN = 0.03  # radians of rotation, and share of zoom
MAX_BEND_PX = 1.5  # of the elastic deformation
BEND_GRID = 4  # control points of the elastic deformation, per side
MAX_GAIN_CHANGE = 0.06  # of the brightness, up or down
NOISE = 0.03  # standard deviation of a dark webcam's sensor noise, for colors of 0..1


@dataclass(frozen=True)
class CameraMotion:
    """Random camera motion: a sampling grid and a gain for each picture of a batch."""

    grid: Tensor  # NxHxWx2 float32, source (x, y) in -1..1 as for `grid_sample`
    gain: Tensor  # Nx1x1x1 float32, factor of the brightness

    @classmethod
    def random(cls, images: Tensor) -> "CameraMotion":
        """Draw one motion per picture: shift, rotation, zoom, elastic deformation and gain.

        Camera motion between two frames, as in Gupta et al. (arXiv:1705.02092) and the synthetic
        pairs of ReReVST (Wang et al. 2020). Half of the pictures do not move.

        Args:
            images: NxCxHxW; their size and device are used.
        """
        count, _, height, width = images.shape
        moves = (torch.rand(count, 1, 1, 1) < 0.5).float()
        half = torch.tensor([width / 2, height / 2])
        turn, zoom = (_uniform(count) * MAX_TURN for _ in range(2))
        shift = _uniform(count, 2) * MAX_SHIFT_PX / half
        matrix = torch.stack(
            [torch.stack([1 + zoom, -turn], dim=1), torch.stack([turn, 1 + zoom], dim=1)], dim=1
        )
        affine = functional.affine_grid(
            torch.cat([matrix, shift[..., None]], dim=2), [count, 1, height, width], False
        )
        still = functional.affine_grid(
            torch.eye(2, 3).expand(count, 2, 3), [count, 1, height, width], False
        )
        knots = _uniform(count, 2, BEND_GRID, BEND_GRID) * MAX_BEND_PX / half.view(1, 2, 1, 1)
        bend = functional.interpolate(knots, (height, width), mode="bicubic", align_corners=True)
        grid = still + moves * (affine - still + bend.permute(0, 2, 3, 1))
        gain = 1 + MAX_GAIN_CHANGE * _uniform(count).view(count, 1, 1, 1)
        return cls(grid.to(images.device), gain.to(images.device))

    def apply(self, images: Tensor) -> Tensor:
        """Warp pictures NxCxHxW by the motion, bicubic against blur, and apply the gain."""
        moved = functional.grid_sample(
            images, self.grid, mode="bicubic", padding_mode="reflection", align_corners=False
        )
        return moved * self.gain


def with_noise(images: Tensor) -> Tensor:
    """Add sensor noise to pictures, 0..1."""
    return (images + NOISE * torch.randn_like(images)).clamp(0, 1)


def _uniform(*shape: int) -> Tensor:
    """Uniform random numbers of -1..1."""
    return torch.rand(*shape) * 2 - 1
