"""Trainer: optimization steps, schedules and checkpoint state; one process or several (DDP)."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor
from torch.nn.parallel import DistributedDataParallel
from torch.optim.swa_utils import AveragedModel

from vidstyle.errors import OptionError, StyleError
from vidstyle.network.architecture import SIZE_CLASSES
from vidstyle.network.generator import (
    Generator,
    freeze_norms,
    mirror_borders,
    round_weights,
    start_from,
)
from vidstyle.options import AUTO
from vidstyle.perceptual.color_transfer import gently_recolored, partial_color_map
from vidstyle.perceptual.device import torch_device
from vidstyle.perceptual.features import FeatureNetwork
from vidstyle.training.checkpoint import read_checkpoint, write_checkpoint
from vidstyle.training.data.augment import CameraMotion, with_noise
from vidstyle.training.data.dataset import Content
from vidstyle.training.interrupt import deferred_interrupt
from vidstyle.training.muon import Muon
from vidstyle.training.objective import MARGIN, LossWeights, Objective, StyleTargets

RECORD_EVERY = 10  # steps between records of the losses
AVERAGE_DECAY = 0.998  # per step, of the weights' moving average: colors drift from step to step
WARM_UP = 0.02  # share of the run with a rising learning rate
FREEZE_AT = 0.7  # share of the run after which batch norms use their running statistics
ROUND_AT = 0.8  # share of the run after which weights are rounded as in the file


@dataclass(frozen=True)
class TrainingSettings:
    """Hyperparameters of a training."""

    size_class: str = "55k"
    steps: int | None = None  # None: train for `seconds`
    seconds: float = 1200.0
    batch_size: int = 4  # of all processes together
    crop: int = 192  # px, without `objective.MARGIN`
    learning_rate: float = 4e-3
    own_colors: float = 0.0  # see `partial_color_map`
    weights: LossWeights = field(default_factory=LossWeights)
    seed: int = 0
    precision: torch.dtype = torch.float32
    low_memory: bool = False
    device: str = AUTO  # see `torch_device`


class Trainer:
    """Generator in training, with all state that a checkpoint needs for an exact continuation.

    Belongs to one thread. With torch.distributed, each process has its own, with synchronized
    gradients, losses and clocks.
    """

    def __init__(
        self,
        settings: TrainingSettings,
        painting: Tensor,
        content: Content,
        features: FeatureNetwork,
        start: dict[str, Tensor] | None = None,
        examples: Content | None = None,
    ) -> None:
        """Prepare step 0.

        Args:
            settings: hyperparameters.
            painting: style image, 1x3xHxW float32 RGB 0..1.
            content: training pictures.
            features: feature network of the losses.
            start: folded weights of a trained generator, see `network.start_from`; None for random
                weights.
            examples: paintings of the training pictures, in their order and sizes, to paint alike;
                None to paint them in the painting's colors.

        Raises:
            OptionError: the batch size is not divisible by the number of processes, or the device
                is missing.
            StyleError: `start` is of another architecture.
        """
        torch.manual_seed(settings.seed)
        self.settings, self.content, self.examples = settings, content, examples
        self.rank, self.processes = 0, 1
        if dist.is_initialized():
            self.rank, self.processes = dist.get_rank(), dist.get_world_size()
        if settings.batch_size % self.processes:
            raise OptionError(
                f"batch must be a multiple of {self.processes}, the processes.", "batch"
            )
        self.device = torch_device(settings.device, self.rank)
        features = features.to(self.device)
        self.objective = Objective(
            features,
            StyleTargets.of(features, painting.to(self.device)),
            settings.weights,
            settings.low_memory,
        )
        sample = content.crops(16, self._crop_size, 0, settings.seed)  # in all processes the same
        matrix, offset = partial_color_map(
            sample.transpose(0, 1).flatten(1)[:, ::7],
            painting[0].flatten(1),
            settings.own_colors,
        )
        self.color_map = matrix.to(self.device), offset.to(self.device)
        self.generator = Generator(SIZE_CLASSES[settings.size_class])
        mirror_borders(self.generator)
        if start is not None:
            start_from(self.generator, start, sample)
        self.generator.set_color_map(matrix, offset)
        self.generator.to(self.device)
        self.average = AveragedModel(
            self.generator,
            avg_fn=_averaged,
            use_buffers=True,
        )
        self.trained_module: torch.nn.Module = self.generator
        if self.processes > 1:
            # Broadcasts the first process's running statistics too: all freeze the same ones.
            self.trained_module = DistributedDataParallel(self.generator)
        self.optimizers = _optimizers(self.generator, settings.learning_rate)
        self.step, self.elapsed_s = 0, 0.0
        self.history: list[dict[str, float]] = []

    @property
    def done(self) -> float:
        """Progress of the run, 0..1, in steps or time."""
        settings = self.settings
        share = self.step / settings.steps if settings.steps else self.elapsed_s / settings.seconds
        return min(1.0, share)

    @property
    def left_s(self) -> float:
        """Estimated time to the end, in seconds."""
        if not self.settings.steps:
            return max(0.0, self.settings.seconds - self.elapsed_s)
        return (self.settings.steps - self.step) * self.elapsed_s / max(1, self.step)

    def recent_losses(self) -> dict[str, float]:
        """Weighted losses by name, averaged over the last 100 steps."""
        records = self.history[-100 // RECORD_EVERY :]
        names = [name for name in records[0] if name not in ("step", "seconds")] if records else []
        return {name: sum(r[name] for r in records) / len(records) for name in names}

    def run(self, after_step: Callable[[], None] = lambda: None) -> None:
        """Train to the end.

        After KeyboardInterrupt the state is that after the last complete step.

        Args:
            after_step: called after each step, in the same thread.

        Raises:
            StyleError: a gradient is not finite.
        """
        previous_s = time.monotonic()
        while not self._all_done():
            losses = self._learn()
            with deferred_interrupt():  # half an update would be in the checkpoint
                self._update()
                self.step += 1
                now_s = time.monotonic()
                self.elapsed_s, previous_s = self.elapsed_s + now_s - previous_s, now_s
                if self.step % RECORD_EVERY == 0 or self.step == 1:
                    self.history.append({"step": self.step, "seconds": self.elapsed_s, **losses})
            after_step()

    def finished_generator(self) -> Generator:
        """Generator with the moving average of the weights, for preview and export."""
        generator = self.average.module
        assert isinstance(generator, Generator)
        return generator.eval()

    def _learn(self) -> dict[str, float]:
        """Compute the gradients of a step; an interrupted step leaves no trace.

        Returns:
            Weighted losses by name.
        """
        statistics = [buffer.clone() for buffer in self.generator.buffers()]
        layer_means = self.objective.layer_means.clone()
        try:
            return self._gradients()
        except KeyboardInterrupt:
            for buffer, before in zip(self.generator.buffers(), statistics, strict=True):
                buffer.copy_(before)
            self.objective.layer_means = layer_means
            raise

    def _gradients(self) -> dict[str, float]:
        settings, done = self.settings, self.done
        torch.manual_seed(hash((settings.seed, self.step, self.rank)) % 2**63)
        self.generator.train()
        if done > FREEZE_AT:
            freeze_norms(self.generator)
        if done > ROUND_AT:
            round_weights(self.generator)
        losses = self._losses(self._crops(self.content))
        self.generator.zero_grad()
        torch.stack(list(losses.values())).sum().backward()  # type: ignore[no-untyped-call]
        norm = torch.nn.utils.clip_grad_norm_(self.generator.parameters(), 1.0)
        if not norm.isfinite():
            raise StyleError(
                f"Training went astray at step {self.step + 1}: a gradient is not a number. "
                "Resume from the last checkpoint in float32, or start afresh with another seed.",
                {"resume": True, "precision": "float32"},
                {"seed": ...},
            )
        return dict(zip(losses, self._shared(torch.stack(list(losses.values()))), strict=True))

    def _update(self) -> None:
        for optimizer in self.optimizers:
            for group in optimizer.param_groups:
                group["lr"] = self.settings.learning_rate * learning_rate_at(self.done)
            optimizer.step()
        self.average.update_parameters(self.generator)

    def _shared(self, values: Tensor) -> list[float]:
        """Mean over all processes, each of which has a part of the batch."""
        means = values.detach().clone()
        if self.processes > 1:
            dist.all_reduce(means)
        shared: list[float] = (means / self.processes).tolist()
        return shared

    def _losses(self, photos: Tensor) -> dict[str, Tensor]:
        motion = CameraMotion.random(photos)
        moved = with_noise(motion.apply(photos))
        low = self.settings.precision != torch.float32
        with torch.autocast(self.device.type, self.settings.precision, enabled=low):
            painted, again = self.trained_module(torch.cat([photos, moved])).float().chunk(2)
        if self.examples is None:
            target = gently_recolored(photos, *self.color_map)
            return self.objective.losses(target, painted, again, motion)
        examples = self._crops(self.examples)
        losses = self.objective.losses(examples, painted, again, motion)
        return losses | {"pixel": self.objective.pixel_loss(examples, painted)}

    def _crops(self, content: Content) -> Tensor:
        """The step's crops; of photos and examples the same places."""
        count = self.settings.batch_size // self.processes
        crops = content.crops(count, self._crop_size, self.step + 1, self.settings.seed, self.rank)
        return crops.to(self.device)

    @property
    def _crop_size(self) -> int:
        return self.settings.crop + 2 * MARGIN

    def _all_done(self) -> bool:
        """Whether the run is over; with several processes, the first one decides."""
        if self.processes == 1:
            return self.done >= 1
        share = torch.tensor([self.done, self.elapsed_s], dtype=torch.float64, device=self.device)
        dist.broadcast(share, src=0)
        self.elapsed_s = float(share[1])  # one clock for all processes: schedules must agree
        return float(share[0]) >= 1

    def save(self, file: Path, about: dict[str, Any]) -> None:
        """Write a checkpoint.

        Args:
            file: path to write.
            about: entries that `load` compares, such as hashes of the data.

        Raises:
            SinkError: the file cannot be written; the previous one is kept.
        """
        state = {
            "generator": self.generator.state_dict(),
            "average": self.average.state_dict(),
            "optimizers": [optimizer.state_dict() for optimizer in self.optimizers],
            "layer_means": self.objective.layer_means,
            "step": self.step,
            "elapsed_s": self.elapsed_s,
            "history": self.history,
        }
        write_checkpoint(file, about, state)

    def load(self, file: Path, about: dict[str, Any]) -> None:
        """Continue from a checkpoint that was saved with the same `about`.

        Args:
            file: path to read.
            about: entries that must equal those of the checkpoint.

        Raises:
            StyleError: the checkpoint is missing, broken, of another version, or of another run.
        """
        state = read_checkpoint(file, about)
        self.generator.load_state_dict(state["generator"])
        self.average.load_state_dict(state["average"])
        for optimizer, its_state in zip(self.optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(its_state)
        self.objective.layer_means = state["layer_means"]
        self.step, self.elapsed_s = state["step"], state["elapsed_s"]
        self.history = state["history"]


def _optimizers(generator: Generator, learning_rate: float) -> list[torch.optim.Optimizer]:
    """Muon for convolution kernels; Adam for batch norms, biases and the color skip."""
    rest = [p for p in generator.parameters() if p.ndim < 4 or p is generator.skip.weight]
    kernels = [p for p in generator.parameters() if all(p is not other for other in rest)]
    return [Muon(kernels, learning_rate), torch.optim.Adam(rest, learning_rate)]


def learning_rate_at(done: float) -> float:
    """Learning rate over its maximum at a progress of 0..1: linear warm-up, cosine down to 2 %."""
    return max(0.02, min(1.0, done / WARM_UP, (1 + math.cos(math.pi * done)) / 2))


def _averaged(average: Tensor, latest: Tensor, count: Tensor | int) -> Tensor:
    """Exponential moving average of weights; with a shorter memory in the first steps."""
    decay = min(AVERAGE_DECAY, (1 + int(count)) / (10 + int(count)))
    return average + (latest - average) * (1 - decay)
