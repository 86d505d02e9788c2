"""Export of a style to other runtimes: phones, browsers, GPUs, servers."""

import json
import os
import re
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vidstyle.apps.arguments import check_arguments
from vidstyle.apps.outputs import check_target
from vidstyle.errors import ELSEWHERE, MissingExtraError, SinkError, StyleError, reason
from vidstyle.extras import install_hint
from vidstyle.media.atomic import write_folder, write_whole
from vidstyle.media.output_lock import output_lock
from vidstyle.media.owned_files import foreign_entries
from vidstyle.options import ExportOptions
from vidstyle.results import FileResult
from vidstyle.stylize.catalog import find_style, find_weights, style_name
from vidstyle.stylize.generator import OnnxGenerator
from vidstyle.training.results import int8_path

if TYPE_CHECKING:
    from vidstyle.export.forms import Form

PALETTE_NOTE = (
    "The painting's colors are not in the network: apply the map of colors in its metadata, "
    "palette, to what it paints."
)
EXPORT_DEFAULTS = ExportOptions()
SUFFIXES = {
    "onnx": ".onnx",
    "tflite": ".tflite",
    "coreml": ".mlpackage",
    "torch": ".pt2",
    "web": ".tflite",
    "triton": "",
}
INT8_ENDING = ".int8.onnx"  # of names of int8 forms
MARKS = {"coreml": "Manifest.json", "triton": "config.pbtxt"}  # in forms that are folders
FOLDER_FILES = {  # own entries of such a folder, as of `foreign_entries`
    "coreml": re.compile(
        r"Manifest\.json|Data/(com\.apple\.CoreML/(model\.mlmodel|weights/(weight\.bin)?)?)?"
    ),
    "triton": re.compile(r"config\.pbtxt|1/(model\.onnx)?"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportResult(FileResult):
    """Result of exporting a style, with its difference from the style on real pictures."""

    output: Path
    style: str
    to: str
    mean_difference: float  # absolute, of all values, in levels of 255
    largest_difference: int  # of one value, in levels of 255
    similarity: float  # mean SSIM, 0..1
    others: list[Path] = field(default_factory=list)  # the numbers for a web page


def export_style(
    style: Path | str, output: Path | str | None = None, options: ExportOptions = EXPORT_DEFAULTS
) -> ExportResult:
    """Export a style to another runtime, after a comparison with it on real pictures.

    The style's own file is read, never changed. `coreml` and `triton` write a folder; `web` writes
    a .tflite file and beside it a .json file with the numbers that a page needs. Callable from any
    thread.

    Args:
        style: name of a shipped style, or path of an .onnx file of a style.
        output: path to write; None for a name in the current folder.
        options: runtime, form, precision and size.

    Raises:
        MissingExtraError: a package of the runtime is not installed.
        VidstyleError: the style is unknown, has no such form or one that paints differently, or
            the output cannot be written.
        TypeError: an argument has the wrong type; the message names it.
    """
    check_arguments(options, ExportOptions, output)
    started = time.monotonic()
    style = os.fspath(style)
    file, name, to = _style_file(style), style_name(style), options.to
    output = Path(output) if output else Path(name + SUFFIXES[to])
    others = [output.with_suffix(".json")] if to == "web" else []
    _check_outputs(file, output, others, options)
    generator = OnnxGenerator(file)  # refuses files that are no generators
    with output_lock(output):
        form = _form(style, file, output.name, options)
        numbers = _web_numbers(name, generator, options)
        try:
            if isinstance(form.content, dict):
                write_folder(output, form.content, replace=options.overwrite)
            else:
                write_whole(output, form.content, replace=options.overwrite)
            for other in others:
                write_whole(other, numbers.encode(), replace=options.overwrite)
        except OSError as error:
            raise SinkError(f"Cannot write {output}: {reason(error)}.") from error
    return ExportResult(
        output=output,
        output_bytes=form.size,
        seconds=time.monotonic() - started,
        style=name,
        to=to,
        mean_difference=form.difference.mean,
        largest_difference=form.difference.largest,
        similarity=form.difference.similarity,
        warnings=[PALETTE_NOTE] if "palette" in form.metadata and to != "onnx" else [],
        others=others,
    )


def _form(style: str, file: Path, name: str, options: ExportOptions) -> "Form":
    """Build and compare a style's form.

    Raises:
        MissingExtraError: a package of the runtime is not installed.
        StyleError: as `build_form`.
    """
    try:
        from vidstyle.export.forms import build_form, calibrated

        int8 = _int8_form(style) or calibrated(file) if options.int8 else None
        return build_form(name, file.read_bytes(), int8, options)
    except ModuleNotFoundError as error:
        extra = "train" if options.to == "torch" else "export"
        raise MissingExtraError(
            f"Exporting to {options.to} needs the package {error.name}. Install the extra, here "
            f"or in an environment of its own: {install_hint(extra)}."
        ) from error


def _style_file(style: str) -> Path:
    """The .onnx of a style in float32."""
    if Path(style).suffix != ".onnx" and Path(style).is_file():
        raise StyleError(
            f"{style} is no .onnx file. Make a style of a painting first, by vidstyle style."
        )
    return find_weights(style)


def _int8_form(style: str) -> bytes | None:
    """The int8 .onnx of a style, if it has one."""
    if style.endswith(INT8_ENDING):
        file = Path(style)
    else:
        file = int8_path(Path(style)) if style.endswith(".onnx") else find_style(style)
    return file.read_bytes() if file.is_file() else None


def _check_outputs(file: Path, output: Path, others: list[Path], options: ExportOptions) -> None:
    """Check before any work that the outputs have the right name and can be written."""
    suffix = SUFFIXES[options.to]
    if suffix and output.suffix != suffix:
        raise SinkError(
            f'Cannot write "{output.name}" for {options.to}: the name must end in {suffix}.'
        )
    if options.to in MARKS and output.exists():
        _check_folder(output, options)
        return
    for target in [output, *others]:
        check_target(file, target, options.overwrite)


def _check_folder(output: Path, options: ExportOptions) -> None:
    """Check that an existing output is the folder of an earlier export, and may be replaced."""
    if not (output / MARKS[options.to]).is_file():
        raise SinkError(f"{output} is no earlier export. Choose another name.", ELSEWHERE)
    try:
        foreign = foreign_entries(output, FOLDER_FILES[options.to])
    except OSError as error:
        raise SinkError(f"Cannot read {output}: {reason(error)}.") from error
    if foreign:
        raise SinkError(
            f"{output} holds files that no export wrote, such as "
            f"{foreign[0].relative_to(output).as_posix()}. Choose another name.",
            ELSEWHERE,
        )
    if not options.overwrite:
        raise SinkError(
            f"{output} exists. Allow overwriting, or choose another name.",
            {"overwrite": True},
            ELSEWHERE,
        )


def page_numbers(generator: OnnxGenerator) -> dict[str, Any]:
    """Numbers around a style's network that a page needs, for JSON."""
    return {
        "border": generator.border,
        "normalizes_exposure": generator.normalizes_exposure,
        "own_chroma": generator.own_chroma,
        "abstraction": generator.abstraction,
        "smoothing": generator.smoothing,
        "palette": generator.palette and generator.palette.numbers,
        "finish": asdict(generator.finish),
        "stroke_lines": generator.stroke_lines,
    }


def _web_numbers(name: str, generator: OnnxGenerator, options: ExportOptions) -> str:
    width, height = options.sides or (None, None)
    about = {"name": name, "width": width, "height": height}
    return json.dumps(about | page_numbers(generator), indent=2)
