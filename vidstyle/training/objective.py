"""Training objective: style, content, tone and temporal losses of the generator's output."""

from dataclasses import dataclass

import torch
import torch.distributed as dist
from torch import Tensor
from torch.nn.functional import normalize
from torch.utils.checkpoint import checkpoint

from vidstyle.perceptual.features import FeatureNetwork
from vidstyle.perceptual.losses import (
    centered,
    content_loss,
    grid_loss,
    relaxed_earth_mover_loss,
    spread_loss,
    structure_loss,
    style_loss,
    tone_loss,
    tv_loss,
)
from vidstyle.training.data.augment import CameraMotion

MARGIN = 16  # px cut off each side before the losses: style gathers in the zero padding
PATCHES = 1024  # positions sampled for the earth mover's distance
DIRECTIONS = 128  # sampled in a layer's feature space, per step
MEMORY = 0.98  # decay per step of the running mean of a layer's loss


@dataclass(frozen=True)
class LossWeights:
    """Weights of the losses, tuned by eye on faces, landscapes and streets; see docs/training.md.

    Each is the factor of the loss with its name.
    """

    style: float = 12.0
    patch: float = 3.0
    content: float = 4.5
    tone: float = 13.0
    structure: float = 5.0
    grid: float = 15000.0
    tv: float = 0.5
    temporal: float = 300.0
    range: float = 10.0
    pixel: float = 5.0  # only with example paintings


@dataclass(frozen=True)
class StyleTargets:
    """A painting as the style losses see it, by layer."""

    grams: dict[str, Tensor]  # 1xCxC
    means: dict[str, Tensor]  # 1xC, of the Gram matrices' channels
    vectors: dict[str, Tensor]  # PxC, one per position of the patch layers, centered
    centers: dict[str, Tensor]  # C, means of the vectors before

    @classmethod
    def of(cls, features: FeatureNetwork, painting: Tensor) -> "StyleTargets":
        """Compute a painting's features once.

        Args:
            features: feature network, on the painting's device.
            painting: style image, 1x3xHxW float32 RGB 0..1.
        """
        with torch.no_grad():
            seen = features(painting)
            vectors = {name: as_vectors(seen[name]) for name in features.patch_layers}
            # Centered, as a common offset would make all positions similar in cosine distance.
            centers = {name: them.mean(dim=0) for name, them in vectors.items()}
            centered_vectors = {name: them - centers[name] for name, them in vectors.items()}
            return cls(features.grams(seen), features.means(seen), centered_vectors, centers)


