"""Toy generators: tiny ONNX networks in place of trained ones."""

from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper


def save_adder(path: Path) -> Path:
    """Save a network with two inputs, their sum as output: not a valid generator."""
    shape: list[int | str] = [1, 3, "h", "w"]
    names = ("photo", "mask")
    graph = helper.make_graph(
        [helper.make_node("Add", names, ["painting"])],
        "toy",
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name in names],
        [helper.make_tensor_value_info("painting", TensorProto.FLOAT, None)],
    )
    opsets = [helper.make_opsetid("", 17)]
    onnx.save(helper.make_model(graph, opset_imports=opsets, ir_version=9), path)
    return path


def save_convolution(path: Path, weight: NDArray[np.float32]) -> Path:
    """Save a generator of one convolution (OxIxKxK) with a bias of 1, for images of any size."""
    bias = np.ones(weight.shape[0], np.float32)
    node = helper.make_node("Conv", ["image", "weight", "bias"], ["painting"])
    graph = helper.make_graph(
        [node],
        "toy",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["n", 3, "h", "w"])],
        [helper.make_tensor_value_info("painting", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(weight, "weight"), numpy_helper.from_array(bias, "bias")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 9
    onnx.save(model, path)
    return path


def save_network(
    path: Path,
    nodes: list[onnx.NodeProto],
    inputs: list[int | str] | None,
    outputs: list[int | str] | None,
    taken: int = TensorProto.FLOAT,
    given: int | None = None,
) -> None:
    """Save a network from `x` to `y` of these nodes, shapes and element types."""
    graph = helper.make_graph(
        nodes,
        "toy",
        [helper.make_tensor_value_info("x", taken, inputs)],
        [helper.make_tensor_value_info("y", given or taken, outputs)],
    )
    opsets = [helper.make_opsetid("", 20)]
    onnx.save(helper.make_model(graph, opset_imports=opsets, ir_version=10), path)
