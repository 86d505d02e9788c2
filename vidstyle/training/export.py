"""From a trained generator to the .onnx that ships."""

import warnings
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

from vidstyle.training.network import GRID, ConvNorm, Generator

OPSET = 20
LARGEST_SIDE = 8192  # px


class Clipped(nn.Module):
    """The generator as it ships: batch norms folded, colours kept inside 0..1."""

    def __init__(self, generator: Generator) -> None:
        super().__init__()
        self.generator = fold_norms(generator)

    def forward(self, image: Tensor) -> Tensor:
        painted: Tensor = self.generator(image)
        return painted.clamp(0, 1)


def export(generator: Generator, file: Path) -> None:
    """Write the generator as ONNX: input `image`, output `painted`, both Nx3xHxW RGB 0..1.

    Convolution weights are stored as int8 with a scale per output channel, and expanded once
    when the file is loaded: a quarter of the size, computed in float32 all the same.
    """
    sides = (torch.export.Dim(n, min=2, max=LARGEST_SIDE // GRID) for n in ("rows", "columns"))
    height, width = (GRID * side for side in sides)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter warns about its own insides
        program = torch.onnx.export(
            Clipped(generator).eval(),
            (torch.zeros(1, 3, 16 * GRID, 24 * GRID),),
            input_names=["image"],
            output_names=["painted"],
            dynamic_shapes={"image": {2: height, 3: width}},
            opset_version=OPSET,
            dynamo=True,
            verbose=False,
        )
    assert program is not None
    model = stored_as_int8(program.model_proto)
    onnx.checker.check_model(model)
    partial = file.with_suffix(".partial")
    partial.write_bytes(model.SerializeToString())
    partial.replace(file)


def fold_norms(module: nn.Module) -> nn.Module:
    """Replace every convolution with batch norm by one convolution, in place."""
    for name, child in module.named_children():
        setattr(module, name, child.folded() if isinstance(child, ConvNorm) else fold_norms(child))
    return module


def stored_as_int8(model: onnx.ModelProto) -> onnx.ModelProto:
    """Store 4-D weights as int8 times a scale; ONNX Runtime folds the two nodes away on loading."""
    graph = model.graph
    nodes, kept = [], []
    for tensor in graph.initializer:
        if len(tensor.dims) != 4 or tensor.data_type != TensorProto.FLOAT:
            kept.append(tensor)
            continue
        name = tensor.name
        weight = numpy_helper.to_array(tensor)
        scale = np.abs(weight).max(axis=(1, 2, 3), keepdims=True) / 127
        scale = np.maximum(scale, 1e-12).astype(np.float32)
        kept.append(numpy_helper.from_array(np.rint(weight / scale).astype(np.int8), f"{name}_q"))
        kept.append(numpy_helper.from_array(scale, f"{name}_s"))
        nodes.append(helper.make_node("Cast", [f"{name}_q"], [f"{name}_f"], to=TensorProto.FLOAT))
        nodes.append(helper.make_node("Mul", [f"{name}_f", f"{name}_s"], [name]))
    nodes.extend(graph.node)
    for node in nodes:
        node.ClearField("metadata_props")  # the exporter's stack traces: paths and kilobytes
        node.ClearField("doc_string")
    slim = helper.make_graph(nodes, "generator", graph.input, graph.output, kept)
    for value in (*slim.input, *slim.output):
        value.ClearField("metadata_props")
    return helper.make_model(
        slim,
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=model.ir_version,
        producer_name="vidstyle",
    )
