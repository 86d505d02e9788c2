"""Forms of a style for other runtimes: built from its .onnx, with a painter to compare them by.

The packages of a runtime are imported when its form is built.
"""

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import onnx
from onnx import ModelProto

from vidstyle.assets import models_folder
from vidstyle.export.comparison import Difference, Paint, compare, painter_of, real_pictures
from vidstyle.export.int8_scales import int8_steps
from vidstyle.export.mobile_form import mobile_form
from vidstyle.export.triton import triton_files
from vidstyle.frame import RGBImage, resize
from vidstyle.graph.compact import compacted
from vidstyle.graph.quantize import quantize
from vidstyle.graph.weights import generator_weights
from vidstyle.media.image_file import read_photo
from vidstyle.options import ExportOptions

COMPARED_SIZE = (640, 360)  # of forms that take any size
CALIBRATION_SIDE = 360  # px, the shorter one


@dataclass(frozen=True, slots=True)
class Form:
    """A form of a style, compared with it."""

    content: bytes | dict[str, bytes]  # of a file, or of the files of a folder, by path in it
    difference: Difference
    metadata: dict[str, str]  # of the style

    @property
    def size(self) -> int:
        """Bytes of all files together."""
        if isinstance(self.content, bytes):
            return len(self.content)
        return sum(map(len, self.content.values()))


def build_form(name: str, float32: bytes, int8: bytes | None, options: ExportOptions) -> Form:
    """Build a form of a style and compare it with the style on real pictures.

    Args:
        name: of a model in a model repository.
        float32: the style's .onnx.
        int8: its int8 form, by `quantize`; needed for int8.
        options: runtime, form, precision and size.

    Raises:
        ModuleNotFoundError: a package of the runtime is missing.
        StyleError: the style has no such form, or one that paints differently.
    """
    source = float32 if int8 is None or not options.int8 else int8
    content, paint = _built(name, source, options)
    width, height = options.sides or COMPARED_SIZE
    original = onnx.load_model_from_string(float32)
    difference = compare(paint, painter_of(original), real_pictures(width, height))
    difference.check(options.int8)
    return Form(content, difference, metadata_of(original))


def metadata_of(model: ModelProto) -> dict[str, str]:
    """Metadata entries of a model."""
    return {entry.key: entry.value for entry in model.metadata_props}


def calibrated(file: Path) -> bytes:
    """Quantize a style on the pictures that ship with the package; return the int8 .onnx.

    Raises:
        StyleError: the style is no generator of this package, or not fit for int8.
    """
    generator_weights(onnx.load(file))
    with TemporaryDirectory() as folder:
        output = Path(folder) / "generator.int8.onnx"
        quantize(file, _shipped_pictures(), output)
        return output.read_bytes()


def _built(
    name: str, source: bytes, options: ExportOptions
) -> tuple[bytes | dict[str, bytes], Paint]:
    model = onnx.load_model_from_string(source)
    if options.to == "torch":
        from vidstyle.export.torch_form import paint_with_torch, torch_file

        content = torch_file(model)
        return content, partial(paint_with_torch, content)
    about = metadata_of(model)
    if options.to in ("onnx", "triton"):
        if options.mobile:
            model = compacted(mobile_form(model), about)
            source = model.SerializeToString(deterministic=True)
        triton = options.to == "triton"
        return triton_files(name, model, options.sides) if triton else source, painter_of(model)
    mobile, size = mobile_form(model), options.sides
    assert size is not None
    if options.to == "coreml":
        from vidstyle.export.coreml import coreml_files

        return coreml_files(mobile, size, about), painter_of(mobile)
    from vidstyle.export.tflite import paint_with_tflite, tflite_file

    content = tflite_file(mobile, size, int8_steps(model) if options.int8 else None, about)
    return content, partial(paint_with_tflite, content)


def _shipped_pictures() -> list[RGBImage]:
    """All pictures that ship with the package, at the size for calibration."""
    files = [
        *models_folder().glob("photos/*.jpg"),
        *sorted(models_folder().glob("paintings/*.jpg")),
    ]
    return [_reduced(read_photo(file)) for file in files]


def _reduced(picture: RGBImage) -> RGBImage:
    scale = min(1, CALIBRATION_SIDE / min(picture.shape[:2]))
    return resize(picture, *(round(scale * side) for side in picture.shape[1::-1]))
