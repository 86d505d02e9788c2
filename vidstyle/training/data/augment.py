"""Known small motions: steadiness is learned from single photos, without any flow data set."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

SHIFT_PX = 8.0  # at most, each way
TURN = 0.03  # radians, and share of zoom
BEND_PX = 1.5  # of the elastic part
BEND_GRID = 4  # cells of it, across and down
LIGHT = 0.06  # share by which a picture gets brighter or darker
NOISE = 0.03  # standard deviation of a dark webcam's sensor, colors 0..1


@dataclass(frozen=True)
class CameraMotion:
    """Where each pixel comes from, and how much brighter it got."""

    grid: Tensor  # NxHxWx2, as `grid_sample` wants it: x, y in -1..1
    light: Tensor  # Nx1x1x1, factor

    @classmethod
    def random(cls, images: Tensor) -> "CameraMotion":
        """Draw one motion for each picture of NxCxHxW: shift, turn, zoom, a slight bend, light.

        A camera's motion from one frame to the next, as in Gupta et al. (arXiv:1705.02092) and
        the synthetic pairs of ReReVST (Wang et al. 2020); half of the pictures keep still.
        """
        count, _, height, width = images.shape
        moves = (torch.rand(count, 1, 1, 1) < 0.5).float()
        half = torch.tensor([width / 2, height / 2])
        turn, zoom = (_uniform(count) * TURN for _ in range(2))
        shift = _uniform(count, 2) * SHIFT_PX / half
        matrix = torch.stack(
            [torch.stack([1 + zoom, -turn], dim=1), torch.stack([turn, 1 + zoom], dim=1)], dim=1
        )
        affine = functional.affine_grid(
            torch.cat([matrix, shift[..., None]], dim=2), [count, 1, height, width], False
        )
        still = functional.affine_grid(
            torch.eye(2, 3).expand(count, 2, 3), [count, 1, height, width], False
        )
        knots = _uniform(count, 2, BEND_GRID, BEND_GRID) * BEND_PX / half.view(1, 2, 1, 1)
        bend = functional.interpolate(knots, (height, width), mode="bicubic", align_corners=True)
        grid = still + moves * (affine - still + bend.permute(0, 2, 3, 1))
        light = 1 + LIGHT * _uniform(count).view(count, 1, 1, 1)
        return cls(grid.to(images.device), light.to(images.device))

    def moved(self, images: Tensor) -> Tensor:
        """The pictures after the motion, in the new light; bicubic, so that little gets softer."""
        moved = functional.grid_sample(
            images, self.grid, mode="bicubic", padding_mode="reflection", align_corners=False
        )
        return moved * self.light


def with_noise(images: Tensor) -> Tensor:
    """The pictures as a noisy sensor sees them, 0..1."""
    return (images + NOISE * torch.randn_like(images)).clamp(0, 1)


def _uniform(*shape: int) -> Tensor:
    """Numbers from -1 to 1."""
    return torch.rand(*shape) * 2 - 1
