"""Training run, from the painting's file to the style's: data, checkpoints, preview, export."""

import hashlib
import os
import re
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from copy import deepcopy
from dataclasses import asdict, replace
from itertools import chain
from pathlib import Path
from typing import Any

import matplotlib.figure  # noqa: F401  (missing packages must show before the training, not after)
import onnxscript  # noqa: F401
import torch
import torch.distributed as dist

from vidstyle.errors import ELSEWHERE, Note, SinkError, StyleError, reason
from vidstyle.export.onnx import Pixels, export, export_torch, traced
from vidstyle.export.quantize import quantize
from vidstyle.hardware import usable_cores
from vidstyle.media.atomic import output_lock, short_name, whole_file
from vidstyle.media.owned_files import delete_own, delete_partials, foreign_entries
from vidstyle.media.style_image import read_painting
from vidstyle.network.architecture import LARGEST_BYTES, SIZE_CLASSES
from vidstyle.network.generator import Generator
from vidstyle.options import STROKE_LINES, TrainOptions
from vidstyle.perceptual.device import torch_device
from vidstyle.perceptual.zoo import load_features
from vidstyle.stylize.exposure import with_normal_exposure
from vidstyle.stylize.finish import Finish
from vidstyle.training.checkpoint import read_checkpoint
from vidstyle.training.data.dataset import Content, procedural_content, read_content
from vidstyle.training.data.examples import collage, read_examples
from vidstyle.training.data.painting import painting_tensor
from vidstyle.training.forecast import StepForecast
from vidstyle.training.objective import LossWeights
from vidstyle.training.preview import ContactSheet, plot_losses, preview_photos
from vidstyle.training.results import TrainProgress, TrainResult, int8_path, torch_path
from vidstyle.training.start import start_name, start_weights
from vidstyle.training.trainer import Trainer, TrainingSettings

Report = Callable[[TrainProgress], None]

STYLE_SIZE = 400  # px, the painting's short side at style scale 1
OWN_COLORS_TONE = 3.0  # extra tone loss at own colors 1, against the pull of the palette
PREVIEW_SHARE = 0.05  # of the run, between two columns of the contact sheet
CHECKPOINT = "checkpoint.pt"
RUN_FILES = re.compile(r"checkpoint\.pt|(step-\d{7}|preview|losses)\.png")  # files of a run
CHECKPOINT_EVERY_S = 60.0
CALIBRATION_PHOTOS = 16  # for the int8 form
GENERATED_NOTE = Note(
    "It learned on generated pictures. On photos their style loss was 14 % higher than that of a "
    "style learned on photos (1.97 and 1.73, the Starry Night): give a folder of some.",
    {"content": ...},
)


def run_session(
    painting: Path, output: Path, options: TrainOptions, report: Report
) -> TrainResult | None:
    """Run one training in this process; see `apps.train.train_style`.

    Returns:
        The result; None in the processes of `torchrun` other than the first.
    """
    folder = output.with_name(short_name(output.stem, ".training"))
    with _processes(options.device) as rank, ExitStack() as locks:
        torch.set_num_threads(_threads(options))
        settings = _settings(options)  # raises if the device is missing
        if rank == 0:
            for file in (output, int8_path(output), torch_path(output)):
                locks.enter_context(output_lock(file))
            _check_folder(folder, options)
        image = read_painting(painting)
        features = load_features(options.features, _path(options.feature_weights))
        name = "none" if options.resume else start_name(options, image)  # a checkpoint has its own
        start = start_weights(name)
        content, examples, warnings = _content(options)  # the slowest, so the last
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
            traced(SIZE_CLASSES[options.size], _pixels(options))  # so that the end is short
        run.open(options)
        finished = run.train()
        return run.close(output, options, finished, warnings) if rank == 0 else None


