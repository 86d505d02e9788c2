"""Int8 layout of the generator: operators on cells of 2x2 pixels widened to cells of 4x4.

A convolution with few channels is bound by memory access. Cells of 4x4 pixels have four times as
many channels at a quarter of the positions, which takes int8 arithmetic 80 % of the time. The file
holds each kernel once; nodes that run at load time widen it. Works on ONNX graphs and NumPy arrays
and needs no PyTorch; knows the names of the generator's layers.

Channel order of a 4x4 cell: its left and right half, in them its rows, in them two pixels. That is
eight bytes of RGBA, which are moved together. Features are in the order of the four fine cells (2x2
pixels), by rows.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import DTypeLike
from onnx import NodeProto, TensorProto, helper

from vidstyle.graph.compact import Array, Arrays
from vidstyle.network.architecture import FINE, GRID

REORDER_PREFIX = "apart"  # begins the names of the nodes that reorder features into fine cells
ENLARGE = "enlarge"  # name of the convolution that replaces the bilinear Resize
FINE_CELLS = FINE**2  # per cell
# Widened layers, and the copies of their bias vector: over fine cells, or over pixels.
COPIES = {"detail": FINE_CELLS, "paint": GRID**2, "skip": GRID**2}
# Bilinear weights in quarters, of three neighbors, for the first and the second half of a cell.
BILINEAR = np.array([[1, 3, 0], [0, 3, 1]])


def to_int8_layout(nodes: Sequence[NodeProto], arrays: Arrays, image: str) -> list[NodeProto]:
    """Rebuild an exported generator in the int8 layout; kernels of `COPIES` stay narrow.

    Widen these with `widened_kernel` or `widen_kernel_nodes`. At the border, upsampling reads zeros
    where Resize repeats the edge; input pictures have mirrored borders there anyway.

    Args:
        nodes: nodes that depend on the input, as from `fold_constants`.
        arrays: their constants; changed in place.
        image: name of the input.

    Returns:
        The nodes of the new graph.
    """
    convolutions = {node.name: node for node in nodes if node.op_type == "Conv"}
    stem, decision, detail, paint, skip = (
        _with_bias(convolutions[name], arrays)
        for name in ("stem", "decision", "detail", "paint", "skip")
    )
    features, pixels = len(arrays[detail.input[1]]), len(arrays[paint.input[1]])
    colors, row = pixels // FINE_CELLS, pixels // FINE
    arrays[stem.input[1]] = _transposed_cells(arrays[stem.input[1]])
    arrays[skip.input[1]] = arrays[skip.input[1]][:colors, :colors]
    arrays[paint.input[2]] = (arrays[paint.input[2]] + arrays[skip.input[2]])[:colors]
    dequantizer = next((n for n in nodes if n.op_type == "DequantizeLinear"), None)
    build = GraphBuilder(arrays, "cells")

    x = image if dequantizer else build("Transpose", [image], perm=[0, 2, 3, 1])
    sides = build("Shape", [x])
    grid = build("Div", [sides, np.array([1, GRID, GRID, colors])])
    order = build("Gather", [grid, np.array([0, 1, 3, 2, 3, 3])])
    x = build("Reshape", [x, build("Mul", [order, np.array([1, 1, GRID, 1, FINE, row])])])
    x = build("Transpose", [x], perm=[0, 1, 3, 4, 2, 5])
    x = build("Reshape", [x, np.array([0, 0, 0, FINE_CELLS * pixels])])
    x = build("Transpose", [x], perm=[0, 3, 1, 2])
    cells = build("DequantizeLinear", [x, *dequantizer.input[1:]]) if dequantizer else x

    stem.input[0] = cells
    start, end = (list(nodes).index(node) for node in (stem, decision))
    build.nodes += nodes[start : end + 1]
    enlarged = build(
        "Conv",
        [decision.output[0], _upsampling_kernel(build, features)],
        ENLARGE,
        pads=[1, 1, 1, 1],
    )
    detailed = build(
        "Conv",
        [cells, detail.input[1], build.repeated(detail.input[2], COPIES["detail"])],
        "detail",
    )
    x = build("Relu", [build("Add", [enlarged, detailed])])
    x = build("Transpose", [x], f"{REORDER_PREFIX}/0", perm=[0, 2, 3, 1])
    x = build("Reshape", [x, np.array([0, 0, 0, FINE, FINE * features])], f"{REORDER_PREFIX}/1")
    x = build("Transpose", [x], f"{REORDER_PREFIX}/2", perm=[0, 1, 3, 2, 4])
    fine_sides = build("Mul", [grid, np.array([1, FINE, FINE, features])])
    x = build("Reshape", [x, fine_sides], f"{REORDER_PREFIX}/3")
    x = build("Transpose", [x], f"{REORDER_PREFIX}/4", perm=[0, 3, 1, 2])
    bias = build.repeated(paint.input[2], COPIES["paint"])
    x = build("Conv", [x, paint.input[1], bias], "paint", strides=[FINE, FINE], pads=[1, 1, 1, 1])
    x = build("Add", [build("Conv", [cells, skip.input[1]], "skip"), x])

    x = build("QuantizeLinear", [x, *dequantizer.input[1:]]) if dequantizer else x
    x = build("Transpose", [x], perm=[0, 2, 3, 1])
    x = build("Reshape", [x, np.array([0, 0, 0, FINE, GRID, row])])
    x = build("Transpose", [x], perm=[0, 1, 4, 2, 3, 5])
    x = build("Reshape", [x, sides])
    if not dequantizer:
        (clip,) = (node for node in nodes if node.op_type == "Clip")
        x = build("Transpose", [x], perm=[0, 3, 1, 2])
        build("Clip", [x, *clip.input[1:]])
    build.nodes[-1].output[:] = nodes[-1].output
    return build.nodes


def from_int8_layout(weights: Arrays) -> Arrays:
    """Weights and biases by name, as before `to_int8_layout`; others are returned unchanged.

    The biases of `paint` and `skip` come back as their sum, in `paint`, since only that is stored.
    """
    if f"{ENLARGE}.weight" not in weights:
        return weights
    kept = {name: array for name, array in weights.items() if not name.startswith(ENLARGE)}
    kept["stem.weight"] = _transposed_cells(kept["stem.weight"])
    for name in COPIES:
        weight = kept[f"{name}.weight"]
        outputs, inputs = (side // FINE_CELLS for side in weight.shape[:2])
        kernel = weight[:outputs, :, :3, :3] if name == "paint" else weight[:outputs, :inputs]
        kept[f"{name}.weight"], kept[f"{name}.bias"] = kernel, kept[f"{name}.bias"][:outputs]
    return kept


def widened_kernel(name: str, kernel: Array) -> Array:
    """Widen a layer's kernel (OxIxHxW) to all fine cells, or pixels, of a cell; for calibration."""
    outputs, inputs = kernel.shape[:2]
    if name == "skip":
        each: Array = np.kron(np.eye(GRID**2, dtype=kernel.dtype), kernel[:, :, 0, 0])
        return each[..., np.newaxis, np.newaxis]
    if name == "detail":
        each = np.einsum("yxab,op->yxoabp", _cell_permutation(kernel.dtype), kernel[:, :, 0, 0])
        return each.reshape(FINE_CELLS * outputs, FINE_CELLS * inputs, 1, 1)
    for axis in (2, 3):
        ends = [[(0, 0)] * axis + [pad] + [(0, 0)] * (3 - axis) for pad in ((0, 1), (1, 0))]
        kernel = np.concatenate([np.pad(kernel, pads) for pads in ends])
    return kernel


