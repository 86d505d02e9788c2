"""Teach a generator one painting: steps, schedule, checkpoints; one process or several."""

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
from vidstyle.perceptual.color_transfer import gently_recolored, partial_color_map
from vidstyle.perceptual.features import FeatureNetwork
from vidstyle.training.checkpoint import read_checkpoint, write_checkpoint
from vidstyle.training.data.augment import CameraMotion, with_noise
from vidstyle.training.data.dataset import Content
from vidstyle.training.muon import Muon
from vidstyle.training.objective import MARGIN, LossWeights, Objective

RECORD_EVERY = 10  # steps, of the loss curves
AVERAGE_DECAY = 0.998  # a step, of the weights' moving average: single steps wander in color
WARM_UP = 0.02  # share of the run
FREEZE_AT = 0.7  # share from which the statistics that will be folded are learned with
ROUND_AT = 0.8  # share from which the weights are rounded as they will be stored


@dataclass(frozen=True)
class TrainingSettings:
    """What a run needs, beside painting, content and features, to be repeated."""

    size_class: str = "55k"
    steps: int | None = None  # None: as many as `seconds` allow
    seconds: float = 1200.0
    batch_size: int = 4  # over all processes
    crop: int = 192  # px, without the margin
    learning_rate: float = 4e-3
    own_colors: float = 0.0  # see `partial_color_map`
    weights: LossWeights = field(default_factory=LossWeights)
    seed: int = 0
    precision: torch.dtype = torch.float32
    low_memory: bool = False


