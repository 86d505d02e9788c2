"""Perceptual losses: Gram matrix style, content, tone, structure, grid, TV and patch losses.

Most are ratios to the target's own magnitude: 0 is a perfect match, 1 is as far as zero.
"""

from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, normalize, pixel_unshuffle

from vidstyle.frame import LUMA_OF_RGB

SPREAD_FLOOR = 1e-4  # of the mean variance, added before the square root


def gram_matrix(activations: Tensor) -> Tensor:
    """Return the Gram matrix: mean over positions of channel products, NxCxHxW to NxCxC.

    Divided by the number of positions, so that pictures of different sizes are comparable; Gatys
    et al. (arXiv:1508.06576) do not divide.
    """
    vectors = activations.permute(0, 2, 3, 1).flatten(1, 2)
    gram: Tensor = _Gram.apply(vectors)  # type: ignore[no-untyped-call]
    return gram


class _Gram(torch.autograd.Function):
    """Gram matrix of NxPxC vectors, with a backward pass of one matrix product instead of two."""

    @staticmethod
    def forward(ctx: Any, vectors: Tensor) -> Tensor:
        ctx.save_for_backward(vectors)
        return vectors.transpose(1, 2) @ vectors / vectors.shape[1]

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        (vectors,) = ctx.saved_tensors
        product: Tensor = vectors @ ((gradient + gradient.transpose(1, 2)) / vectors.shape[1])
        return product


def centered(grams: Tensor, means: Tensor) -> Tensor:
    """Return covariances (NxCxC) from Gram matrices (NxCxC) and channel means (NxC).

    Covariances describe texture only. The means, which dominate a Gram matrix, describe the overall
    brightness and color.
    """
    return grams - means[:, :, None] * means[:, None, :]


def style_loss(grams: Tensor, target: Tensor) -> Tensor:
    """Return the squared distance of Gram matrices over the target's squared norm, mean over N.

    Args:
        grams: NxCxC, of the pictures.
        target: 1xCxC, of the painting.
    """
    distance = (grams - target).square().sum(dim=(1, 2))
    return (distance / target.square().sum()).mean()


def spread_loss(covariances: Tensor, target: Tensor, directions: Tensor) -> Tensor:
    """Return the squared distance of standard deviations along directions, as a ratio.

    Losses on covariances grow with the fourth power of contrast, so a picture without texture is a
    saddle point: flat areas stay flat. Standard deviations have their largest gradient there. This
    is the sliced Wasserstein distance of Heitz et al. (arXiv:2006.07229) for Gaussian features,
    which needs no sorting.

    Args:
        covariances: NxCxC, of the pictures.
        target: 1xCxC, of the painting.
        directions: CxK, vectors of any length.
    """
    wanted = (directions * (target @ directions)).sum(dim=1)
    floor = SPREAD_FLOOR * wanted.mean()  # the root's slope has no bound at zero
    wanted = (wanted + floor).sqrt()
    found = ((directions * (covariances @ directions)).sum(dim=1).clamp_min(0) + floor).sqrt()
    return (found - wanted).square().mean() / wanted.square().mean()


def content_loss(activations: Tensor, target: Tensor) -> Tensor:
    """Return the squared distance of activations (both NxCxHxW) over the target's squared norm."""
    return (activations - target).square().sum() / target.square().sum()


def tone_loss(images: Tensor, target: Tensor, cell: int = 8) -> Tensor:
    """Return the mean squared difference of mean colors in cells of `cell` x `cell` pixels.

    Preserves the distribution of brightness and color: strokes are free inside a cell, but a face
    does not break into blotches. Both tensors are Nx3xHxW. Not from a paper.
    """
    return (avg_pool2d(images, cell) - avg_pool2d(target, cell)).square().mean()


def structure_loss(images: Tensor, target: Tensor, cell: int = 4, window: int = 5) -> Tensor:
    """Return one minus the local correlation of luma, independent of contrast.

    Luma is averaged over cells of `cell` x `cell` pixels and correlated in windows of `window` x
    `window` cells, weighted by the target's standard deviation: eyes remain recognizable, while
    flat areas may get any strokes. The structure term of SSIM (Wang et al., 2004), weighted. Both
    tensors are Nx3xHxW RGB.
    """
    first, second = (avg_pool2d(_luma(x), cell) for x in (images, target))

    def mean(x: Tensor) -> Tensor:
        return avg_pool2d(x, window, stride=1)

    mean_a, mean_b = mean(first), mean(second)
    variance_a = (mean(first.square()) - mean_a.square()).clamp_min(0)
    variance_b = (mean(second.square()) - mean_b.square()).clamp_min(0)
    covariance = mean(first * second) - mean_a * mean_b
    correlation = covariance / (variance_a * variance_b + 1e-7).sqrt()
    weight = variance_b.sqrt()
    return (weight * (1 - correlation)).sum() / weight.sum().clamp_min(1e-6)


def _luma(images: Tensor) -> Tensor:
    weights = images.new_tensor(LUMA_OF_RGB).view(3, 1, 1)
    return (images * weights).sum(dim=1, keepdim=True)


def grid_loss(images: Tensor, window: int = 8) -> Tensor:
    """Return the variance between the four phases of 2x2 cells, averaged over windows of cells.

    Detects patterns of a period of two pixels, which a generator that paints cell by cell tends to
    leave: they add up over `window` x `window` cells, while strokes and grain, which have no such
    phase, average out. Not from a paper.
    """
    means = avg_pool2d(pixel_unshuffle(images, 2), window)
    by_pixel = means.reshape(len(images), images.shape[1], 4, -1)
    return by_pixel.var(dim=2, correction=0).mean()


def tv_loss(images: Tensor) -> Tensor:
    """Return total variation: mean squared difference of neighbors, horizontal plus vertical."""
    across = (images[..., :, 1:] - images[..., :, :-1]).square().mean()
    down = (images[..., 1:, :] - images[..., :-1, :]).square().mean()
    return across + down


def relaxed_earth_mover_loss(vectors: Tensor, target: Tensor) -> Tensor:
    """Return the relaxed earth mover's distance of feature vectors under the cosine distance.

    From STROTSS (Kolkin et al., arXiv:1904.12785): the mean distance to the nearest vector of the
    other set, the larger of the two directions. Unlike a Gram matrix it compares each position
    with its nearest position in the painting, so different content gets different strokes.

    Args:
        vectors: PxC, of the picture.
        target: QxC, of the painting.
    """
    similarity = _unit(vectors) @ _unit(target).T
    nearest_here = 1 - similarity.amax(dim=1)
    nearest_there = 1 - similarity.amax(dim=0)
    return torch.maximum(nearest_here.mean(), nearest_there.mean())


def _unit(vectors: Tensor) -> Tensor:
    return normalize(vectors, dim=1)