def widen_kernel_nodes(name: str, code: str, shape: Sequence[int], build: "GraphBuilder") -> str:
    """Add the nodes that widen an int8 kernel at load time; return the name of their output.

    Args:
        name: name of the convolution.
        code: name of its int8 kernel, in the shape of `stored_shape`.
        shape: shape of the kernel, OxIxHxW.
        build: receives the nodes.
    """
    outputs, inputs = shape[:2]
    if name == "paint":
        for axis in (2, 3):
            copies = [
                build("Pad", [code, np.array(ends), "", np.array([axis])])
                for ends in ([0, 1], [1, 0])
            ]
            code = build("Concat", copies, axis=0)
        return code
    numbers = build("Cast", [code], to=TensorProto.INT64)
    places: str | Array
    if name == "skip":
        count = GRID**2
        places = build("Reshape", [_identity(build, count), np.array([count, 1, count, 1])])
    else:
        count = FINE_CELLS
        places = _cell_permutation(np.int64)[:, :, np.newaxis, :, :, np.newaxis]
    product = build("Mul", [places, numbers])
    large = build("Reshape", [product, np.array([count * outputs, count * inputs, 1, 1])])
    return build("Cast", [large], to=TensorProto.INT8)


def stored_shape(name: str, shape: Sequence[int]) -> tuple[int, ...]:
    """Stored shape of a kernel (OxIxHxW), as `widen_kernel_nodes` expects it."""
    outputs, inputs = shape[:2]
    return {"detail": (outputs, 1, 1, inputs), "skip": (outputs, 1, inputs)}.get(name, tuple(shape))


