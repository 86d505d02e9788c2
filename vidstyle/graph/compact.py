"""Compact ONNX graphs: int8 weight storage, short names, default attributes dropped.

Works on ONNX graphs and NumPy arrays; needs no PyTorch.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from copy import deepcopy
from itertools import chain, product
from string import ascii_letters
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import AttributeProto, ModelProto, NodeProto, TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

from vidstyle.network.architecture import LARGEST_CODE

OPSET = 20
IR_VERSION = 10
LARGEST_FLOAT_KERNEL = 32  # weights; up to here, int8 costs more bytes than it saves

# Permutations of a six-dimensional transpose, and the ONNX operator that does the same.
BLOCK_MOVES: dict[tuple[int, ...], str] = {
    (0, 3, 5, 1, 2, 4): "SpaceToDepth",
    (0, 3, 4, 1, 5, 2): "DepthToSpace",
}

Array = NDArray[Any]
Arrays = dict[str, Array]


def quantize_weights(
    weight: Array, largest: int = LARGEST_CODE
) -> tuple[NDArray[np.int8], NDArray[np.float16]]:
    """Quantize weights to int8: symmetric, with one scale per output channel.

    The largest weight of a channel becomes the largest integer. Scales of least squared error gain
    0.00004 SSIM, but training with rounded weights has to predict the integers.

    Args:
        weight: OxIxHxW float32.
        largest: largest absolute integer.

    Returns:
        Integers, OxIxHxW int8, and scales, Ox1x1x1 float16; their product approximates `weight`.
    """
    scale = np.abs(weight).max(axis=(1, 2, 3), keepdims=True) / largest
    scale = np.maximum(scale, np.finfo(np.float16).smallest_subnormal).astype(np.float32)
    return np.rint(weight / scale).astype(np.int8), scale.astype(np.float16)


def store_int8(
    name: str, code: Array, arrays: Arrays, shape: Sequence[int] | None = None
) -> list[NodeProto]:
    """Store int8 weights as a constant, and return the nodes that compute `name` from it.

    Where every fourth input or output channel is zero, as with RGBA pixels, these channels are not
    stored, and padded again when the file is loaded.

    Args:
        name: name of the resulting tensor.
        code: OxIxHxW int8.
        arrays: constants of the graph; the stored ones are added.
        shape: of the resulting tensor; None for that of `code`.
    """
    for side, rest in ((1, code[0, 0].size), (0, code[0].size)):
        if code.shape[side] % 4:
            continue
        by_pixel = code.reshape(-1, 4, rest)
        if not by_pixel[:, 3].any():
            arrays[f"{name}/colors"] = by_pixel[:, :3]
            arrays[f"{name}/fourth"] = np.array([0, 0, 0, 0, 1, 0])
            arrays[f"{name}/shape"] = np.array(shape or code.shape)
            return [
                helper.make_node("Pad", [f"{name}/colors", f"{name}/fourth"], [f"{name}/pixels"]),
                helper.make_node("Reshape", [f"{name}/pixels", f"{name}/shape"], [name]),
            ]
    arrays[name] = code.reshape(shape or code.shape)
    return []


def as_stored(weight: Array) -> Array:
    """Weights or biases as float32 after a round trip through the file's storage types.

    OxIxHxW kernels are stored as int8 with float16 scales, vectors as float16, small kernels as
    they are.
    """
    if weight.ndim != 4:
        return weight.astype(np.float16).astype(np.float32)
    if weight.size <= LARGEST_FLOAT_KERNEL:
        return weight
    code, scale = quantize_weights(weight)
    return code * scale.astype(np.float32)


def compacted(model: ModelProto, about: dict[str, str] | None = None) -> ModelProto:
    """The same graph in fewer bytes; ONNX Runtime expands it once, at load time.

    Convolution weights become int8; their scales and the biases become float16, many vectors in
    one tensor. Nodes lose their names, except convolutions, which get the names of their PyTorch
    modules. Inputs and outputs keep their names, other tensors get one or two letters.

    Args:
        model: model with float32 constants; not changed.
        about: entries for the model's metadata.

    Raises:
        onnx.checker.ValidationError: the result is not a valid model.
    """
    nodes, arrays = deepcopy(list(model.graph.node)), constants(model)
    convolutions = [node for node in nodes if node.op_type == "Conv"]
    for node in nodes:
        node.name = _module_name(node) if node.op_type == "Conv" else ""
        _drop_default_attributes(node)
    weights = _pop_all(arrays, (node.input[1] for node in convolutions))
    vectors = _pop_all(arrays, (name for node in nodes for name in _vector_inputs(node)))
    unpacking = _pack_weights(weights, arrays) + _pack("vectors", vectors, arrays)
    return _finished(model, unpacking + nodes, arrays, about)


def with_quantized_pixels(model: ModelProto) -> ModelProto:
    """The same graph with uint8 pixels converted by DequantizeLinear and QuantizeLinear.

    Cast and Div by 255 become one DequantizeLinear; Clip, Mul, Round and Cast become one
    QuantizeLinear, which clips and rounds in the same way.
    """
    nodes, arrays = deepcopy(list(model.graph.node)), constants(model)
    arrays |= {"level": np.array(1 / 255, np.float32), "black": np.array(0, np.uint8)}
    kinds = [node.op_type for node in nodes]
    step = ["level", "black"]
    clip = kinds.index("Clip")
    assert kinds[clip : clip + 4] == ["Clip", "Mul", "Round", "Cast"]
    given = helper.make_node(
        "QuantizeLinear", [nodes[clip].input[0], *step], nodes[clip + 3].output
    )
    nodes[clip : clip + 4] = [given]
    for cast in [node for node in nodes if node.op_type == "Cast"]:
        (divided,) = (node for node in nodes if cast.output[0] in node.input)
        assert divided.op_type == "Div"
        taken = helper.make_node("DequantizeLinear", [cast.input[0], *step], divided.output)
        nodes[nodes.index(divided)] = taken
        nodes.remove(cast)
    return build_model(model, nodes, arrays)


def with_space_to_depth(model: ModelProto) -> ModelProto:
    """The same graph with SpaceToDepth and DepthToSpace nodes, blocks of 2x2.

    The exporter writes each of them as a six-dimensional transpose between two reshapes, with nodes
    that compute their sizes; these take three times as long, and a kilobyte.
    """
    nodes, arrays = deepcopy(list(model.graph.node)), constants(model)
    makers = {name: node for node in nodes for name in node.output}
    for node in nodes:
        kind = BLOCK_MOVES.get(_permutation(node))
        if kind is None:
            continue
        (last,) = (user for user in nodes if node.output[0] in user.input)
        first = makers[node.input[0]]
        assert first.op_type == last.op_type == "Reshape"
        move = helper.make_node(kind, first.input[:1], last.output, blocksize=2)
        nodes[nodes.index(last)] = move
    return build_model(model, reachable_nodes(nodes, model), arrays)


def build_model(like: ModelProto, nodes: Sequence[NodeProto], arrays: Arrays) -> ModelProto:
    """Build a model from nodes and constants, with the inputs and outputs of another one."""
    tensors = [_tensor(name, array) for name, array in arrays.items()]
    inputs, outputs = (
        [_plain_value_info(value) for value in end] for end in (like.graph.input, like.graph.output)
    )
    return helper.make_model(
        helper.make_graph(nodes, "g", inputs, outputs, tensors),
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
        producer_name="vidstyle",
    )


def fold_constants(model: ModelProto) -> tuple[list[NodeProto], Arrays]:
    """Fold constants: the nodes that depend on the input, and the constants that they use.

    Inverse of `compacted`, for any ONNX file. Convolutions get the names of their PyTorch modules.
    """
    arrays = constants(model)
    nodes = []
    for node in deepcopy(list(model.graph.node)):
        if all(name in arrays for name in node.input if name):
            known = {name: arrays[name] for name in node.input if name}
            values = map(np.asarray, ReferenceEvaluator(node).run(None, known))
            arrays.update(zip(node.output, values, strict=True))
        else:
            node.name = _module_name(node) if node.op_type == "Conv" else ""
            nodes.append(node)
    used = set(chain.from_iterable(node.input for node in nodes))
    return nodes, {name: array for name, array in arrays.items() if name in used}


def constants(model: ModelProto) -> Arrays:
    """Constants of a model's graph, by name."""
    return {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}


