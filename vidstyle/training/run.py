"""Training run, from the painting's file to the style's: preparation, steps, preview, export."""

import hashlib
import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from copy import deepcopy
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any

import matplotlib.figure  # noqa: F401  (missing packages must show before the training, not after)
import onnxscript  # noqa: F401
import torch
import torch.distributed as dist

from vidstyle.hardware import usable_cores
from vidstyle.media.atomic import short_name
from vidstyle.media.output_lock import output_lock
from vidstyle.media.style_image import read_painting
from vidstyle.options import TrainOptions
from vidstyle.perceptual.device import torch_device
from vidstyle.perceptual.zoo import load_features
from vidstyle.training.data.content import training_content
from vidstyle.training.data.dataset import Content
from vidstyle.training.data.examples import collage
from vidstyle.training.data.painting import painting_tensor
from vidstyle.training.forecast import StepForecast
from vidstyle.training.objective import LossWeights
from vidstyle.training.preview import ContactSheet, plot_losses, preview_photos
from vidstyle.training.results import TrainProgress, TrainResult, int8_path, torch_path
from vidstyle.training.run_folder import RunFolder
from vidstyle.training.start import start_name, start_weights
from vidstyle.training.style_files import (
    notes_on_earlier_forms,
    notes_on_missing_forms,
    trace_ahead,
    write_other_forms,
    write_style,
)
from vidstyle.training.trainer import Trainer, TrainingSettings

Report = Callable[[TrainProgress], None]

STYLE_SIZE = 400  # px, the painting's short side at style scale 1
OWN_COLORS_TONE = 3.0  # extra tone loss at own colors 1, against the pull of the palette
PREVIEW_SHARE = 0.05  # of the run, between two columns of the contact sheet
CHECKPOINT_EVERY_S = 60.0


def run_session(
    painting: Path, output: Path, options: TrainOptions, report: Report
) -> TrainResult | None:
    """Run one training in this process; see `apps.train.train_style`.

    Returns:
        The result; None in the processes of `torchrun` other than the first.
    """
    folder = RunFolder(output.with_name(short_name(output.stem, ".training")))
    with _processes(options.device) as rank, ExitStack() as locks:
        torch.set_num_threads(_threads(options))
        settings = _settings(options)  # raises if the device is missing
        if rank == 0:
            for file in (output, int8_path(output), torch_path(output)):
                locks.enter_context(output_lock(file))
            folder.check(options)
        image = read_painting(painting)
        features = load_features(options.features, _path(options.feature_weights))
        name = "none" if options.resume else start_name(options, image)  # a checkpoint has its own
        start = start_weights(name)
        content, examples, warnings = training_content(options)  # the slowest, so the last
        style_image = painting_tensor(image, round(STYLE_SIZE * options.style_scale))
        if examples is not None:
            style_image = collage(examples.images, options.seed)
        trainer = Trainer(settings, style_image, content, features, start, examples)
        fingerprint = _fingerprint(painting, [content, *filter(None, [examples])], options)
        chosen = options.start_from == "auto" and name != "none"
        note = (
            f"Starts from {name}, the shipped style with the nearest brushwork." if chosen else ""
        )
        run = _TrainingRun(trainer, folder, fingerprint, report, StepForecast(options), note)
        if rank == 0:
            trace_ahead(options)
        run.open(options)
        finished = run.train()
        return run.close(output, options, finished, warnings) if rank == 0 else None


