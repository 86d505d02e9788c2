"""Style training: a generator trained on one painting and exported to ONNX."""

from collections.abc import Callable
from pathlib import Path

from vidstyle.apps.arguments import check_arguments
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
    """Train a generator on one painting and export it as ONNX.

    A folder NAME.training beside the output holds the checkpoint, `preview.png`, a contact sheet
    that grows during the training, and at the end `losses.png`. Ctrl-C ends the training early
    and exports the generator as it is. Under `torchrun` all processes train one generator; only
    the first one writes, and the others return None.

    Threads: callable from any thread; Ctrl-C is noticed in the main thread only.

    Args:
        painting: path of the picture file of the painting.
        output: path that ends in .onnx; None for NAME.onnx in the current folder.
        options: size class, duration, loss weights, data and exports.
        report: called by the calling thread after every step.

    Raises:
        VidstyleError: the painting, the photos, the weights or the checkpoint cannot be used, or
            an output cannot be written.
        MissingExtraError: PyTorch is not installed.
        TypeError: an argument has the wrong type; the message names it.
    """
    check_arguments(options, TrainOptions, output, report=report)
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
