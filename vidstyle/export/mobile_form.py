"""Mobile form of a generator: the same network from five plain operators, for GPUs and phones.

Space to depth is part of the first convolutions, which move by a cell of pixels. No size is
computed, no tensor has more than four dimensions, and the output is not clipped, so that an
accelerator takes the whole graph. Built as an ONNX graph, which `tflite` and `coreml` translate
node by node.

One transposed convolution in the place of the last convolution and its depth to space took LiteRT
five times as long in float, and 1.4 times as long in int8.
"""

import numpy as np
from onnx import ModelProto, TensorProto, helper

from vidstyle.graph.compact import Array, Arrays, build_model, fold_constants
from vidstyle.graph.int8_layout import GraphBuilder
from vidstyle.graph.weights import generator_weights
from vidstyle.network.architecture import FINE, GRID

IMAGE, PAINTED = "image", "painted"  # names of the input and the output
COLORS = 3
ENLARGED = np.array([1, 1, FINE, FINE], np.float32)


def mobile_form(model: ModelProto) -> ModelProto:
    """Rebuild a generator in the mobile form: `image` to `painted`, Nx3xHxW float32 RGB 0..1.

    The output may leave 0..1. Sides are multiples of `GRID`. Metadata is not copied.

    Args:
        model: .onnx by `export` or `quantize`; not changed.

    Raises:
        StyleError: the model is no generator of this package.
    """
    weights, arrays = generator_weights(model), Arrays()
    build = GraphBuilder(arrays, "mobile")

    def convolution(name: str, x: str, step: int = 1, dilation: int = 1) -> str:
        """Add a convolution; with a step, on pixels that `network` has in cells of that side."""
        kernel = cell_kernel(weights[f"{name}.weight"], step)
        pad = dilation * (kernel.shape[-1] - step) // 2
        more = {"strides": [step] * 2, "dilations": [dilation] * 2, "pads": [pad] * 4}
        return build("Conv", [x, kernel, weights[f"{name}.bias"]], name, **more)

    x = build("Relu", [convolution("stem", IMAGE, GRID)])
    for block, dilation in enumerate(block_dilations(model)):
        narrow = build("Relu", [convolution(f"blocks.{block}.narrow", x, dilation=dilation)])
        x = build("Add", [x, convolution(f"blocks.{block}.wide", narrow)])
    x = build("Resize", [convolution("decision", x), "", ENLARGED], mode="linear")
    x = build("Relu", [build("Add", [x, convolution("detail", IMAGE, FINE)])])
    x = build("Add", [convolution("skip", IMAGE, FINE), convolution("paint", x)])
    build("DepthToSpace", [x], blocksize=FINE)
    build.nodes[-1].output[0] = PAINTED
    return build_model(_ends(), build.nodes, arrays)


def cell_kernel(weight: Array, side: int) -> Array:
    """Kernel on pixels that equals a kernel on cells of pixels.

    Args:
        weight: OxIxHxW; inputs in the order of `network.generator.as_cells`, applied once for
            cells of 2x2 pixels, twice for cells of 4x4.
        side: of a cell: 1, 2 or 4 px.

    Returns:
        OxCx(H*side)x(W*side), for C colors.
    """
    outputs, inputs, rows, columns = weight.shape
    levels = side.bit_length() - 1  # of cells within cells
    colors = inputs // side**2
    split = weight.reshape(outputs, *[FINE] * (2 * levels), colors, rows, columns)
    color = 2 * levels + 1
    order = (0, color, color + 1, *range(1, color, 2), color + 2, *range(2, color, 2))
    kernel = split.transpose(order).reshape(outputs, colors, rows * side, columns * side)
    return np.ascontiguousarray(kernel)


def block_dilations(model: ModelProto) -> list[int]:
    """Dilation of each residual block."""
    nodes, _ = fold_constants(model)
    narrow = [node for node in nodes if node.op_type == "Conv" and node.name.endswith(".narrow")]
    return [
        next((a.ints[0] for a in node.attribute if a.name == "dilations"), 1) for node in narrow
    ]


def _ends() -> ModelProto:
    """A model without nodes, with the input and the output of the mobile form."""
    shape: list[str | int | None] = ["n", COLORS, f"{GRID}*rows", f"{GRID}*columns"]
    image, painted = (
        helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name in (IMAGE, PAINTED)
    )
    return helper.make_model(helper.make_graph([], "ends", [image], [painted]))
