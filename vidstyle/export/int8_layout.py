"""The same network, with all that it does to cells of 2x2 pixels done to four of them at once.

A convolution of few channels spends its time on fetching them. Cells of 4x4 pixels have four times
as many channels at a quarter of the places, which takes int8 arithmetic four fifths of the time.
A file holds each kernel once; it is laid out in fours when the file is loaded. Knows .onnx graphs
and arrays, but not PyTorch.

The channels of a cell of 4x4 pixels are here its left and right half, in them its rows, in them
two pixels: eight bytes, which move together. Features are those of its four fine cells, by rows.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import DTypeLike
from onnx import NodeProto, TensorProto, helper

from vidstyle.export.graph import Array, Arrays
from vidstyle.network.architecture import FINE, GRID

APART = "apart"  # the names of the nodes that move the features of fine cells begin so
ENLARGE = "enlarge"  # name of the convolution that stands for the bilinear Resize
FOUR = FINE**2
# What is laid out: copies of a vector over features, or over the colors of a pixel.
COPIES = {"detail": FOUR, "paint": GRID**2, "skip": GRID**2}
QUARTERS = np.array([[1, 3, 0], [0, 3, 1]])  # of three neighbors, in the first half and the second


def by_cells(nodes: Sequence[NodeProto], arrays: Arrays, image: str) -> list[NodeProto]:
    """Rebuild an exported network; the kernels of some convolutions are still to be laid out.

    Beyond the border it sees zeros where a Resize repeats; pictures are mirrored there anyway.

    Args:
        nodes: all that depend on the picture.
        arrays: their constants; changed in place.
        image: the input's name.
    """
    convolutions = {node.name: node for node in nodes if node.op_type == "Conv"}
    stem, decision, detail, paint, skip = (
        _with_bias(convolutions[name], arrays)
        for name in ("stem", "decision", "detail", "paint", "skip")
    )
    features, pixels = len(arrays[detail.input[1]]), len(arrays[paint.input[1]])
    colors, row = pixels // FOUR, pixels // FINE
    arrays[stem.input[1]] = _other_order(arrays[stem.input[1]])
    arrays[skip.input[1]] = arrays[skip.input[1]][:colors, :colors]
    arrays[paint.input[2]] = (arrays[paint.input[2]] + arrays[skip.input[2]])[:colors]
    taken = next((n for n in nodes if n.op_type == "DequantizeLinear"), None)
    build = Builder(arrays, "cells")

    x = image if taken else build("Transpose", [image], perm=[0, 2, 3, 1])
    sides = build("Shape", [x])
    grid = build("Div", [sides, np.array([1, GRID, GRID, colors])])
    order = build("Gather", [grid, np.array([0, 1, 3, 2, 3, 3])])
    x = build("Reshape", [x, build("Mul", [order, np.array([1, 1, GRID, 1, FINE, row])])])
    x = build("Transpose", [x], perm=[0, 1, 3, 4, 2, 5])
    x = build("Reshape", [x, np.array([0, 0, 0, FOUR * pixels])])
    x = build("Transpose", [x], perm=[0, 3, 1, 2])
    cells = build("DequantizeLinear", [x, *taken.input[1:]]) if taken else x

    stem.input[0] = cells
    start, end = (list(nodes).index(node) for node in (stem, decision))
    build.nodes += nodes[start : end + 1]
    enlarged = build(
        "Conv", [decision.output[0], _enlarging(build, features)], ENLARGE, pads=[1, 1, 1, 1]
    )
    detailed = build(
        "Conv",
        [cells, detail.input[1], build.repeated(detail.input[2], COPIES["detail"])],
        "detail",
    )
    x = build("Relu", [build("Add", [enlarged, detailed])])
    x = build("Transpose", [x], f"{APART}/0", perm=[0, 2, 3, 1])
    x = build("Reshape", [x, np.array([0, 0, 0, FINE, FINE * features])], f"{APART}/1")
    x = build("Transpose", [x], f"{APART}/2", perm=[0, 1, 3, 2, 4])
    fine_sides = build("Mul", [grid, np.array([1, FINE, FINE, features])])
    x = build("Reshape", [x, fine_sides], f"{APART}/3")
    x = build("Transpose", [x], f"{APART}/4", perm=[0, 3, 1, 2])
    bias = build.repeated(paint.input[2], COPIES["paint"])
    x = build("Conv", [x, paint.input[1], bias], "paint", strides=[FINE, FINE], pads=[1, 1, 1, 1])
    x = build("Add", [build("Conv", [cells, skip.input[1]], "skip"), x])

    x = build("QuantizeLinear", [x, *taken.input[1:]]) if taken else x
    x = build("Transpose", [x], perm=[0, 2, 3, 1])
    x = build("Reshape", [x, np.array([0, 0, 0, FINE, GRID, row])])
    x = build("Transpose", [x], perm=[0, 1, 4, 2, 3, 5])
    x = build("Reshape", [x, sides])
    if not taken:
        (clip,) = (node for node in nodes if node.op_type == "Clip")
        x = build("Transpose", [x], perm=[0, 3, 1, 2])
        build("Clip", [x, *clip.input[1:]])
    build.nodes[-1].output[:] = nodes[-1].output
    return build.nodes


def fine_again(weights: Arrays) -> Arrays:
    """Weights and biases by name as they were before `by_cells`, if it has made these.

    All but the biases of `paint` and `skip`, of which only the sum is known.
    """
    if f"{ENLARGE}.weight" not in weights:
        return weights
    kept = {name: array for name, array in weights.items() if not name.startswith(ENLARGE)}
    kept["stem.weight"] = _other_order(kept["stem.weight"])
    for name in COPIES:
        weight = kept[f"{name}.weight"]
        outputs, inputs = (side // FOUR for side in weight.shape[:2])
        kernel = weight[:outputs, :, :3, :3] if name == "paint" else weight[:outputs, :inputs]
        kept[f"{name}.weight"], kept[f"{name}.bias"] = kernel, kept[f"{name}.bias"][:outputs]
    return kept


def laid_out(name: str, kernel: Array) -> Array:
    """A kernel (OxIxHxW) for the four fine cells of a cell at once."""
    outputs, inputs = kernel.shape[:2]
    if name == "skip":
        each: Array = np.kron(np.eye(GRID**2, dtype=kernel.dtype), kernel[:, :, 0, 0])
        return each[..., np.newaxis, np.newaxis]
    if name == "detail":
        each = np.einsum("yxab,op->yxoabp", _same_cell(kernel.dtype), kernel[:, :, 0, 0])
        return each.reshape(FOUR * outputs, FOUR * inputs, 1, 1)
    for axis in (2, 3):
        ends = [[(0, 0)] * axis + [pad] + [(0, 0)] * (3 - axis) for pad in ((0, 1), (1, 0))]
        kernel = np.concatenate([np.pad(kernel, pads) for pads in ends])
    return kernel


def laying_out(name: str, code: str, shape: Sequence[int], build: "Builder") -> str:
    """Add the nodes that do the same to whole numbers in int8; return what they make.

    Args:
        name: of the convolution.
        code: its kernel, without height and width where these are 1: see `stored_shape`.
        shape: of that kernel, OxIxHxW.
        build: takes the nodes.
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
        count = FOUR
        places = _same_cell(np.int64)[:, :, np.newaxis, :, :, np.newaxis]
    product = build("Mul", [places, numbers])
    large = build("Reshape", [product, np.array([count * outputs, count * inputs, 1, 1])])
    return build("Cast", [large], to=TensorProto.INT8)