class _TrainingRun:
    """Trainer with its folder of checkpoint, contact sheet and loss curves."""

    def __init__(
        self,
        trainer: Trainer,
        folder: RunFolder,
        fingerprint: dict[str, Any],
        report: Report,
        forecast: StepForecast,
        note: str,
    ) -> None:
        self.trainer, self.folder, self.fingerprint = trainer, folder, fingerprint
        self.report, self.forecast = report, forecast
        self.note = note  # reported after the next step
        self.warnings = list[str]()
        self.sheet = ContactSheet(folder.path, preview_photos(trainer.content.images))
        self.saved_s = time.monotonic()
        self.shown = -1.0  # share of the run at the sheet's last column

    def open(self, options: TrainOptions) -> None:
        """Resume from the checkpoint, or start with an empty folder."""
        if options.resume:
            self.trainer.load(self.folder.checkpoint, self.fingerprint)
            self.shown = self.trainer.done
            self.folder.delete_partials()
        elif self.trainer.rank == 0:
            self.folder.make_empty()

    def train(self) -> bool:
        """Train to the end; False if Ctrl-C ended the training early.

        Raises:
            KeyboardInterrupt: before the first step was finished.
        """
        try:
            self.trainer.run(self._after_step)
        except KeyboardInterrupt:
            if self.trainer.history:
                return False
            self.folder.delete()
            raise
        return True

    def close(
        self, output: Path, options: TrainOptions, finished: bool, warnings: list[str]
    ) -> TrainResult:
        """Save the checkpoint, export the generator, and update preview and curves.

        After Ctrl-C without the forms that take seconds, so that the program ends at once.
        """
        trainer = self.trainer
        trainer.save(self.folder.checkpoint, self.fingerprint)
        generator = deepcopy(trainer.finished_generator()).cpu()
        write_style(generator, output, options)
        self.sheet.add(trainer.finished_generator(), trainer.step)
        plot_losses(trainer.history, self.folder.curves)
        others, remarks = list[Path](), list[str]()
        if finished:
            others, remarks = write_other_forms(generator, trainer.content.images, output, options)
        else:
            remarks = notes_on_missing_forms(output, options)
        remarks += notes_on_earlier_forms(output, options)
        return TrainResult(
            output=output,
            folder=self.folder.path,
            steps=trainer.step,
            seconds=trainer.elapsed_s,
            output_bytes=output.stat().st_size,
            losses=trainer.recent_losses(),
            finished=finished,
            others=others,
            warnings=[*warnings, *self.warnings, *remarks],
        )

    def _after_step(self) -> None:
        trainer = self.trainer
        if trainer.rank != 0:
            return
        saving = time.monotonic() - self.saved_s >= CHECKPOINT_EVERY_S
        if saving:
            trainer.save(self.folder.checkpoint, self.fingerprint)
            self.saved_s = time.monotonic()
        if trainer.done - self.shown >= PREVIEW_SHARE:
            self.sheet.add(trainer.finished_generator(), trainer.step)
            self.shown = trainer.done
        warning = self.forecast.note(trainer.step, trainer.elapsed_s)
        if warning is not None:
            self.warnings.append(warning)
        note, self.note = warning or self.note, ""
        losses = trainer.recent_losses()
        self.report(TrainProgress(trainer.step, trainer.done, trainer.left_s, losses, saving, note))


def _settings(options: TrainOptions) -> TrainingSettings:
    weights = LossWeights()
    return TrainingSettings(
        size_class=options.size,
        steps=options.steps,
        seconds=options.minutes * 60,
        batch_size=options.batch,
        seed=options.seed,
        own_colors=options.own_colors,
        weights=replace(
            weights,
            style=weights.style * options.style_weight,
            patch=weights.patch * options.style_weight,
            content=weights.content * options.content_weight,
            tone=weights.tone * options.content_weight * (1 + OWN_COLORS_TONE * options.own_colors),
            structure=weights.structure * options.content_weight,
            tv=weights.tv * options.tv_weight,
            temporal=weights.temporal * options.temporal_weight,
        ),
        precision=_precision(options.precision, torch_device(options.device)),
        low_memory=options.low_memory,
        device=options.device,
    )


def _fingerprint(painting: Path, contents: list[Content], options: TrainOptions) -> dict[str, Any]:
    """Settings and hashes that a resumed run must share with the checkpoint's."""
    pictures = hashlib.sha256()
    for image in chain.from_iterable(content.images for content in contents):
        pictures.update(image.tobytes())
    return {
        "painting": hashlib.sha256(painting.read_bytes()).hexdigest(),
        "content": pictures.hexdigest(),
        "size": options.size,
        "features": options.features,
        "own-colors": options.own_colors,
        "style-scale": options.style_scale,
        "batch": options.batch,
        "seed": options.seed,
    }


def _precision(name: str, device: torch.device) -> torch.dtype:
    """Data type of autocast; "auto" is bfloat16 where the hardware accelerates it."""
    if name == "auto":
        gains = False  # on MPS, where it was not measured
        if device.type == "cuda":
            gains = torch.cuda.is_bf16_supported(including_emulation=False)
        elif device.type == "cpu":
            gains = torch.cpu._is_amx_tile_supported() or torch.cpu._is_avx512_bf16_supported()
        return torch.bfloat16 if gains else torch.float32
    return torch.bfloat16 if name == "bfloat16" else torch.float32


def _threads(options: TrainOptions) -> int:
    cores = options.threads or usable_cores()
    return max(1, cores // int(os.environ.get("LOCAL_WORLD_SIZE", "1")))


@contextmanager
def _processes(device: str) -> Iterator[int]:
    """Join the process group of `torchrun`, if there is one; yield the rank."""
    if int(os.environ.get("WORLD_SIZE", "1")) == 1:
        yield 0
        return
    dist.init_process_group("nccl" if torch_device(device).type == "cuda" else "gloo")
    try:
        yield dist.get_rank()
    finally:
        dist.destroy_process_group()


def _path(name: str | None) -> Path | None:
    return Path(name) if name else None
