"""Training of the weight predictor: each step paints photos after a few paintings.

    torchrun --nproc-per-node 2 -m tools.predictor.train CHECKPOINT --paintings FOLDER...
        --photos FOLDER

Losses are those of `vidstyle train` with more weight on style. A checkpoint that exists is trained
on. Paintings whose row in SOURCES.csv has a word of `--without`, such as a name of an artist, are
left out, so that others can be judged.
"""

import argparse
import os
import time
from collections import Counter
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.distributed as dist
from torch import Tensor
from torch.optim import Adam, Optimizer

from tools.predictor.muon import StackedMuon
from tools.predictor.network import (
    COMPONENTS,
    ColorFold,
    StyleNumbers,
    WeightPredictor,
    painted,
    start_weights,
)
from tools.predictor.paintings import Painting, listed, measured
from vidstyle.export.onnx import folded_weights
from vidstyle.perceptual.color_transfer import gently_recolored, partial_color_map
from vidstyle.perceptual.zoo import load_features
from vidstyle.stylize.catalog import find_weights
from vidstyle.stylize.predictor import OWN_COLORS
from vidstyle.training.checkpoint import read_checkpoint, write_checkpoint
from vidstyle.training.data.augment import CameraMotion, with_noise
from vidstyle.training.data.dataset import Content, read_content
from vidstyle.training.muon import Muon
from vidstyle.training.objective import LossWeights, Objective
from vidstyle.training.run import OWN_COLORS_TONE
from vidstyle.training.trainer import learning_rate_at

CROP = 192  # px
PHOTOS = 2  # of one painting in a step
PAINTINGS = 2  # of a step, in all processes together
JITTER = 0.1  # standard deviation of noise on a painting's components
LARGEST_LOSS = 30.0  # larger ones of a painting count as much: dark paintings have huge ratios
DECAY = 0.998  # of the weights' moving average, per step
RATES = (4e-3, 2.4e-3, 1.5e-3)  # of mean kernels, basis kernels, and everything else
SAVED_EVERY = 250  # steps
TOLD_EVERY = 50  # steps
START = "wheat-field"  # style whose network all paintings start from
PROBES = 16  # photos that give the palette of photos and the first batch norms


def main() -> None:
    """Train, or go on from the checkpoint."""
    args = _parser().parse_args()
    if "RANK" in os.environ:
        dist.init_process_group("gloo")
    torch.set_num_threads(args.threads)
    features, random = load_features("slim"), np.random.default_rng(0)
    files = [found for folder in args.paintings for found in listed(folder, args.without)]
    paintings = [measured(file, group, features, random) for file, group in files]
    run = PredictorTraining(paintings, read_content(args.photos), args.steps)
    if args.checkpoint.exists():
        run.load(args.checkpoint)
    run.train(args.checkpoint)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("--paintings", type=Path, nargs="+", required=True, help="folders")
    parser.add_argument("--photos", type=Path, required=True, help="folder")
    parser.add_argument("--without", nargs="*", default=[], help="words of paintings left out")
    parser.add_argument("--steps", type=int, default=30_000)
    parser.add_argument("--threads", type=int, default=1, help="of each process")
    return parser


