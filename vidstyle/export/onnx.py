"""Export of a trained generator to .onnx, and to .pt2 for PyTorch; batch norms folded."""

import json
import logging
import warnings
from collections.abc import Mapping
from copy import deepcopy
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Literal, TypeVar

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import ModelProto, numpy_helper
from torch import Tensor, nn
from torch.export import Dim, ExportedProgram

from vidstyle.errors import StyleError
from vidstyle.graph.compact import (
    OPSET,
    as_stored,
    compacted,
    with_quantized_pixels,
    with_space_to_depth,
)
from vidstyle.graph.session import own_session
from vidstyle.graph.weights import generator_weights, weights_with_alpha
from vidstyle.media.atomic import write_whole
from vidstyle.network.architecture import FINE, GRID, Architecture
from vidstyle.network.generator import (
    ColorSkip,
    ConvNorm,
    Generator,
    PixelPaint,
    RoundableConv,
    fake_quantize,
)

LARGEST_SIDE = 8192  # px
LARGEST_DIFFERENCE = 1 / 255  # between ONNX Runtime and PyTorch, of any value of 0..1
Module = TypeVar("Module", bound=nn.Module)
Pixels = Literal["float", "uint8"]


class ExportModule(nn.Module):
    """Export wrapper of a folded generator: output clipped to 0..1; with `uint8`, RGBA pixels.

    Pixels have four bytes, because moving blocks of eight bytes takes a twentieth of the time of
    six, and a convolution of 16 channels half of the time of 12.
    """

    def __init__(self, generator: Generator, pixels: Pixels = "float") -> None:
        super().__init__()
        self.generator = generator if pixels == "float" else with_alpha(generator)
        self.pixels = pixels

    def forward(self, image: Tensor) -> Tensor:
        """Take and return Nx3xHxW float32 RGB 0..1 or, with `uint8`, NxHxWx4 uint8 RGBA."""
        if self.pixels == "float":
            painted: Tensor = self.generator(image)
            return painted.clamp(0, 1)
        return self._painted_bytes(image)

    def _painted_bytes(self, image: Tensor) -> Tensor:
        """Run on uint8 pixels; space to depth is done on bytes, which is faster than on floats."""
        fine = _space_to_depth(image)
        pixels, cells = (x.permute(0, 3, 1, 2).float() / 255 for x in (fine, _space_to_depth(fine)))
        painted = self.generator.painted(pixels, cells).clamp(0, 1)
        levels = (painted * 255).round().to(torch.uint8).permute(0, 2, 3, 1)
        count, rows, columns, channels = levels.shape
        row = channels // FINE
        strips = levels.reshape(count * rows, columns, FINE, row).transpose(1, 2)
        return strips.reshape(count, rows * FINE, columns * FINE, channels // FINE**2)


def _space_to_depth(x: Tensor) -> Tensor:
    """`network.generator.as_cells` for channels last: NxHxWxC to NxH/2xW/2x4C."""
    count, height, width, channels = x.shape
    rows, columns, row = height // FINE, width // FINE, FINE * channels
    strips = x.reshape(count * rows, FINE, columns, row).transpose(1, 2)
    return strips.reshape(count, rows, columns, FINE * row)


def export(
    generator: Generator,
    file: Path,
    about: dict[str, str] | None = None,
    pixels: Pixels = "float",
) -> None:
    """Write a generator as ONNX: input `image`, output `painted`, sides in multiples of four.

    Both are Nx3xHxW float32 RGB 0..1 or, with `pixels="uint8"`, NxHxWx4 uint8 RGBA, whose alpha is
    ignored and passed through. Convolution weights are stored as int8 with a scale per output
    channel, and expanded at load time: a quarter of the size, computed in float32.

    Args:
        generator: trained generator; not changed.
        file: .onnx to write.
        about: entries for the file's metadata.
        pixels: type of input and output.

    Raises:
        StyleError: ONNX Runtime and PyTorch differ on test images by more than 1/255.
        OSError: the file cannot be written.
    """
    model = compacted(
        _filled(traced(generator.architecture, pixels), folded(generator), pixels), about
    )
    _check(model, ExportModule(rounded(generator), pixels), pixels)
    write_whole(file, model.SerializeToString(deterministic=True))


@cache
def traced(architecture: Architecture, pixels: Pixels) -> ModelProto:
    """Trace the graph of an architecture, with arbitrary weights.

    It takes seconds, once per process; `export` fills in the trained weights in a moment. Called
    before a training, it keeps the end of one short.

    Args:
        architecture: of the generator.
        pixels: type of input and output.
    """
    generator = folded(Generator(architecture))
    for number, parameter in enumerate(generator.parameters()):
        parameter.fill_(number + 1)  # the exporter merges equal constants
    # The exporter warns that torchvision, which is not needed, is not installed.
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter's warnings about itself
        program = torch.onnx.export(
            ExportModule(generator, pixels).eval(),
            (_example_input(pixels),),
            input_names=["image"],
            output_names=["painted"],
            dynamic_shapes={"image": _dynamic_axes(pixels)},
            opset_version=OPSET,
            dynamo=True,
            verbose=False,
        )
    assert program is not None
    model = with_space_to_depth(program.model_proto)
    return with_quantized_pixels(model) if pixels == "uint8" else model


def _filled(model: ModelProto, trained: Generator, pixels: Pixels) -> ModelProto:
    """A copy of a traced model with the weights of a folded generator."""
    filled = deepcopy(model)
    weights = dict(ExportModule(trained, pixels).named_parameters())
    for tensor in filled.graph.initializer:
        if tensor.name in weights:
            tensor.CopyFrom(numpy_helper.from_array(weights[tensor.name].numpy(), tensor.name))
    return filled


def export_torch(
    generator: Generator, file: Path, metadata: Mapping[str, str] | None = None
) -> None:
    """Write a generator as .pt2 for `torch.export.load`: Nx3xHxW float32 RGB 0..1 in and out.

    Sides are multiples of four. The weights have the values of the .onnx, in float32. Loading the
    file takes PyTorch, but not this package.

    Args:
        generator: trained generator; not changed.
        file: .pt2 to write.
        metadata: stored as JSON in the extra file `vidstyle`.

    Raises:
        OSError: the file cannot be written.
    """
    program = torch.export.export(
        ExportModule(rounded(generator)).eval(),
        (_example_input("float"),),
        dynamic_shapes={"image": _dynamic_axes("float")},
    )
    _strip_metadata(program)
    encoded = BytesIO()  # PyTorch's own writer may abort the process on a full disk
    torch.export.save(program, encoded, extra_files={"vidstyle": json.dumps(dict(metadata or {}))})
    write_whole(file, encoded.getvalue())


def folded(generator: Generator) -> Generator:
    """A copy with batch norms folded into convolutions; rounds weights trained with rounding."""
    copy = fold_norms(deepcopy(generator)).eval().requires_grad_(False)
    for module in copy.modules():
        if isinstance(module, RoundableConv) and module.rounding:
            module.weight.copy_(fake_quantize(module.weight))
            module.rounding = False
    return copy


def rounded(generator: Generator) -> Generator:
    """A folded copy with the weights and biases exactly as `export` stores them."""
    copy = folded(generator)
    for parameter in copy.parameters():
        parameter.copy_(torch.from_numpy(as_stored(parameter.numpy())))
    return copy


def with_alpha(generator: Generator) -> Generator:
    """A copy of a folded generator for RGBA pixels; alpha passes through the color skip."""
    copy = deepcopy(generator)
    arrays = {name: parameter.data.numpy() for name, parameter in copy.named_parameters()}
    for name, array in weights_with_alpha(arrays).items():
        copy.get_parameter(name).data = torch.from_numpy(array)
    return copy


def folded_weights(file: Path) -> dict[str, Tensor]:
    """Read weights and biases from an .onnx by `export`, of any version so far, or `quantize`.

    Args:
        file: .onnx of a style.

    Returns:
        float32 tensors in the order of computation, by the names of a folded generator's
        parameters: `stem.weight` (OxIxHxW), `stem.bias`, `blocks.0.narrow.weight` and so on.
    """
    weights = generator_weights(onnx.load(file))
    return {name: torch.from_numpy(np.array(array)) for name, array in weights.items()}


def fold_norms(module: Module) -> Module:
    """Replace modules that fold into a plain convolution, as with batch norm, in place."""
    for name, child in module.named_children():
        if isinstance(child, ConvNorm | ColorSkip | PixelPaint):
            setattr(module, name, child.folded())
        else:
            fold_norms(child)
    return module


def _example_input(pixels: Pixels) -> Tensor:
    height, width = 16 * GRID, 24 * GRID
    if pixels == "float":
        return torch.zeros(2, 3, height, width)
    return torch.zeros(2, height, width, 4, dtype=torch.uint8)


def _dynamic_axes(pixels: Pixels) -> dict[int, Dim]:
    rows, columns = (Dim(n, min=2, max=LARGEST_SIDE // GRID) for n in ("rows", "columns"))
    first = 2 if pixels == "float" else 1
    return {0: Dim("n"), first: GRID * rows, first + 1: GRID * columns}


def _check(model: ModelProto, reference: ExportModule, pixels: Pixels) -> None:
    session = own_session(model.SerializeToString())
    for image in _test_images(pixels):
        (painted,) = session.run(None, {"image": image})
        with torch.no_grad():
            expected = reference(torch.from_numpy(image)).numpy()
        difference = np.abs(painted.astype(np.float32) - expected.astype(np.float32)).max()
        worst = difference if pixels == "float" else difference / 255
        if not worst <= LARGEST_DIFFERENCE:  # NaN fails too
            raise StyleError(
                f"ONNX Runtime and PyTorch differ by {worst * 255:.2f} levels of 255 on the "
                "exported generator. Nothing was written."
            )


def _test_images(pixels: Pixels) -> list[NDArray[np.generic]]:
    """A wide picture of noise and a tall one of gradients, of sizes that are no powers of two."""
    noise = np.random.default_rng(0).random((1, 3, 11 * GRID, 25 * GRID), np.float32)
    down, across = np.linspace(0, 1, 23 * GRID), np.linspace(1, 0, 9 * GRID)
    slope = np.stack(
        [np.add.outer(down, across) / 2, np.outer(down, across), np.outer(down**2, across)]
    )
    images = [noise, slope[np.newaxis].astype(np.float32)]
    if pixels == "float":
        return list(images)
    levels = [np.rint(image * 255).astype(np.uint8).transpose(0, 2, 3, 1) for image in images]
    return [np.concatenate([rgb, rgb[..., :1]], axis=-1) for rgb in levels]


def _strip_metadata(program: ExportedProgram) -> None:
    """Drop stack traces, which hold paths of the exporting machine."""
    for node in program.graph.nodes:
        for key in ("stack_trace", "nn_module_stack", "source_fn_stack"):
            node.meta.pop(key, None)