class Objective:
    """Losses of generator outputs against one painting and their photos."""

    def __init__(
        self,
        features: FeatureNetwork,
        targets: StyleTargets,
        weights: LossWeights,
        low_memory: bool = False,
    ) -> None:
        """Compare with a painting.

        Args:
            features: feature network.
            targets: the painting; may be replaced between two steps.
            weights: weights of the losses.
            low_memory: recompute activations in the backward pass (gradient checkpointing).
        """
        self.features, self.weights, self.low_memory = features, weights, low_memory
        self.targets = targets
        self.layer_means = torch.ones(len(targets.grams))  # running; part of a checkpoint

    def losses(
        self, target: Tensor, painted: Tensor, again: Tensor, motion: CameraMotion
    ) -> dict[str, Tensor]:
        """Weighted losses by name; all pictures are Nx3xHxW float32 RGB, 0..1 or near it.

        Args:
            target: of content and tone: photos in the painting's colors, or example paintings.
            painted: generator outputs for the photos.
            again: generator outputs for the photos after `motion`, with sensor noise.
            motion: camera motion from the photos to the moved ones.
        """
        weights = self.weights
        inside = _inner(painted)
        images = inside.clamp(0, 1)
        with torch.no_grad():  # not of the photos, which would restore their colors
            content = self.features.content(_inner(target))
        seen = self._activations(images)
        # Clipped: noise damps values far outside of 0..1, and the temporal loss would follow them.
        moved = motion.apply(painted.detach().clamp(0, 1))
        steady = (_inner(again) - _inner(moved)).square().mean()
        return {
            "style": weights.style * self.gram_loss(seen),
            "patch": weights.patch * self.patch_loss(seen),
            "content": weights.content * self._content(seen, content),
            "tone": weights.tone * tone_loss(images, _inner(target)),
            "structure": weights.structure * structure_loss(images, _inner(target)),
            "grid": weights.grid * grid_loss(images),
            "tv": weights.tv * tv_loss(images),
            "temporal": weights.temporal * steady,
            "range": weights.range * (inside - images).square().mean(),
        }

    def pixel_loss(self, examples: Tensor, painted: Tensor) -> Tensor:
        """Weighted mean absolute difference from example paintings, both Nx3xHxW."""
        return self.weights.pixel * (_inner(painted).clamp(0, 1) - _inner(examples)).abs().mean()

    def gram_loss(self, seen: dict[str, Tensor]) -> Tensor:
        """Style loss: covariance and spread of each picture, Gram matrix of the whole batch.

        A single picture need not have the painting's brightness and palette, but the batch should.
        Standard deviations along random directions count double, since they include flat areas.
        Layers with a larger running loss count more, by its square root.

        Args:
            seen: activations by layer, NxCxHxW.
        """
        by_layer, targets = [], self.targets
        centers = self.features.means(seen)
        for name, grams in self.features.grams(seen).items():
            textures = centered(grams, centers[name])
            painting = centered(targets.grams[name], targets.means[name])
            each = style_loss(textures, painting)
            spread = spread_loss(textures, painting, _directions(painting))
            together = style_loss(_mean_of_batch(grams), targets.grams[name])
            by_layer.append((each + 2 * spread + 2 * together) / 5)
        losses = torch.stack(by_layer)
        means = self.layer_means = self.layer_means.to(losses.device)
        means.mul_(MEMORY).add_(losses.detach(), alpha=1 - MEMORY)
        lag = (means / means.mean()).sqrt()
        return (losses * lag / lag.mean()).sum() / 2

    def patch_loss(self, seen: dict[str, Tensor]) -> Tensor:
        """Relaxed earth mover's distance at random positions, mean over layers.

        Args:
            seen: activations by layer, NxCxHxW.
        """
        losses = [
            relaxed_earth_mover_loss(
                _sampled(as_vectors(seen[name]) - self.targets.centers[name]), _sampled(target)
            )
            for name, target in self.targets.vectors.items()
        ]
        return torch.stack(losses).mean()

    def _content(self, seen: dict[str, Tensor], target: dict[str, Tensor]) -> Tensor:
        layers = self.features.content_layers
        return torch.stack([content_loss(seen[name], target[name]) for name in layers]).mean()

    def _activations(self, images: Tensor) -> dict[str, Tensor]:
        if self.low_memory:
            seen: dict[str, Tensor] = checkpoint(self.features, images, use_reentrant=False)
            return seen
        seen = self.features(images)
        return seen


def _mean_of_batch(grams: Tensor) -> Tensor:
    """Mean Gram matrix of the batch of all processes: NxCxC to 1xCxC."""
    mean = grams.mean(dim=0, keepdim=True)
    if not dist.is_initialized():
        return mean
    shared = mean.detach().clone()
    dist.all_reduce(shared)
    # The gradient is that of the own pictures; DDP averages it with the other processes'.
    return shared / dist.get_world_size() + mean - mean.detach()


def as_vectors(activations: Tensor) -> Tensor:
    """Reshape activations NxCxHxW to PxC, one vector per position."""
    return activations.permute(0, 2, 3, 1).flatten(0, 2)


def _sampled(vectors: Tensor) -> Tensor:
    return vectors[torch.randperm(len(vectors), device=vectors.device)[:PATCHES]]


def _directions(covariance: Tensor) -> Tensor:
    """Random unit vectors in the feature space of a layer's covariance (1xCxC), CxK."""
    channels = covariance.shape[1]
    drawn = torch.randn(channels, min(channels, DIRECTIONS), device=covariance.device)
    return normalize(drawn, dim=0)


def _inner(images: Tensor) -> Tensor:
    return images[..., MARGIN:-MARGIN, MARGIN:-MARGIN]
