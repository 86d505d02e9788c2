"""Teach a generator one painting."""

import logging
import math
import time
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor
from torch.utils.data import DataLoader

from vidstyle.perceptual.features import LAYERS, SqueezeNet
from vidstyle.perceptual.losses import (
    content_loss,
    gram_matrix,
    relaxed_earth_mover_loss,
    style_loss,
    tone_loss,
    tv_loss,
)
from vidstyle.training.data import RandomCrops, colour_map, read_painting
from vidstyle.training.network import Architecture, Generator

log = logging.getLogger(__name__)

CONTENT_LAYERS = ("fire3", "fire5")
PATCH_LAYERS = ("fire3", "fire5")
MARGIN = 16  # px of each side that no loss sees: zero padding is a place to park the style
EYEPIECE = 96  # px, side of the crop that the slow stride-1 features look at


@dataclass(frozen=True)
class TrainingSettings:
    """What a training run needs to be repeated."""

    painting: Path
    photos: tuple[Path, ...]
    feature_weights: Path
    checkpoint: Path
    steps: int = 4500
    batch_size: int = 4
    crop: int = 192  # px, without the margin
    style_size: int = 400  # px, the painting's short side: larger makes larger strokes
    learning_rate: float = 2e-3
    content_weight: float = 2.5
    patch_weight: float = 1.5
    tone_weight: float = 25.0
    tv_weight: float = 0.5
    stability_weight: float = 20.0
    seed: int = 0
    start_from: Path | None = None  # checkpoint of another style: strokes are learned already
    architecture: Architecture | None = None  # None is the 55 KB class


class Painting:
    """What the feature network sees in the painting, at both strides."""

    def __init__(self, features: SqueezeNet, image: Tensor) -> None:
        self.colours = image[0].flatten(1)
        self.grams: dict[int, dict[str, Tensor]] = {}
        self.vectors: dict[str, Tensor] = {}
        with torch.no_grad():
            for stride in (1, 2):
                seen = features(image, stride)
                self.grams[stride] = {name: gram_matrix(seen[name]) for name in LAYERS}
            self.vectors = {name: as_vectors(seen[name]) for name in PATCH_LAYERS}

    def gram_loss(self, seen: dict[str, Tensor], stride: int) -> Tensor:
        """Half for the Gram matrix of the whole batch, half for each picture by itself.

        A picture need not hold all the painting has; a batch should.
        """
        total = torch.zeros(())
        for name, target in self.grams[stride].items():
            grams = gram_matrix(seen[name])
            total = total + style_loss(grams, target) / 2
            total = total + style_loss(grams.mean(dim=0, keepdim=True), target) / 2
        return total

    def patch_loss(self, seen: dict[str, Tensor], samples: int = 1024) -> Tensor:
        """The relaxed earth mover's distance at `samples` random places, mean over layers."""
        total = torch.zeros(())
        for name, target in self.vectors.items():
            vectors = as_vectors(seen[name])
            total = total + relaxed_earth_mover_loss(
                vectors[torch.randperm(len(vectors))[:samples]],
                target[torch.randperm(len(target))[:samples]],
            )
        return total / len(self.vectors)


