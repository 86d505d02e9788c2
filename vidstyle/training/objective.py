"""What a generator is asked for: one painting's strokes and colors, the photo's shapes, calm."""

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

MARGIN = 16  # px of each side that no loss sees: zero padding is a place to park the style
PATCHES = 1024  # places drawn for the earth mover's distance
DIRECTIONS = 128  # drawn in a layer's space, a step
MEMORY = 0.98  # of the running mean of a layer's loss, a step


@dataclass(frozen=True)
class LossWeights:
    """Tuned by eye on faces, landscapes and streets; see models/README.md for what each cured."""

    style: float = 12.0
    patch: float = 3.0
    content: float = 4.5
    tone: float = 13.0
    structure: float = 5.0
    grid: float = 15000.0
    tv: float = 0.5
    temporal: float = 300.0
    range: float = 10.0


class Objective:
    """The losses of painted pictures against one painting."""

    def __init__(
        self,
        features: FeatureNetwork,
        painting: Tensor,
        weights: LossWeights,
        low_memory: bool = False,
    ) -> None:
        """Look at the painting (1x3xHxW float32 RGB 0..1) once."""
        self.features, self.weights, self.low_memory = features, weights, low_memory
        with torch.no_grad():
            seen = features(painting)
            self.grams, means = features.grams(seen), features.means(seen)
            self.textures = {name: centered(gram, means[name]) for name, gram in self.grams.items()}
            vectors = {name: as_vectors(seen[name]) for name in features.patch_layers}
            # What all places have in common would make all of them look alike to a cosine.
            self.centers = {name: them.mean(dim=0) for name, them in vectors.items()}
            self.vectors = {name: them - self.centers[name] for name, them in vectors.items()}
        self.layer_means = torch.ones(len(self.grams))  # running; part of a checkpoint

    def losses(
        self, recolored: Tensor, painted: Tensor, again: Tensor, motion: CameraMotion
    ) -> dict[str, Tensor]:
        """Every loss times its weight, by name; all pictures are Nx3xHxW RGB.

        Args:
            recolored: the photos in the painting's colors; shapes and shades are theirs.
            painted: what the generator made of the photos.
            again: what it made of the photos after `motion`, with sensor noise.
            motion: where things went.
        """
        weights = self.weights
        inside = _inner(painted)
        images = inside.clamp(0, 1)
        with torch.no_grad():  # of the photos themselves, it would ask for their colors back
            content = self.features(_inner(recolored))
        seen = self._look(images)
        # Clipped: noise tames what is far outside, so the calmer one would run after the other.
        moved = motion.moved(painted.detach().clamp(0, 1))
        steady = (_inner(again) - _inner(moved)).square().mean()
        return {
            "style": weights.style * self.gram_loss(seen),
            "patch": weights.patch * self.patch_loss(seen),
            "content": weights.content * self._content(seen, content),
            "tone": weights.tone * tone_loss(images, _inner(recolored)),
            "structure": weights.structure * structure_loss(images, _inner(recolored)),
            "grid": weights.grid * grid_loss(images),
            "tv": weights.tv * tv_loss(images),
            "temporal": weights.temporal * steady,
            "range": weights.range * (inside - images).square().mean(),
        }

    def gram_loss(self, seen: dict[str, Tensor]) -> Tensor:
        """The texture of each picture, twice, and the Gram matrix of the batch as a whole.

        A picture need not have the painting's light and palette; a batch should. Textures are
        compared by covariances and, counting double, by standard deviations, which see flat ground.
        Layers that lag behind the others count more: each is weighted by the root of its running
        share.
        """
        by_layer = []
        centers = self.features.means(seen)
        for name, grams in self.features.grams(seen).items():
            textures, painting = centered(grams, centers[name]), self.textures[name]
            each = style_loss(textures, painting)
            spread = spread_loss(textures, painting, _directions(painting))
            together = style_loss(_mean_of_batch(grams), self.grams[name])
            by_layer.append((each + 2 * spread + 2 * together) / 5)
        losses = torch.stack(by_layer)
        means = self.layer_means = self.layer_means.to(losses.device)
        means.mul_(MEMORY).add_(losses.detach(), alpha=1 - MEMORY)
        lag = (means / means.mean()).sqrt()
        return (losses * lag / lag.mean()).sum() / 2

    def patch_loss(self, seen: dict[str, Tensor]) -> Tensor:
        """The relaxed earth mover's distance at random places, mean over layers."""
        losses = [
            relaxed_earth_mover_loss(
                _drawn(as_vectors(seen[name]) - self.centers[name]), _drawn(target)
            )
            for name, target in self.vectors.items()
        ]
        return torch.stack(losses).mean()

    def _content(self, seen: dict[str, Tensor], target: dict[str, Tensor]) -> Tensor:
        layers = self.features.content_layers
        return torch.stack([content_loss(seen[name], target[name]) for name in layers]).mean()

    def _look(self, images: Tensor) -> dict[str, Tensor]:
        if self.low_memory:
            seen: dict[str, Tensor] = checkpoint(self.features, images, use_reentrant=False)
            return seen
        seen = self.features(images)
        return seen


def _mean_of_batch(grams: Tensor) -> Tensor:
    """NxCxC to 1xCxC, over the pictures of all processes that train together."""
    mean = grams.mean(dim=0, keepdim=True)
    if not dist.is_initialized():
        return mean
    everywhere = mean.detach().clone()
    dist.all_reduce(everywhere)
    # The gradient is the own pictures' part, which is averaged with all others'.
    return everywhere / dist.get_world_size() + mean - mean.detach()


def as_vectors(activations: Tensor) -> Tensor:
    """NxCxHxW to PxC, one vector a place."""
    return activations.permute(0, 2, 3, 1).flatten(0, 2)


def _drawn(vectors: Tensor) -> Tensor:
    return vectors[torch.randperm(len(vectors), device=vectors.device)[:PATCHES]]


def _directions(covariance: Tensor) -> Tensor:
    """Unit vectors of a layer's space (1xCxC), CxK."""
    channels = covariance.shape[1]
    drawn = torch.randn(channels, min(channels, DIRECTIONS), device=covariance.device)
    return normalize(drawn, dim=0)


def _inner(images: Tensor) -> Tensor:
    return images[..., MARGIN:-MARGIN, MARGIN:-MARGIN]
