"""Files of a trained style: float32 .onnx, int8 and PyTorch forms, and notes on those left out."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path

from vidstyle.errors import Note, SinkError, StyleError, reason
from vidstyle.export.onnx import Pixels, export, export_torch, traced
from vidstyle.frame import RGBImage
from vidstyle.graph.quantize import quantize
from vidstyle.media.atomic import whole_file
from vidstyle.network.architecture import LARGEST_BYTES, SIZE_CLASSES
from vidstyle.network.generator import Generator
from vidstyle.options import STROKE_LINES, TrainOptions
from vidstyle.stylize.finish import Finish
from vidstyle.training.results import int8_path, torch_path

CALIBRATION_PHOTOS = 16  # for the int8 form
PLAIN_LOOK: dict[str, float] = {  # of a file whose metadata do not have the entries
    "own_chroma": 0.0,
    "abstraction": 0.0,
    "smoothing": 0.0,
    "stroke_lines": STROKE_LINES,
    **asdict(Finish()),
}


def trace_ahead(options: TrainOptions) -> None:
    """Trace the generator's graph before the training, so that the export after it is short."""
    traced(SIZE_CLASSES[options.size], _pixels(options))


def write_style(generator: Generator, output: Path, options: TrainOptions) -> None:
    """Write the .onnx that computes in float32.

    Raises:
        SinkError: it cannot be written, or its name was taken during the training.
        StyleError: it is too large for its size class.
    """
    with _written(output, options) as file:
        export(generator, file, file_metadata(options), _pixels(options))
    _check_size(output, options)


def write_other_forms(
    generator: Generator, images: Sequence[RGBImage], output: Path, options: TrainOptions
) -> tuple[list[Path], list[str]]:
    """Write the int8 and PyTorch forms that the options ask for, beside the .onnx.

    Args:
        generator: trained network, on the CPU.
        images: content of the training, HxWx3 uint8 RGB; the first ones calibrate the int8 form.
        output: path of the .onnx, which is written.
        options: of the training.

    Returns:
        Paths of the forms, and notes for the user on one that could not be made.

    Raises:
        SinkError, StyleError: as `write_style`.
    """
    others, remarks = list[Path](), list[str]()
    if options.int8:
        try:
            with _written(int8_path(output), options) as file:
                quantize(output, images[:CALIBRATION_PHOTOS], file)
        except StyleError as error:
            remarks.append(f"{_without_int8(output, options)}. {error}")
        else:
            _check_size(int8_path(output), options)
            others.append(int8_path(output))
    if options.torch:
        with _written(torch_path(output), options) as file:
            export_torch(generator, file, file_metadata(options))
        others.append(torch_path(output))
    return others, remarks


def notes_on_earlier_forms(output: Path, options: TrainOptions) -> list[str]:
    """Notes on forms that are beside the output, but are none of this run."""
    unwanted = [int8_path(output)] * (not options.int8) + [torch_path(output)] * (not options.torch)
    return [
        f"{file.name} is of an earlier run. Delete it if it is of another painting."
        for file in unwanted
        if file.exists()
    ]


def notes_on_missing_forms(output: Path, options: TrainOptions) -> list[str]:
    """Notes on forms that take seconds and were left out after Ctrl-C."""
    wanted = [int8_path(output)] * options.int8 + [torch_path(output)] * options.torch
    notes = list[str]()
    for file in wanted:
        state = "is of an earlier run" if file.exists() else "is missing"
        text = f"{file.name} {state}, as stopping leaves it out. Resume and finish to get it."
        notes.append(Note(text, {"resume": True}))
    return notes


def file_metadata(options: TrainOptions) -> dict[str, str]:
    """Entries of the .onnx file's metadata that `OnnxGenerator` reads."""
    about = {"size_class": options.size, "light": "even"}
    chosen = {name: getattr(options, name) for name in PLAIN_LOOK}
    return about | {name: f"{v:g}" for name, v in chosen.items() if v != PLAIN_LOOK[name]}


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


def _pixels(options: TrainOptions) -> Pixels:
    return "uint8" if options.pixels == "uint8" else "float"