def _module_name(convolution: NodeProto) -> str:
    """Module name of a convolution: from its weight's name, or its own in a compacted file."""
    name: str = convolution.input[1]
    if name.endswith(".weight"):
        return name.removeprefix("generator.").removesuffix(".weight")
    return str(convolution.name)


def convolution_weights(model: ModelProto) -> Arrays:
    """Weights and biases of all convolutions, float32, by names as `blocks.0.narrow.weight`.

    Weights are OxIxHxW; a missing bias is returned as zeros.
    """
    nodes, arrays = fold_constants(model)
    found = {}
    for node in (node for node in nodes if node.op_type == "Conv"):
        weight = found[f"{node.name}.weight"] = arrays[node.input[1]]
        bias = arrays[node.input[2]] if len(node.input) > 2 else np.zeros(len(weight), np.float32)
        found[f"{node.name}.bias"] = bias
    return found


def _finished(
    like: ModelProto, nodes: list[NodeProto], arrays: Arrays, about: dict[str, str] | None
) -> ModelProto:
    for node in nodes:
        node.ClearField("metadata_props")  # the exporter's stack traces: paths and kilobytes
        node.ClearField("doc_string")
    arrays = _share_equal(nodes, arrays)
    renaming = _short_names(nodes, {v.name for v in (*like.graph.input, *like.graph.output)})
    for node in nodes:
        node.input[:] = [renaming[name] for name in node.input]
        node.output[:] = [renaming[name] for name in node.output]
    used = {renaming[name]: array for name, array in arrays.items() if name in renaming}
    slim = build_model(like, nodes, used)
    if about:
        helper.set_model_props(slim, about)
    onnx.checker.check_model(slim, full_check=True)
    return slim


