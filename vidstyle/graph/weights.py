"""Weights of a generator's layers in .onnx files: read in any layout, and replaced; no PyTorch."""

from pathlib import Path

import numpy as np
import onnx
from onnx import ModelProto

from vidstyle.errors import StyleError
from vidstyle.graph.compact import (
    Array,
    Arrays,
    build_model,
    compacted,
    convolution_weights,
    fold_constants,
)
from vidstyle.graph.int8_layout import from_int8_layout
from vidstyle.network.architecture import FINE, PIXELS

# Axes of a generator's weights that run over the colors of pixels.
PIXEL_AXES: dict[str, tuple[int, ...]] = {
    "stem.weight": (1,),
    "detail.weight": (1,),
    "paint.weight": (0,),
    "paint.bias": (0,),
    "skip.weight": (0, 1),
    "skip.bias": (0,),
}


def generator_weights(model: ModelProto) -> Arrays:
    """Weights and biases of a generator, float32, for RGB pixels.

    Args:
        model: .onnx by `export`, of any version so far, or by `quantize`.

    Returns:
        Arrays in the order of computation, by the names of a folded generator's parameters:
        `stem.weight` (OxIxHxW), `stem.bias`, `blocks.0.narrow.weight` and so on.

    Raises:
        StyleError: the model is no generator of this package.
    """
    weights = from_int8_layout(convolution_weights(model))
    if not {*PIXEL_AXES, "decision.weight", "blocks.0.narrow.weight"} <= set(weights):
        raise StyleError(
            "The file is no network of vidstyle: its layers have other names. Use an .onnx file of "
            "vidstyle train or vidstyle style."
        )
    return without_alpha(weights)


def filled(template: Path, weights: Arrays) -> ModelProto:
    """A compact generator with the graph and the metadata of another one, and other weights.

    Args:
        template: .onnx by `export`, whose pixels are uint8 RGBA.
        weights: as from `generator_weights`, of the template's architecture.
    """
    model = onnx.load(template)
    nodes, arrays = fold_constants(model)
    widened = weights_with_alpha(weights)
    for node in (node for node in nodes if node.op_type == "Conv"):
        for name, part in zip(node.input[1:], ("weight", "bias"), strict=True):
            arrays[name] = widened[f"{node.name}.{part}"].astype(np.float32)
    about = {entry.key: entry.value for entry in model.metadata_props}
    return compacted(build_model(model, nodes, arrays), about)


def weights_with_alpha(weights: Arrays) -> Arrays:
    """Weights of a folded generator for RGBA pixels; alpha passes through the color skip."""
    widened = dict(weights)
    for name, sides in PIXEL_AXES.items():
        for side in sides:
            widened[name] = with_zero_channel(widened[name], side)
    alpha = np.arange(3, 4 * FINE**2, 4)
    widened["skip.weight"][alpha, alpha] = 1
    return widened


def without_alpha(weights: Arrays) -> Arrays:
    """Weights of a folded generator, by name, reduced from RGBA to RGB pixels."""
    if weights["skip.bias"].size == PIXELS:
        return weights
    kept = dict(weights)
    for name, sides in PIXEL_AXES.items():
        for side in sides:
            kept[name] = kept[name].compress(np.arange(kept[name].shape[side]) % 4 != 3, axis=side)
    return kept


def with_zero_channel(weights: Array, side: int) -> Array:
    """Insert a zero after every third channel of an axis."""
    return np.insert(weights, np.arange(3, weights.shape[side] + 1, 3), 0, axis=side)
