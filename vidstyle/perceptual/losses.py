"""Content, style and TV losses, most of them ratios: 0 is perfect, 1 is a bad guess."""

from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, normalize, pixel_unshuffle

from vidstyle.frame import LUMA_OF_RGB

SPREAD_FLOOR = 1e-4  # of the mean variance


def gram_matrix(activations: Tensor) -> Tensor:
    """Mean over positions of the products of channels: NxCxHxW to NxCxC.

    Divided by the number of positions, so that pictures of any size compare; Gatys et al.
    (arXiv:1508.06576) do not divide.
    """
    vectors = activations.permute(0, 2, 3, 1).flatten(1, 2)
    gram: Tensor = _Gram.apply(vectors)  # type: ignore[no-untyped-call]
    return gram


class _Gram(torch.autograd.Function):
    """Products of channels of NxPxC vectors, whose gradient takes one product instead of two."""

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
    """Covariances from Gram matrices (NxCxC) and the channels' means (NxC).

    What is left is texture. The mean is most of a Gram matrix: how light a picture is and which
    color it has as a whole.
    """
    return grams - means[:, :, None] * means[:, None, :]


def style_loss(grams: Tensor, target: Tensor) -> Tensor:
    """Squared distance of Gram matrices (NxCxC, 1xCxC) over the target's square, mean over N."""
    distance = (grams - target).square().sum(dim=(1, 2))
    return (distance / target.square().sum()).mean()


def spread_loss(covariances: Tensor, target: Tensor, directions: Tensor) -> Tensor:
    """Squared distance of standard deviations along directions, over the target's squares.

    A picture without any texture is a saddle of losses of covariances, which grow with the fourth
    power of its contrast: flat ground stays flat. Standard deviations pull hardest there. The
    sliced Wasserstein distance of Heitz et al. (arXiv:2006.07229) for Gaussian features, where
    nothing needs to be sorted.

    Args:
        covariances: NxCxC, of the pictures.
        target: 1xCxC, of the painting.
        directions: CxK, of any length.
    """
    wanted = (directions * (target @ directions)).sum(dim=1)
    floor = SPREAD_FLOOR * wanted.mean()  # the root's slope has no bound at zero
    wanted = (wanted + floor).sqrt()
    found = ((directions * (covariances @ directions)).sum(dim=1).clamp_min(0) + floor).sqrt()
    return (found - wanted).square().mean() / wanted.square().mean()


def content_loss(activations: Tensor, target: Tensor) -> Tensor:
    """Squared distance of activations (NxCxHxW, both) over the target's own square."""
    return (activations - target).square().sum() / target.square().sum()


def tone_loss(images: Tensor, target: Tensor, cell: int = 8) -> Tensor:
    """Mean squared difference of the mean colors of cells of `cell` x `cell` pixels.

    Keeps light and shade where they are: strokes may do what they like inside a cell, but a face
    does not fall into blotches. Not from a paper.
    """
    return (avg_pool2d(images, cell) - avg_pool2d(target, cell)).square().mean()


def structure_loss(images: Tensor, target: Tensor, cell: int = 4, window: int = 5) -> Tensor:
    """How far light and shade around each place differ in shape, whatever their strength.

    One minus the correlation of the luma of cells of `cell` x `cell` pixels, in windows of `window`
    x `window` cells, weighted by the variance that the target has there: eyes stay eyes, while
    flat ground may get any strokes. The structure term of SSIM (Wang et al., 2004), weighted.
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
    """How far the four pixels of cells of 2x2 differ in the mean of `window` x `window` cells.

    A pattern of that period, which painting cell by cell invites, adds up over a window; strokes
    and grain, which have no such phase, average out. Not from a paper.
    """
    means = avg_pool2d(pixel_unshuffle(images, 2), window)
    by_pixel = means.reshape(len(images), images.shape[1], 4, -1)
    return by_pixel.var(dim=2, correction=0).mean()


def tv_loss(images: Tensor) -> Tensor:
    """Total variation: mean squared step between neighbors, across plus down."""
    across = (images[..., :, 1:] - images[..., :, :-1]).square().mean()
    down = (images[..., 1:, :] - images[..., :-1, :]).square().mean()
    return across + down


def relaxed_earth_mover_loss(vectors: Tensor, target: Tensor) -> Tensor:
    """How far the feature vectors (PxC) are from the painting's (QxC), each to its nearest.

    The relaxed earth mover's distance of STROTSS (Kolkin et al., arXiv:1904.12785) under the
    cosine distance: the larger of the two one-way means. Unlike a Gram matrix it asks every
    place to look like *some* place of the painting, so different content finds other strokes.
    """
    similarity = _unit(vectors) @ _unit(target).T
    nearest_here = 1 - similarity.amax(dim=1)
    nearest_there = 1 - similarity.amax(dim=0)
    return torch.maximum(nearest_here.mean(), nearest_there.mean())


def _unit(vectors: Tensor) -> Tensor:
    return normalize(vectors, dim=1)