class GraphBuilder:
    """Builds a graph node by node.

    Args:
        arrays: constants of the graph; those of the nodes are added.
        prefix: begins the names of all tensors.
    """

    def __init__(self, arrays: Arrays, prefix: str) -> None:
        self.nodes: list[NodeProto] = []
        self._arrays, self._prefix = arrays, prefix

    def __call__(
        self, kind: str, inputs: Sequence[str | Array], name: str = "", **attributes: Any
    ) -> str:
        """Add a node and return the name of its output.

        Args:
            kind: ONNX operator.
            inputs: names of tensors, or arrays that become constants.
            name: name of the node.
            attributes: of the operator.
        """
        output = f"{self._prefix}/{len(self.nodes)}"
        names = [
            each if isinstance(each, str) else self._constant(f"{output}/{number}", each)
            for number, each in enumerate(inputs)
        ]
        self.nodes.append(helper.make_node(kind, names, [output], name=name, **attributes))
        return output

    def repeated(self, vector: str, times: int) -> str:
        """Add a Tile node that repeats a vector; return the name of its output."""
        return self("Tile", [vector, np.array([times])])

    def _constant(self, name: str, array: Array) -> str:
        self._arrays[name] = array
        return name


def _upsampling_kernel(build: GraphBuilder, channels: int) -> str:
    """Kernel of bilinear upsampling by 2, depthwise: features of the four fine cells of a cell."""
    places = build("Reshape", [_identity(build, channels), np.array([channels, channels, 1, 1])])
    shares = np.einsum("yi,xj->yxij", BILINEAR, BILINEAR).reshape(FINE_CELLS, 1, 1, 3, 3)
    sixteenths = build("Mul", [places, shares])
    kernel = build("Reshape", [sixteenths, np.array([FINE_CELLS * channels, channels, 3, 3])])
    code = build("Cast", [kernel], to=TensorProto.INT8)
    return build("DequantizeLinear", [code, np.array(1 / 16, np.float32)])


def _cell_permutation(kind: DTypeLike) -> Array:
    """Permutation (2x2x2x2) from fine cells in column order (pixels) to row order (features)."""
    one = np.eye(FINE, dtype=kind)
    cells: Array = np.einsum("yb,xa->yxab", one, one)
    return cells


def _identity(build: GraphBuilder, side: int) -> str:
    return build(
        "EyeLike", [build("ConstantOfShape", [np.array([side, side])])], dtype=TensorProto.INT64
    )


def _with_bias(convolution: NodeProto, arrays: Arrays) -> NodeProto:
    """Return the convolution; a bias of zeros is added where the exporter left it out."""
    if len(convolution.input) == 2:
        convolution.input.append(f"{convolution.name}/bias")
        outputs = len(arrays[convolution.input[1]])
        arrays[convolution.input[2]] = np.zeros(outputs, np.float32)
    return convolution


def _transposed_cells(weight: Array) -> Array:
    """A kernel on 4x4 cells, its input's fine cells from row to column order, or back."""
    outputs, inputs, height, width = weight.shape
    by_cell = weight.reshape(outputs, FINE, FINE, inputs // FINE_CELLS, height, width)
    return by_cell.swapaxes(1, 2).reshape(weight.shape)
