"""A painting in, a style out: teach a generator and export it."""

from collections.abc import Callable
from pathlib import Path

from vidstyle.apps.outputs import check_target
from vidstyle.errors import MissingExtraError, SinkError
from vidstyle.extras import install_hint
from vidstyle.options import TrainOptions
from vidstyle.training.results import TrainProgress, TrainResult, int8_path, torch_path

TRAIN_DEFAULTS = TrainOptions()


def train_style(
    painting: Path | str,
    output: Path | str | None = None,
    options: TrainOptions = TRAIN_DEFAULTS,
    report: Callable[[TrainProgress], None] = lambda _: None,
) -> TrainResult | None:
    """Teach a generator one painting and write it as ONNX.

    Beside the output stands a folder NAME.training with the checkpoint, `preview.png`, a contact
    sheet that grows while it learns, and `losses.png` at the end. Ctrl-C ends the run early:
    what there is by then is exported. Under `torchrun` all processes train one generator, and
    only the first one writes; the others return None.

    Args:
        painting: a picture file.
        output: ends in .onnx; NAME.onnx in the current folder if None.
        options: how.
        report: called after every step.

    Raises:
        VidstyleError: painting, photos, weights or checkpoint are of no use, or the disk is full.
        MissingExtraError: PyTorch is not installed.
    """
    painting = Path(painting)
    output = Path(output) if output else Path(f"{options.name or painting.stem}.onnx")
    if output.suffix != ".onnx":
        raise SinkError(f'Cannot write "{output.name}" as a style: the name must end in .onnx.')
    others = [int8_path(output)] * options.int8 + [torch_path(output)] * options.torch
    for file in (output, *others):
        check_target(painting, file, options.overwrite or options.resume)
    try:
        from vidstyle.training.run import run_session
    except ModuleNotFoundError as error:
        raise MissingExtraError(
            f"Training needs the package {error.name}. Install the extra: {install_hint('train')}."
        ) from error
    return run_session(painting, output, options, report)
