"""Weights of a generator's layers, read from its .onnx file in any layout; no PyTorch."""

import numpy as np
from onnx import ModelProto

from vidstyle.errors import StyleError
from vidstyle.graph.compact import Array, Arrays, convolution_weights
from vidstyle.graph.int8_layout import from_int8_layout
from vidstyle.network.architecture import PIXELS

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