def stored_shape(name: str, shape: Sequence[int]) -> tuple[int, ...]:
    """The shape that `laying_out` takes a kernel (OxIxHxW) in."""
    outputs, inputs = shape[:2]
    return {"detail": (outputs, 1, 1, inputs), "skip": (outputs, 1, inputs)}.get(name, tuple(shape))


class Builder:
    """Collects nodes one by one, and their constants in `arrays`."""

    def __init__(self, arrays: Arrays, prefix: str) -> None:
        self.nodes: list[NodeProto] = []
        self._arrays, self._prefix = arrays, prefix

    def __call__(
        self, kind: str, inputs: Sequence[str | Array], name: str = "", **attributes: Any
    ) -> str:
        """Add a node of these inputs, some of them constants, and return its output."""
        output = f"{self._prefix}/{len(self.nodes)}"
        names = [
            each if isinstance(each, str) else self._constant(f"{output}/{number}", each)
            for number, each in enumerate(inputs)
        ]
        self.nodes.append(helper.make_node(kind, names, [output], name=name, **attributes))
        return output

    def repeated(self, vector: str, times: int) -> str:
        """Add what joins so many copies of a vector."""
        return self("Tile", [vector, np.array([times])])

    def _constant(self, name: str, array: Array) -> str:
        self._arrays[name] = array
        return name


def _enlarging(build: Builder, channels: int) -> str:
    """The kernel of bilinear interpolation to twice the size, each channel by itself."""
    places = build("Reshape", [_identity(build, channels), np.array([channels, channels, 1, 1])])
    shares = np.einsum("yi,xj->yxij", QUARTERS, QUARTERS).reshape(FOUR, 1, 1, 3, 3)
    sixteenths = build("Mul", [places, shares])
    kernel = build("Reshape", [sixteenths, np.array([FOUR * channels, channels, 3, 3])])
    code = build("Cast", [kernel], to=TensorProto.INT8)
    return build("DequantizeLinear", [code, np.array(1 / 16, np.float32)])


def _same_cell(kind: DTypeLike) -> Array:
    """1 where a fine cell of features (row, column) is one of pixels (column, row), else 0."""
    one = np.eye(FINE, dtype=kind)
    cells: Array = np.einsum("yb,xa->yxab", one, one)
    return cells


def _identity(build: Builder, side: int) -> str:
    return build(
        "EyeLike", [build("ConstantOfShape", [np.array([side, side])])], dtype=TensorProto.INT64
    )


def _with_bias(convolution: NodeProto, arrays: Arrays) -> NodeProto:
    """The convolution; a bias of zeros, which exporters leave out, is given back."""
    if len(convolution.input) == 2:
        convolution.input.append(f"{convolution.name}/bias")
        outputs = len(arrays[convolution.input[1]])
        arrays[convolution.input[2]] = np.zeros(outputs, np.float32)
    return convolution


def _other_order(weight: Array) -> Array:
    """A kernel on cells of 4x4 pixels whose fine cells stand by rows, for columns, or back."""
    outputs, inputs, height, width = weight.shape
    by_cell = weight.reshape(outputs, FINE, FINE, inputs // FOUR, height, width)
    return by_cell.swapaxes(1, 2).reshape(weight.shape)