def _permutation(node: NodeProto) -> tuple[int, ...]:
    return tuple(i for a in node.attribute if a.name == "perm" for i in a.ints)


def reachable_nodes(nodes: Sequence[NodeProto], model: ModelProto) -> list[NodeProto]:
    """The nodes that the model's outputs depend on, in their order."""
    wanted = {value.name for value in model.graph.output}
    kept: list[NodeProto] = []
    for node in reversed(nodes):
        if wanted.intersection(node.output):
            wanted.update(node.input)
            kept.insert(0, node)
    return kept


def _pop_all(arrays: Arrays, names: Iterable[str]) -> Arrays:
    return {name: arrays.pop(name) for name in names if name in arrays}


def _vector_inputs(node: NodeProto) -> list[str]:
    """Names of a node's biases, or of the scales of its int8 weights, before they are tiled."""
    if node.op_type == "Tile":
        return list(node.input[:1])
    if node.op_type == "Conv":
        return list(node.input[2:])
    per_channel = node.op_type == "DequantizeLinear" and len(node.attribute) > 0
    return list(node.input[1:2]) if per_channel else []


def _drop_default_attributes(node: NodeProto) -> None:
    known = onnx.defs.get_schema(node.op_type, OPSET, node.domain).attributes
    kept = [a for a in node.attribute if not _is_default(node, a, known[a.name])]
    del node.attribute[:]
    node.attribute.extend(kept)


def _is_default(
    node: NodeProto, attribute: AttributeProto, known: onnx.defs.OpSchema.Attribute
) -> bool:
    value = helper.get_attribute_value(attribute)
    if node.op_type == "Conv":  # the schema has no defaults that are lists
        by_weight = attribute.name == "kernel_shape"
        ones = attribute.name in ("strides", "dilations") and set(value) == {1}
        if by_weight or ones or (attribute.name == "pads" and not any(value)):
            return True
    if node.op_type == "Resize" and attribute.name == "nearest_mode":
        return any(a.name == "mode" and a.s != b"nearest" for a in node.attribute)
    default = known.default_value
    return bool(default.type) and helper.get_attribute_value(default) == value


def _pack_weights(weights: Arrays, arrays: Arrays) -> list[NodeProto]:
    coded = {name: w for name, w in weights.items() if w.size > LARGEST_FLOAT_KERNEL}
    arrays.update({name: w for name, w in weights.items() if name not in coded})
    scales, nodes = {}, []
    for name, weight in coded.items():
        code, scales[f"{name}/scale"] = quantize_weights(weight)
        nodes += store_int8(f"{name}/code", code, arrays)
        nodes += [
            helper.make_node("Cast", [f"{name}/code"], [f"{name}/float"], to=TensorProto.FLOAT),
            helper.make_node("Mul", [f"{name}/float", f"{name}/scale"], [name]),
        ]
    return _pack("scales", scales, arrays) + nodes


def _pack(name: str, parts: Arrays, arrays: Arrays) -> list[NodeProto]:
    """Concatenate vectors into one float16 constant; return the nodes that split it again."""
    if not parts:
        return []
    arrays[name] = np.concatenate([part.astype(np.float16) for part in parts.values()])
    arrays[f"{name}/sizes"] = np.array([len(part) for part in parts.values()], np.int64)
    return [
        helper.make_node("Cast", [name], [f"{name}/float"], to=TensorProto.FLOAT),
        helper.make_node("Split", [f"{name}/float", f"{name}/sizes"], list(parts)),
    ]


def _share_equal(nodes: Sequence[NodeProto], arrays: Arrays) -> Arrays:
    first: dict[tuple[str, tuple[int, ...], bytes], str] = {}
    same = {
        name: first.setdefault((array.dtype.str, array.shape, array.tobytes()), name)
        for name, array in arrays.items()
    }
    for node in nodes:
        node.input[:] = [same.get(name, name) for name in node.input]
    return {name: arrays[name] for name in first.values()}


def _short_names(nodes: Sequence[NodeProto], public: set[str]) -> dict[str, str]:
    uses = Counter(chain.from_iterable((*node.input, *node.output) for node in nodes))
    renaming = {name: name for name in (*public, "")}
    names = [name for name, _ in uses.most_common() if name not in renaming]
    free = (word for word in _letters() if word not in renaming)
    return renaming | dict(zip(names, free, strict=False))


def _letters() -> Iterator[str]:
    words: Iterable[tuple[str, ...]] = chain(
        product(ascii_letters), product(ascii_letters, repeat=2)
    )
    return map("".join, words)


def _plain_value_info(value: onnx.ValueInfoProto) -> onnx.ValueInfoProto:
    kind = value.type.tensor_type
    shape = [d.dim_value or d.dim_param for d in kind.shape.dim]
    return helper.make_tensor_value_info(value.name, kind.elem_type, shape)


def _tensor(name: str, array: Array) -> TensorProto:
    if array.dtype != np.int64:
        return numpy_helper.from_array(np.ascontiguousarray(array).reshape(array.shape), name)
    # Varints take one byte each, raw data eight.
    return helper.make_tensor(name, TensorProto.INT64, array.shape, array.ravel())