class _TrainingRun:
    """Trainer with its folder of checkpoint, contact sheet and loss curves."""

    def __init__(
        self,
        trainer: Trainer,
        folder: Path,
        fingerprint: dict[str, Any],
        report: Report,
        forecast: StepForecast,
        note: str,
    ) -> None:
        self.trainer, self.folder, self.fingerprint = trainer, folder, fingerprint
        self.report, self.forecast = report, forecast
        self.note = note  # reported after the next step
        self.warnings = list[str]()
        self.checkpoint = folder / CHECKPOINT
        self.sheet = ContactSheet(folder, preview_photos(trainer.content.images))
        self.saved_s = time.monotonic()
        self.shown = -1.0  # share of the run at the sheet's last column

    def open(self, options: TrainOptions) -> None:
        """Resume from the checkpoint, or start with an empty folder."""
        if options.resume:
            self.trainer.load(self.checkpoint, self.fingerprint)
            self.shown = self.trainer.done
            delete_partials(self.folder, RUN_FILES)
        elif self.trainer.rank == 0:
            _prepare_folder(self.folder)

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
            with suppress(OSError):
                delete_own(self.folder, RUN_FILES)
            raise
        return True

    def close(
        self, output: Path, options: TrainOptions, finished: bool, warnings: list[str]
    ) -> TrainResult:
        """Save the checkpoint, export the generator, and update preview and curves.

        After Ctrl-C without the forms that take seconds, so that the program ends at once.
        """
        trainer = self.trainer
        trainer.save(self.checkpoint, self.fingerprint)
        generator = deepcopy(trainer.finished_generator()).cpu()
        _export(generator, output, options)
        self.sheet.add(trainer.finished_generator(), trainer.step)
        plot_losses(trainer.history, self.folder / "losses.png")
        others, remarks = list[Path](), list[str]()
        if finished:
            others, remarks = _export_others(generator, trainer.content, output, options)
        else:
            remarks = _left_unwritten(output, options)
        remarks += _unwanted_forms(output, options)
        return TrainResult(
            output=output,
            folder=self.folder,
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
            trainer.save(self.checkpoint, self.fingerprint)
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


def _content(options: TrainOptions) -> tuple[Content, Content | None, list[str]]:
    """Training pictures with normalized exposure, their example paintings, and notes for the user.

    Pictures have that exposure at inference too; the examples are of the photos as they are.
    """
    if options.content is None:
        content, examples = procedural_content(seed=options.seed), None
        remarks = list[str]([GENERATED_NOTE])
    else:
        content, examples = _read_content(Path(options.content), options)
        remarks = _left_out(content)
    even = [with_normal_exposure(image) for image in content.images]
    return replace(content, images=even), examples, remarks


def _read_content(folder: Path, options: TrainOptions) -> tuple[Content, Content | None]:
    if options.examples is None:
        return read_content(folder, seed=options.seed), None
    return read_examples(Path(options.examples), folder, seed=options.seed)


def _left_out(content: Content) -> list[str]:
    """Notes on files that were not learned from."""
    notes = []
    if content.skipped:
        count = len(content.skipped)
        notes.append(f"{count} of {count + len(content.images)} skipped: {content.skipped[0]}")
    if content.results:
        files = "file" if content.results == 1 else "files"
        notes.append(
            f"{content.results} {files} made by vidstyle left out, as results are no photos"
        )
    return notes


def _check_folder(folder: Path, options: TrainOptions) -> None:
    """Check before any work: a checkpoint to resume from, or a folder that may be overwritten."""
    if options.resume:
        read_checkpoint(folder / CHECKPOINT)
    elif (folder.exists() or folder.is_symlink()) and not options.overwrite:
        raise SinkError(
            f"{folder} is left from an earlier run. Resume it, or start afresh by overwriting it.",
            {"resume": True},
            {"overwrite": True},
        )
    elif folder.exists() or folder.is_symlink():
        _check_ownership(folder)


def _check_ownership(folder: Path) -> None:
    """Check that a folder holds files of a training run only.

    Raises:
        SinkError: it is a link or a file, or holds other files.
    """
    choice = "Choose another output name."
    if folder.is_symlink() or not folder.is_dir():
        raise SinkError(f"{folder} is no folder of a training run. {choice}", ELSEWHERE)
    foreign = foreign_entries(folder, RUN_FILES)
    if not foreign and not _is_marked(folder):
        foreign = sorted(folder.iterdir())
    if foreign:
        raise SinkError(
            f"{folder} holds files that no training run wrote, such as {foreign[0].name}. {choice}",
            ELSEWHERE,
        )


def _is_marked(folder: Path) -> bool:
    """Whether a folder is empty, or holds a preview column or checkpoint of a training run."""
    if any(folder.glob("step-*.png")) or not any(folder.iterdir()):
        return True
    with suppress(StyleError):
        read_checkpoint(folder / CHECKPOINT)
        return True
    return False


def _prepare_folder(folder: Path) -> None:
    """Create the folder, or delete an earlier run's files in it."""
    try:
        if folder.exists():
            _check_ownership(folder)
            delete_own(folder, RUN_FILES)
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise SinkError(f"Cannot make {folder}: {reason(error)}.") from error


def file_metadata(options: TrainOptions) -> dict[str, str]:
    """Entries of the .onnx file's metadata that `OnnxGenerator` reads."""
    about = {"size_class": options.size, "light": "even"}
    plain = {"own_chroma": 0.0, "stroke_lines": STROKE_LINES} | asdict(Finish())
    chosen = {name: getattr(options, name) for name in plain}
    return about | {name: f"{v:g}" for name, v in chosen.items() if v != plain[name]}


def _export(generator: Generator, output: Path, options: TrainOptions) -> None:
    """Write the .onnx that computes in float32."""
    with _written(output, options) as file:
        export(generator, file, file_metadata(options), _pixels(options))
    _check_size(output, options)


def _export_others(
    generator: Generator, content: Content, output: Path, options: TrainOptions
) -> tuple[list[Path], list[str]]:
    """Write the int8 and PyTorch forms; return their paths, and notes."""
    others, remarks = list[Path](), list[str]()
    if options.int8:
        try:
            with _written(int8_path(output), options) as file:
                quantize(output, content.images[:CALIBRATION_PHOTOS], file)
        except StyleError as error:
            remarks.append(f"{_without_int8(output, options)}. {error}")
        else:
            _check_size(int8_path(output), options)
            others.append(int8_path(output))
    if options.torch:
        with _written(torch_path(output), options) as file:
            export_torch(generator, file)
        others.append(torch_path(output))
    return others, remarks


@contextmanager
def _written(path: Path, options: TrainOptions) -> Iterator[Path]:
    """Yield a partial file to write, which gets the final name afterwards.

    Raises:
        SinkError: it cannot be written, or the name was taken during the run.
    """
    try:
        with whole_file(path, replace=options.overwrite or options.resume) as file:
            yield file
    except OSError as error:
        raise SinkError(f"Cannot write {path}: {reason(error)}.") from error


def _check_size(file: Path, options: TrainOptions) -> None:
    size = file.stat().st_size
    if size > LARGEST_BYTES[options.size]:
        raise StyleError(f"{file} has {size:,} bytes, too many for its class.")


def _without_int8(output: Path, options: TrainOptions) -> str:
    """Delete the int8 form that was to be replaced, so that none of another painting stays.

    Returns:
        A message on what is there now.
    """
    file = int8_path(output)
    if options.overwrite or options.resume:
        with suppress(OSError):
            file.unlink(missing_ok=True)
    return f"{file.name} is of an earlier run" if file.exists() else "There is no int8 form"


def _unwanted_forms(output: Path, options: TrainOptions) -> list[str]:
    """Notes on forms that are beside the output, but are none of this run."""
    unwanted = [int8_path(output)] * (not options.int8) + [torch_path(output)] * (not options.torch)
    return [
        f"{file.name} is of an earlier run. Delete it if it is of another painting."
        for file in unwanted
        if file.exists()
    ]


def _left_unwritten(output: Path, options: TrainOptions) -> list[str]:
    """Notes on forms that take seconds and were left out after Ctrl-C."""
    wanted = [int8_path(output)] * options.int8 + [torch_path(output)] * options.torch
    notes = list[str]()
    for file in wanted:
        state = "is of an earlier run" if file.exists() else "is missing"
        text = f"{file.name} {state}, as stopping leaves it out. Resume and finish to get it."
        notes.append(Note(text, {"resume": True}))
    return notes


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


def _pixels(options: TrainOptions) -> Pixels:
    return "uint8" if options.pixels == "uint8" else "float"


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