class Trainer:
    """A generator on its way, and everything a checkpoint must hold to go on exactly there."""

    def __init__(
        self,
        settings: TrainingSettings,
        painting: Tensor,
        content: Content,
        features: FeatureNetwork,
        start: dict[str, Tensor] | None = None,
    ) -> None:
        """Prepare step 0.

        Args:
            settings: how to train.
            painting: 1x3xHxW float32 RGB 0..1.
            content: pictures to learn on.
            features: the network that judges.
            start: folded weights of a finished generator, see `network.start_from`.

        Raises:
            OptionError: the batch cannot be shared out evenly among the processes.
            StyleError: `start` is of another architecture.
        """
        torch.manual_seed(settings.seed)
        self.settings, self.content = settings, content
        self.rank, self.processes = 0, 1
        if dist.is_initialized():
            self.rank, self.processes = dist.get_rank(), dist.get_world_size()
        if settings.batch_size % self.processes:
            raise OptionError(
                f"batch must be a multiple of {self.processes}, the processes.", "batch"
            )
        self.device = _device(self.rank)
        self.objective = Objective(
            features.to(self.device),
            painting.to(self.device),
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
        self.learner: torch.nn.Module = self.generator
        if self.processes > 1:
            # Hands out the first one's statistics too: all must freeze the same.
            self.learner = DistributedDataParallel(self.generator)
        self.optimizers = _optimizers(self.generator, settings.learning_rate)
        self.step, self.elapsed_s = 0, 0.0
        self.history: list[dict[str, float]] = []

    @property
    def done(self) -> float:
        """The share of the run that is behind us, 0 to 1."""
        settings = self.settings
        share = self.step / settings.steps if settings.steps else self.elapsed_s / settings.seconds
        return min(1.0, share)

    @property
    def left_s(self) -> float:
        """Seconds to the end at the present pace."""
        if not self.settings.steps:
            return max(0.0, self.settings.seconds - self.elapsed_s)
        return (self.settings.steps - self.step) * self.elapsed_s / max(1, self.step)

    def recent_losses(self) -> dict[str, float]:
        """The mean of the last hundred steps' losses, each times its weight."""
        records = self.history[-100 // RECORD_EVERY :]
        names = [name for name in records[0] if name not in ("step", "seconds")] if records else []
        return {name: sum(r[name] for r in records) / len(records) for name in names}

    def run(self, after_step: Callable[[], None] = lambda: None) -> None:
        """Train to the end, calling `after_step` after each step."""
        previous_s = time.monotonic()
        while not self._all_done():
            losses = self._learn()
            self.step += 1
            now_s = time.monotonic()
            self.elapsed_s, previous_s = self.elapsed_s + now_s - previous_s, now_s
            if self.step % RECORD_EVERY == 0 or self.step == 1:
                self.history.append({"step": self.step, "seconds": self.elapsed_s, **losses})
            after_step()

    def finished_generator(self) -> Generator:
        """The average of the last few hundred steps' weights: what is shown and exported."""
        generator = self.average.module
        assert isinstance(generator, Generator)
        return generator.eval()

    def _learn(self) -> dict[str, float]:
        settings, done = self.settings, self.done
        torch.manual_seed(hash((settings.seed, self.step, self.rank)) % 2**63)
        self.generator.train()
        if done > FREEZE_AT:
            freeze_norms(self.generator)
        if done > ROUND_AT:
            round_weights(self.generator)
        for optimizer in self.optimizers:
            for group in optimizer.param_groups:
                group["lr"] = settings.learning_rate * learning_rate_at(done)
        losses = self._losses(self._crops())
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
        for optimizer in self.optimizers:
            optimizer.step()
        self.average.update_parameters(self.generator)
        return dict(zip(losses, self._shared(torch.stack(list(losses.values()))), strict=True))

    def _shared(self, values: Tensor) -> list[float]:
        """The means over all processes: each has seen other pictures."""
        means = values.detach().clone()
        if self.processes > 1:
            dist.all_reduce(means)
        shared: list[float] = (means / self.processes).tolist()
        return shared

    def _losses(self, photos: Tensor) -> dict[str, Tensor]:
        motion = CameraMotion.random(photos)
        moved = with_noise(motion.moved(photos))
        low = self.settings.precision != torch.float32
        with torch.autocast(self.device.type, self.settings.precision, enabled=low):
            painted, again = self.learner(torch.cat([photos, moved])).float().chunk(2)
        target = gently_recolored(photos, *self.color_map)
        return self.objective.losses(target, painted, again, motion)

    def _crops(self) -> Tensor:
        count = self.settings.batch_size // self.processes
        crops = self.content.crops(
            count, self._crop_size, self.step + 1, self.settings.seed, self.rank
        )
        return crops.to(self.device)

    @property
    def _crop_size(self) -> int:
        return self.settings.crop + 2 * MARGIN

    def _all_done(self) -> bool:
        """Whether it is over; with several processes, whether the first one says so."""
        if self.processes == 1:
            return self.done >= 1
        share = torch.tensor([self.done, self.elapsed_s], dtype=torch.float64, device=self.device)
        dist.broadcast(share, src=0)
        self.elapsed_s = float(share[1])  # one clock for all: schedules must agree
        return float(share[0]) >= 1

    def save(self, file: Path, about: dict[str, Any]) -> None:
        """Write a checkpoint.

        Raises:
            SinkError: the disk refused; the old one is still there.
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
        """Go on from a checkpoint that was saved with the same `about`.

        Raises:
            StyleError: there is none, it is broken, or of another version, painting or size.
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
    """Muon for what mixes channels; Adam for the rest: norms, biases and the color skip."""
    rest = [p for p in generator.parameters() if p.ndim < 4 or p is generator.skip.weight]
    kernels = [p for p in generator.parameters() if all(p is not other for other in rest)]
    return [Muon(kernels, learning_rate), torch.optim.Adam(rest, learning_rate)]


def learning_rate_at(done: float) -> float:
    """Its share of the highest one: a short linear warm-up, then a cosine down to 2 %."""
    return max(0.02, min(1.0, done / WARM_UP, (1 + math.cos(math.pi * done)) / 2))


def _averaged(average: Tensor, latest: Tensor, count: Tensor | int) -> Tensor:
    """The moving average with one more; short at first, so that the start is soon forgotten."""
    decay = min(AVERAGE_DECAY, (1 + int(count)) / (10 + int(count)))
    return average + (latest - average) * (1 - decay)


def _device(rank: int) -> torch.device:
    if torch.cuda.is_available():
        return torch.device("cuda", rank % torch.cuda.device_count())
    return torch.device("cpu")