class PredictorTraining:
    """Predictor in training: one process or several, each with its own paintings of a step."""

    def __init__(self, paintings: list[Painting], photos: Content, steps: int) -> None:
        """Prepare step 0.

        Args:
            paintings: to learn from.
            photos: to paint.
            steps: length of the run.
        """
        torch.manual_seed(0)
        self._paintings, self._photos, self._steps = paintings, photos, steps
        self._rank, self._processes = 0, 1
        if dist.is_initialized():
            self._rank, self._processes = dist.get_rank(), dist.get_world_size()
        groups = Counter(painting.group for painting in paintings)
        shares = np.array([1 / groups[painting.group] for painting in paintings])
        self._probabilities = shares / shares.sum()
        probes = photos.crops(PROBES, CROP, 0, 0)
        self._photo_colors = probes.transpose(0, 1).flatten(1)
        self.numbers = StyleNumbers(paintings[0].numbers.shape[1])
        self.numbers.fit(torch.cat([painting.numbers for painting in paintings]))
        start = folded_weights(find_weights(START))
        self.predictor = WeightPredictor(start_weights(start, probes))
        self.average = deepcopy(self.predictor)
        self.objective = Objective(load_features("slim"), paintings[0].targets(), _loss_weights())
        self._optimizers = _optimizers(self.predictor)
        self.step = 0

    def train(self, checkpoint: Path) -> None:
        """Train to the end; the checkpoint is written now and then, by the first process."""
        begun_s, first = time.monotonic(), self.step
        while self.step < self._steps:
            losses = self._learn()
            self._update()
            self.step += 1
            if self._rank == 0 and self.step % TOLD_EVERY == 0:
                rate = (self.step - first) / (time.monotonic() - begun_s)
                told = " ".join(f"{name} {value:.2f}" for name, value in losses.items())
                print(f"step {self.step}  {told}  {rate:.2f} steps/s", flush=True)
            if self._rank == 0 and (self.step % SAVED_EVERY == 0 or self.step == self._steps):
                self.save(checkpoint)

    def _learn(self) -> dict[str, float]:
        """Compute the gradients of a step; return the losses of the last painting, weighted."""
        torch.manual_seed(7 * self.step + 1)
        random = np.random.default_rng([5, self.step])
        chosen = random.choice(len(self._paintings), PAINTINGS, p=self._probabilities)
        photos = self._photos.crops(PHOTOS * PAINTINGS, CROP, self.step + 1, 0)
        self.predictor.zero_grad()
        losses: dict[str, Tensor] = {}
        for place, number in enumerate(chosen):
            if place % self._processes == self._rank:
                mine = photos[place * PHOTOS : (place + 1) * PHOTOS]
                losses = self._losses(self._paintings[number], mine, random)
                total = torch.stack(list(losses.values())).sum()
                share = min(1.0, LARGEST_LOSS / float(total.detach())) / PAINTINGS
                (total * share).backward()  # type: ignore[no-untyped-call]
        self._add_up()
        return {name: float(value.detach()) for name, value in losses.items()}

    def _losses(
        self, painting: Painting, photos: Tensor, random: np.random.Generator
    ) -> dict[str, Tensor]:
        numbers = painting.numbers[random.integers(len(painting.numbers))]
        weights = self.predictor(self.numbers(numbers) + JITTER * torch.randn(COMPONENTS))
        motion = CameraMotion.random(photos)
        both = torch.cat([photos, with_noise(motion.apply(photos))])
        matrix, offset = partial_color_map(self._photo_colors, painting.pixels, OWN_COLORS)
        mean = self._photo_colors.mean(dim=1)
        fold = ColorFold(painting.covariance, matrix, offset, mean)
        first, again = painted(weights, both, fold).chunk(2)
        self.objective.targets = painting.targets()
        target = gently_recolored(photos, matrix, offset)
        return self.objective.losses(target, first, again, motion)

    def _add_up(self) -> None:
        """Add the gradients of all processes."""
        if self._processes == 1:
            return
        gradients = [p.grad for p in self.predictor.parameters() if p.grad is not None]
        together = torch.cat([gradient.flatten() for gradient in gradients])
        dist.all_reduce(together)
        parts = torch.split(together, [gradient.numel() for gradient in gradients])
        for gradient, part in zip(gradients, parts, strict=True):
            gradient.copy_(part.view_as(gradient))

    def _update(self) -> None:
        factor = learning_rate_at(self.step / self._steps)
        for optimizer, rate in zip(self._optimizers, RATES, strict=True):
            for group in optimizer.param_groups:
                group["lr"] = rate * factor
            optimizer.step()
        decay = min(DECAY, (2 + self.step) / (11 + self.step))
        with torch.no_grad():
            latest = self.predictor.parameters()
            for average, parameter in zip(self.average.parameters(), latest, strict=True):
                average.lerp_(parameter, 1 - decay)

    def save(self, file: Path) -> None:
        """Write a checkpoint, from which training goes on and `ship` makes the file.

        Raises:
            SinkError: the file cannot be written.
        """
        state = {
            "predictor": self.predictor.state_dict(),
            "average": self.average.state_dict(),
            "numbers": self.numbers.state_dict(),
            "optimizers": [optimizer.state_dict() for optimizer in self._optimizers],
            "layer_means": self.objective.layer_means,
            "step": self.step,
        }
        write_checkpoint(file, {}, state)

    def load(self, file: Path) -> None:
        """Go on from a checkpoint.

        Raises:
            StyleError: it is broken or of another version.
        """
        state = read_checkpoint(file)
        self.predictor.load_state_dict(state["predictor"])
        self.average.load_state_dict(state["average"])
        self.numbers.load_state_dict(state["numbers"])
        for optimizer, its_state in zip(self._optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(its_state)
        self.objective.layer_means, self.step = state["layer_means"], state["step"]


def read_state(file: Path) -> tuple[StyleNumbers, WeightPredictor]:
    """Read the components and the averaged predictor of a checkpoint.

    Raises:
        StyleError: it is missing, broken or of another version.
    """
    state: dict[str, Any] = read_checkpoint(file)
    numbers = StyleNumbers(len(state["numbers"]["mean"]))
    numbers.load_state_dict(state["numbers"])
    start = folded_weights(find_weights(START))
    predictor = WeightPredictor(start_weights(start, torch.rand(1, 3, CROP, CROP)))
    predictor.load_state_dict(state["average"])
    return numbers, predictor


def _loss_weights() -> LossWeights:
    """Weights of a training, with twice the style: once paints tints, three times holes."""
    usual = LossWeights()
    return replace(
        usual,
        style=2 * usual.style,
        patch=2**0.5 * usual.patch,
        tone=usual.tone * (1 + OWN_COLORS_TONE * OWN_COLORS),
    )


def _optimizers(predictor: WeightPredictor) -> list[Optimizer]:
    kernels, bases = list(predictor.kernels.values()), list(predictor.bases.values())
    known = {id(parameter) for parameter in (*kernels, *bases)}
    rest = [p for p in predictor.parameters() if id(p) not in known]
    adam = Adam(rest, RATES[2], betas=(0.9, 0.99))
    return [Muon(kernels, RATES[0]), StackedMuon(bases, RATES[1]), adam]


if __name__ == "__main__":
    main()