class Trainer:
    """A generator, its optimizer and the step count: everything a checkpoint holds."""

    def __init__(self, settings: TrainingSettings) -> None:
        torch.manual_seed(settings.seed)
        self.settings = settings
        self.features = SqueezeNet(settings.feature_weights)
        self.painting = Painting(
            self.features, read_painting(settings.painting, settings.style_size)
        )
        size = settings.crop + 2 * MARGIN
        crops = RandomCrops(list(settings.photos), size, settings.seed)
        self.batches = DataLoader(crops, settings.batch_size, shuffle=True, drop_last=True)
        self.generator = Generator(settings.architecture)
        if settings.start_from is not None:
            state = torch.load(settings.start_from, weights_only=True)
            self.generator.load_state_dict(state["generator"])
        colours = torch.cat([crops[i].flatten(1)[:, ::97] for i in range(len(crops))], dim=1)
        self.colour_map = colour_map(colours, self.painting.colours)
        self.generator.set_colour_map(*self.colour_map)
        self.optimizer = torch.optim.Adam(self.generator.parameters(), settings.learning_rate)
        self.step = 0

    def run(self, log_every: int = 50) -> Generator:
        """Train to the last step, saving a checkpoint now and then; return the generator."""
        self._resume()
        started, averages = time.monotonic(), dict[str, float]()
        while self.step < self.settings.steps:
            for batch in self.batches:
                for name, value in self._train_on(batch).items():
                    averages[name] = 0.95 * averages.get(name, value) + 0.05 * value
                self.step += 1
                if self.step % log_every == 0:
                    parts = " ".join(f"{name} {value:.3f}" for name, value in averages.items())
                    log.info("%d %.0fs %s", self.step, time.monotonic() - started, parts)
                    self._save()
                if self.step >= self.settings.steps:
                    break
        self._save()
        return self.generator

    def _train_on(self, photos: Tensor) -> dict[str, float]:
        settings, done = self.settings, self.step / self.settings.steps
        self.generator.train()
        if done > 0.7:  # the statistics that will be folded are learned with from here on
            freeze_norms(self.generator)
        for group in self.optimizer.param_groups:
            group["lr"] = settings.learning_rate * max(0.02, (1 + math.cos(math.pi * done)) / 2)
        painted = self.generator(photos)
        losses = self._losses(photos, painted)
        self.optimizer.zero_grad()
        torch.stack(list(losses.values())).sum().backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self.generator.parameters(), 1.0)
        self.optimizer.step()
        return {name: float(value.detach()) for name, value in losses.items()}

    def _losses(self, photos: Tensor, painted: Tensor) -> dict[str, Tensor]:
        settings = self.settings
        inside = painted[..., MARGIN:-MARGIN, MARGIN:-MARGIN]
        images = inside.clamp(0, 1)
        with torch.no_grad():
            content = self.features(photos[..., MARGIN:-MARGIN, MARGIN:-MARGIN])
        seen = self.features(images)
        seen_closely = self.features(random_crop(images, EYEPIECE), stride=1)
        noise = 0.03 * torch.randn_like(photos)
        again = self.generator((photos + noise).clamp(0, 1))[..., MARGIN:-MARGIN, MARGIN:-MARGIN]
        return {
            "fine": self.painting.gram_loss(seen_closely, 1) / 2,
            "coarse": self.painting.gram_loss(seen, 2) / 2,
            "patch": settings.patch_weight * self.painting.patch_loss(seen),
            "content": settings.content_weight * _content(seen, content),
            "tone": settings.tone_weight * tone_loss(images, self._recoloured(photos)),
            "tv": settings.tv_weight * tv_loss(images),
            "stability": settings.stability_weight * (again - inside).square().mean(),
            "range": 10 * (inside - images).square().mean(),
        }

    def _recoloured(self, photos: Tensor) -> Tensor:
        """The photos without their margin, in the painting's colours."""
        matrix, offset = self.colour_map
        inside = photos[..., MARGIN:-MARGIN, MARGIN:-MARGIN]
        mapped = torch.einsum("ij,njhw->nihw", matrix, inside) + offset.view(1, 3, 1, 1)
        return mapped.clamp(0, 1)

    def _save(self) -> None:
        state = {
            "generator": self.generator.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "step": self.step,
        }
        partial = self.settings.checkpoint.with_suffix(".partial")
        torch.save(state, partial)
        partial.replace(self.settings.checkpoint)

    def _resume(self) -> None:
        if self.settings.checkpoint.exists():
            state = torch.load(self.settings.checkpoint, weights_only=True)
            self.generator.load_state_dict(state["generator"])
            self.optimizer.load_state_dict(state["optimizer"])
            self.step = state["step"]
            log.info("going on from step %d", self.step)


def _content(seen: dict[str, Tensor], target: dict[str, Tensor]) -> Tensor:
    return torch.stack([content_loss(seen[name], target[name]) for name in CONTENT_LAYERS]).mean()


def as_vectors(activations: Tensor) -> Tensor:
    """NxCxHxW to PxC, one vector a place."""
    return activations.permute(0, 2, 3, 1).flatten(0, 2)


def random_crop(images: Tensor, size: int) -> Tensor:
    """The same random square of every picture."""
    top = int(torch.randint(0, images.shape[2] - size + 1, ()))
    left = int(torch.randint(0, images.shape[3] - size + 1, ()))
    return images[..., top : top + size, left : left + size]


def freeze_norms(generator: Generator) -> None:
    """Let batch norms use, and keep, their running statistics."""
    for module in generator.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.eval()
