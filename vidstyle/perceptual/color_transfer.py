"""Pictures as tensors, and the map between the colors of two of them."""

import numpy as np
import torch
from torch import Tensor

from vidstyle.frame import LUMA_OF_RGB, RGBImage

KNEE = 0.3  # from middle gray; from there on, lights and shades are pressed together


def to_tensor(image: RGBImage) -> Tensor:
    """HxWx3 uint8 to 3xHxW float32 0..1."""
    channels_first = np.ascontiguousarray(image.transpose(2, 0, 1))
    return torch.from_numpy(channels_first).float() / 255


def to_image(picture: Tensor) -> RGBImage:
    """3xHxW 0..1 to HxWx3 uint8; what is outside of 0..1 is clipped."""
    pixels = (picture.detach().clamp(0, 1) * 255).round().byte().permute(1, 2, 0)
    return np.ascontiguousarray(pixels.cpu().numpy())


def color_map(source: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    """The linear map that gives the colors of `source` the mean and covariance of `target`'s.

    The Monge-Kantorovitch map between Gaussians (Pitie and Kokaram, CVMP 2007): of all such maps
    the one that moves colors least.

    Args:
        source: 3xP float32.
        target: 3xQ float32.

    Returns:
        A 3x3 matrix and an offset of 3: `matrix @ color + offset`.
    """
    root = _matrix_power(torch.cov(source), 0.5)
    inverse = _matrix_power(torch.cov(source), -0.5)
    matrix = inverse @ _matrix_power(root @ torch.cov(target) @ root, 0.5) @ inverse
    return matrix, target.mean(dim=1) - matrix @ source.mean(dim=1)


def partial_color_map(source: Tensor, target: Tensor, own: float) -> tuple[Tensor, Tensor]:
    """`color_map` that leaves some of the source's own light and hue.

    All of a palette is not what all pictures want: on white paper faces bleach, and among blues an
    orange is gray. A generator whose content is judged by the photo itself keeps both, as those of
    Johnson et al. (arXiv:1603.08155) do. The chroma of the source comes on top here, and its light
    in place of the target's, both by `own` times the chroma that the target has, in the source's;
    a drawing in one color stays one.

    Args:
        source: 3xP float32 RGB.
        target: 3xQ float32 RGB.
        own: share of light and chroma, 0 to 1.

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
    """Pictures (Nx3xHxW RGB 0..1) after a color map, clipped to 0..1."""
    return _mapped(images, matrix, offset).clamp(0, 1)


def gently_recolored(images: Tensor, matrix: Tensor, offset: Tensor) -> Tensor:
    """The same, with lights and shades that end softly instead of being cut off.

    Where a painting is much paler than photos are, a face in the sun still has eyes then.
    """
    apart = _mapped(images, matrix, offset) - 0.5
    beyond = (apart.abs() - KNEE).clamp_min(0)
    room = 0.5 - KNEE
    return 0.5 + apart.clamp(-KNEE, KNEE) + apart.sign() * room * torch.tanh(beyond / room)


def _mapped(images: Tensor, matrix: Tensor, offset: Tensor) -> Tensor:
    return torch.einsum("ij,njhw->nihw", matrix, images) + offset.view(1, 3, 1, 1)


def _matrix_power(symmetric: Tensor, exponent: float) -> Tensor:
    values, vectors = torch.linalg.eigh(symmetric)
    result: Tensor = vectors @ torch.diag(values.clamp_min(1e-6) ** exponent) @ vectors.T
    return result
