"""Scales of a quantized generator's tensors and kernels, for other runtimes than ONNX Runtime.

Tensors are known by role, which is the same in all forms of a generator: `stem`, `sum.0` and so on.
"""

from collections.abc import Sequence

import numpy as np
from onnx import ModelProto, NodeProto

from vidstyle.export.mobile_form import IMAGE
from vidstyle.graph.compact import Array, fold_constants
from vidstyle.network.architecture import LARGEST_CODE

ZERO = 128  # of uint8, the zero of int8
LEVELS = 255
SMALLEST_CODE = 8  # largest integer of a channel at least; pixels of a cell share one scale
# Bilinear interpolation keeps the scale in LiteRT, so its input and its output share one. That of
# the output is finer, since a ReLU follows; clipped to its range before the interpolation, edges
# fray. This far between both ranges, int8 is nearer to float32 than in ONNX Runtime in all 23
# shipped styles; at 0, `mondrian` is 1.6 times as far.
DECISION_SHARE = 0.35

Step = tuple[float, int]  # scale and zero point of int8


def tensor_roles(nodes: Sequence[NodeProto]) -> dict[str, str]:
    """Role of each computed tensor: its convolution's name, `enlarge`, or `sum.0` and so on.

    A tensor that another operator made has the role of that operator's input.
    """
    roles, sums = dict[str, str](), 0
    for node in nodes:
        role = roles.get(node.input[0], "")
        if node.op_type == "Conv":
            role = node.name
        elif node.op_type == "Resize":
            role = "enlarge"
        elif node.op_type == "Add":
            role, sums = f"sum.{sums}", sums + 1
        roles[node.output[0]] = role
    return roles


def int8_steps(quantized: ModelProto) -> dict[str, Step]:
    """Scale and zero point of each tensor of a generator, by role, and of `image`.

    Args:
        quantized: .onnx by `quantize`.
    """
    nodes, arrays = fold_constants(quantized)
    roles = tensor_roles(nodes)
    steps = {
        roles[node.input[0]]: (float(arrays[node.input[1]]), int(arrays[node.input[2]]) - ZERO)
        for node in nodes
        if node.op_type == "QuantizeLinear"
    }
    shared = _between(steps["enlarge"], steps["decision"], DECISION_SHARE)
    return steps | {"enlarge": shared, "decision": shared, IMAGE: (1 / LEVELS, -ZERO)}


def int8_kernel(weight: Array) -> tuple[Array, Array]:
    """Integers and scales that a kernel was dequantized from.

    Args:
        weight: OxIxHxW, by channel a multiple of integers up to `LARGEST_CODE`.

    Returns:
        Integers, OxIxHxW int8, and scales, O float32.
    """
    largest = np.maximum(np.abs(weight).max(axis=(1, 2, 3), keepdims=True), 1e-12)
    best, code, least = largest, np.zeros_like(weight), np.full_like(largest, np.inf)
    for count in range(LARGEST_CODE, SMALLEST_CODE - 1, -1):
        scale = largest / count
        rounded = np.rint(weight / scale)
        error = np.abs(weight - rounded * scale).sum(axis=(1, 2, 3), keepdims=True)
        better = error < least
        best, code, least = (
            np.where(better, new, old)
            for new, old in ((scale, best), (rounded, code), (error, least))
        )
    return code.astype(np.int8), best.ravel().astype(np.float32)


def _between(first: Step, second: Step, share: float) -> Step:
    """Scale and zero point of a range that lies between those of two others."""
    low, high = (
        sum(
            part * (end - zero) * scale
            for part, (scale, zero) in ((1 - share, first), (share, second))
        )
        for end in (-ZERO, LEVELS - ZERO)
    )
    scale = (high - low) / LEVELS
    return scale, round(-low / scale) - ZERO
