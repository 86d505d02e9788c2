"""Color transfer: linear maps between color distributions; conversion of images to tensors."""

import numpy as np
import torch
from torch import Tensor

from vidstyle.frame import LUMA_OF_RGB, RGBImage

KNEE = 0.3  # distance from middle gray at which the soft clipping of highlights and shadows starts


def to_tensor(image: RGBImage) -> Tensor:
    """Convert HxWx3 uint8 RGB to 3xHxW float32 RGB 0..1."""
    channels_first = np.ascontiguousarray(image.transpose(2, 0, 1))
    return torch.from_numpy(channels_first).float() / 255


def to_image(picture: Tensor) -> RGBImage:
    """Convert 3xHxW float RGB 0..1 to HxWx3 uint8 RGB; values outside are clipped."""
    pixels = (picture.detach().clamp(0, 1) * 255).round().byte().permute(1, 2, 0)
    return np.ascontiguousarray(pixels.cpu().numpy())


def color_map(source: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    """Return the linear map that gives `source` the mean and covariance of `target`.

    The Monge-Kantorovitch map between Gaussians (Pitie and Kokaram, CVMP 2007), which moves the
    colors least among all such maps.

    Args:
        source: 3xP float32 RGB pixels.
        target: 3xQ float32 RGB pixels.

    Returns:
        A 3x3 matrix and an offset of 3: `matrix @ color + offset`.
    """
    root = _matrix_power(torch.cov(source), 0.5)
    inverse = _matrix_power(torch.cov(source), -0.5)
    matrix = inverse @ _matrix_power(root @ torch.cov(target) @ root, 0.5) @ inverse
    return matrix, target.mean(dim=1) - matrix @ source.mean(dim=1)


def partial_color_map(source: Tensor, target: Tensor, own: float) -> tuple[Tensor, Tensor]:
    """Return a `color_map` that keeps part of the source's own luma and chroma.

    A full transfer fails on some pairs: a drawing on white paper bleaches faces, and a blue palette
    turns orange to gray. Generators with a content loss on the photo itself, as in Johnson et al.
    (arXiv:1603.08155), keep luma and hue. Here the source's chroma is added, and its luma replaces
    the target's, both by `own` times the ratio of the target's to the source's spread of chroma (1
    at most), so that a monochrome painting keeps its look.

    Args:
        source: 3xP float32 RGB pixels.
        target: 3xQ float32 RGB pixels.
        own: share of the source's luma and chroma, 0 to 1.

    Returns:
        A 3x3 matrix and an offset of 3: `matrix @ color + offset`.
    """
    matrix, offset = color_map(source, target)
    luma = torch.tensor(LUMA_OF_RGB).expand(3, 3)
    chroma = torch.eye(3) - luma
    spreads = [torch.cov(chroma @ colors).trace().clamp_min(1e-6) for colors in (target, source)]
    share = own * (spreads[0] / spreads[1]).sqrt().clamp(max=1)
    kept = torch.eye(3) - luma @ matrix
    shift = chroma @ source.mean(dim=1) + luma @ offset
    return matrix + share * kept, offset - share * shift


def recolored(images: Tensor, matrix: Tensor, offset: Tensor) -> Tensor:
    """Apply a color map to Nx3xHxW float32 RGB 0..1, clipped to 0..1."""
    return _mapped(images, matrix, offset).clamp(0, 1)


def gently_recolored(images: Tensor, matrix: Tensor, offset: Tensor) -> Tensor:
    """Apply a color map as `recolored`, with soft clipping (tanh) of highlights and shadows.

    Keeps detail where the painting is much paler than the photo, such as eyes in a sunlit face.
    """
    centered = _mapped(images, matrix, offset) - 0.5
    beyond = (centered.abs() - KNEE).clamp_min(0)
    headroom = 0.5 - KNEE
    return (
        0.5
        + centered.clamp(-KNEE, KNEE)
        + centered.sign() * headroom * torch.tanh(beyond / headroom)
    )


def _mapped(images: Tensor, matrix: Tensor, offset: Tensor) -> Tensor:
    return torch.einsum("ij,njhw->nihw", matrix, images) + offset.view(1, 3, 1, 1)


def _matrix_power(symmetric: Tensor, exponent: float) -> Tensor:
    values, vectors = torch.linalg.eigh(symmetric)
    result: Tensor = vectors @ torch.diag(values.clamp_min(1e-6) ** exponent) @ vectors.T
    return result
