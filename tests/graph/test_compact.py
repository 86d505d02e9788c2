"""Compact graphs against ONNX Runtime's run of the graphs they were made from."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper

from vidstyle.graph.compact import (
    IR_VERSION,
    LARGEST_FLOAT_KERNEL,
    OPSET,
    Array,
    Arrays,
    as_stored,
    build_model,
    compacted,
    convolution_weights,
    fold_constants,
    quantize_weights,
    reachable_nodes,
    store_int8,
    with_quantized_pixels,
    with_space_to_depth,
)
from vidstyle.network.architecture import LARGEST_CODE

FLOATS: list[int | str] = ["n", 3, "h", "w"]
BYTES: list[int | str] = ["n", "h", "w", 4]


def model_of(
    nodes: Sequence[NodeProto],
    arrays: Arrays,
    names: tuple[str, str] = ("image", "painted"),
    shape: list[int | str] = FLOATS,
    kind: int = TensorProto.FLOAT,
) -> ModelProto:
    ends = [helper.make_tensor_value_info(name, kind, shape) for name in names]
    constants = [numpy_helper.from_array(array, name) for name, array in arrays.items()]
    graph = helper.make_graph(list(nodes), "long name", ends[:1], ends[1:], constants)
    opsets = [helper.make_opsetid("", OPSET)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION)
    onnx.checker.check_model(model, full_check=True)
    return model


def weights(seed: int, *shape: int) -> Array:
    return np.random.default_rng(seed).normal(0, 0.3, shape).astype(np.float32)


def arrays_of_two() -> Arrays:
    return {
        "generator.blocks.0.narrow.weight": weights(0, 8, 3, 3, 3),
        "generator.blocks.0.narrow.bias": weights(1, 8),
        "generator.paint.weight": weights(2, 3, 8, 1, 1),  # so few that they stay float32
        "generator.paint.bias": weights(3, 3),
    }


def two_convolutions(arrays: Arrays, names: tuple[str, str] = ("image", "painted")) -> ModelProto:
    """As an exporter spells it: every attribute, long names, its own folders."""
    first, second = sorted({name.rpartition(".")[0] for name in arrays})
    plain: dict[str, Any] = {"dilations": [1, 1], "strides": [1, 1], "group": 1}
    nodes = [
        helper.make_node(
            "Conv",
            [names[0], f"{first}.weight", f"{first}.bias"],
            ["a very long name of a tensor"],
            name="node_conv",
            doc_string="/some/folder/network.py",
            kernel_shape=[3, 3],
            pads=[1, 1, 1, 1],
            **plain,
        ),
        helper.make_node("Relu", ["a very long name of a tensor"], ["another long name"]),
        helper.make_node(
            "Conv",
            ["another long name", f"{second}.weight", f"{second}.bias"],
            [names[1]],
            kernel_shape=[1, 1],
            pads=[0, 0, 0, 0],
            **plain,
        ),
    ]
    entry = nodes[0].metadata_props.add()
    entry.key, entry.value = "stack", "/some/folder/network.py:12"
    return model_of(nodes, arrays, names)


def run(model: ModelProto, image: Array) -> Array:
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    (result,) = session.run(None, {session.get_inputs()[0].name: image})
    return np.asarray(result)


def kinds(model: ModelProto) -> Counter[str]:
    return Counter(node.op_type for node in model.graph.node)


IMAGE = np.random.default_rng(9).random((2, 3, 13, 18)).astype(np.float32)


def test_int8_codes_are_near_the_weights_and_keep_to_their_limit() -> None:
    weight = np.random.default_rng(0).normal(size=(5, 4, 3, 3)).astype(np.float32)
    weight[1] = 0
    weight[2] *= 1e-9
    for largest in (63, 127):
        code, scale = quantize_weights(weight, largest)
        assert np.abs(code.astype(int)).max() <= largest
        error = np.abs(code * scale.astype(np.float32) - weight)
        assert error.mean() < np.abs(weight).max() / largest / 2
    assert not as_stored(weight)[1].any()


def test_int8_codes_are_those_of_the_slow_loop() -> None:
    weight = weights(0, 4, 3, 2, 2)
    code, scale = quantize_weights(weight)
    for channel in range(4):
        step = np.abs(weight[channel]).max() / LARGEST_CODE
        for value, found in zip(weight[channel].ravel(), code[channel].ravel(), strict=True):
            assert found == round(float(value / step))
        assert float(scale[channel, 0, 0, 0]) == pytest.approx(step, rel=1e-3)


def computed(name: str, code: Array, shape: Sequence[int] | None = None) -> tuple[Array, Arrays]:
    """What a file makes of stored weights, and what is stored."""
    arrays: Arrays = {}
    nodes = store_int8(name, code, arrays, shape)
    if not nodes:
        return arrays[name], arrays
    end = helper.make_tensor_value_info(name, TensorProto.INT8, shape or code.shape)
    constants = [numpy_helper.from_array(array, key) for key, array in arrays.items()]
    graph = helper.make_graph(nodes, "weights", [], [end], constants)
    opsets = [helper.make_opsetid("", OPSET)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION)
    session = onnxruntime.InferenceSession(model.SerializeToString())
    return np.asarray(session.run(None, {})[0]), arrays


@pytest.mark.parametrize("shape", [(8, 3, 3, 3), (4, 8, 1, 1), (3, 5, 1, 1)])
def test_weights_come_back_as_they_were_stored(shape: tuple[int, ...]) -> None:
    code = np.random.default_rng(0).integers(-63, 64, shape).astype(np.int8)
    found, arrays = computed("w", code)
    np.testing.assert_array_equal(found, code)
    assert list(arrays) == ["w"]


@pytest.mark.parametrize("axis", [0, 1])
def test_channels_of_an_alpha_that_is_never_used_are_not_stored(axis: int) -> None:
    code = np.random.default_rng(0).integers(1, 64, (8, 8, 3, 3)).astype(np.int8)
    code[(slice(None),) * axis + (slice(3, None, 4),)] = 0
    found, arrays = computed("w", code)
    np.testing.assert_array_equal(found, code)
    int8 = sum(array.size for array in arrays.values() if array.dtype == np.int8)
    assert int8 == code.size * 3 // 4
    other = (4, 16, 3, 3)
    np.testing.assert_array_equal(computed("w", code, other)[0], code.reshape(other))


def test_a_compact_graph_paints_what_its_stored_weights_paint() -> None:
    arrays = arrays_of_two()
    stored = {name: as_stored(array) for name, array in arrays.items()}
    compact = compacted(two_convolutions(arrays))
    expected, found = run(two_convolutions(stored), IMAGE), run(compact, IMAGE)
    assert np.abs(found - expected).max() < 1e-5
    assert np.abs(expected - run(two_convolutions(arrays), IMAGE)).max() > 1e-4  # they differ


def test_small_kernels_stay_exact_and_large_ones_become_int8() -> None:
    arrays = arrays_of_two()
    assert arrays["generator.paint.weight"].size <= LARGEST_FLOAT_KERNEL
    found = convolution_weights(compacted(two_convolutions(arrays)))
    np.testing.assert_array_equal(found["paint.weight"], arrays["generator.paint.weight"])
    for name in ("blocks.0.narrow.weight", "blocks.0.narrow.bias", "paint.bias"):
        np.testing.assert_allclose(found[name], as_stored(arrays[f"generator.{name}"]), rtol=1e-6)
        assert not np.array_equal(found[name], arrays[f"generator.{name}"])


def test_a_compact_graph_is_small_and_says_nothing_of_where_it_was_made() -> None:
    model = two_convolutions(arrays_of_two())
    compact = compacted(model, {"style": "noise"})
    content = compact.SerializeToString()
    assert b"folder" not in content
    assert b"long name" not in content
    assert len(content) < len(model.SerializeToString())
    assert {entry.key: entry.value for entry in compact.metadata_props} == {"style": "noise"}
    assert [node.name for node in compact.graph.node if node.op_type == "Conv"] == [
        "blocks.0.narrow",
        "paint",
    ]
    for node in compact.graph.node:
        assert all(len(name) <= 2 or name in ("image", "painted") for name in node.output)
        assert [a.name for a in node.attribute] in ([], ["pads"], ["to"])


def test_the_model_that_is_compacted_is_not_changed() -> None:
    model = two_convolutions(arrays_of_two())
    before = model.SerializeToString()
    compacted(model)
    with_space_to_depth(model)
    fold_constants(model)
    assert model.SerializeToString() == before


@pytest.mark.parametrize("names", [("a", "b"), ("b", "a"), ("x", "y")])
def test_short_names_of_inputs_and_outputs_stay_theirs(names: tuple[str, str]) -> None:
    arrays = arrays_of_two()
    compact = compacted(two_convolutions(arrays, names))
    assert (compact.graph.input[0].name, compact.graph.output[0].name) == names
    stored = {name: as_stored(array) for name, array in arrays.items()}
    assert np.abs(run(compact, IMAGE) - run(two_convolutions(stored), IMAGE)).max() < 1e-5


def test_compacting_twice_changes_nothing_more() -> None:
    once = compacted(two_convolutions(arrays_of_two()))
    nodes, arrays = fold_constants(once)
    again = compacted(build_model(once, nodes, arrays))
    np.testing.assert_allclose(run(again, IMAGE), run(once, IMAGE), atol=1e-5)


def test_folded_constants_are_worked_out_and_the_rest_stays() -> None:
    nodes = [
        helper.make_node("Add", ["one", "two"], ["three"]),
        helper.make_node("Mul", ["three", "two"], ["six"]),
        helper.make_node("Mul", ["image", "six"], ["painted"]),
    ]
    arrays = {"one": np.array(1, np.float32), "two": np.array(2, np.float32)}
    model = model_of(nodes, arrays)
    left, constants = fold_constants(model)
    assert [node.op_type for node in left] == ["Mul"]
    assert {name: float(array) for name, array in constants.items()} == {"six": 6.0}
    np.testing.assert_array_equal(run(build_model(model, left, constants), IMAGE), 6 * IMAGE)


def test_nodes_that_nothing_needs_are_left_out() -> None:
    nodes = [
        helper.make_node("Relu", ["image"], ["used"]),
        helper.make_node("Neg", ["used"], ["unused"]),
        helper.make_node("Exp", ["unused"], ["unused too"]),
        helper.make_node("Relu", ["used"], ["painted"]),
    ]
    kept = reachable_nodes(nodes, model_of(nodes, {}))
    assert kept == [nodes[0], nodes[3]]


def spelled_out(perm: Sequence[int], sizes: tuple[Sequence[int], Sequence[int]]) -> list[NodeProto]:
    return [
        helper.make_node("Reshape", ["image", "split"], ["six axes"]),
        helper.make_node("Transpose", ["six axes"], ["turned"], perm=perm),
        helper.make_node("Reshape", ["turned", "joined"], ["painted"]),
    ]


@pytest.mark.parametrize(
    ("kind", "perm", "before", "split", "after"),
    [
        ("SpaceToDepth", (0, 3, 5, 1, 2, 4), (1, 3, 6, 8), (1, 3, 3, 2, 4, 2), (1, 12, 3, 4)),
        ("DepthToSpace", (0, 3, 4, 1, 5, 2), (1, 12, 3, 4), (1, 2, 2, 3, 3, 4), (1, 3, 6, 8)),
    ],
)
def test_pixels_are_moved_by_one_node_as_by_three(
    kind: str,
    perm: Sequence[int],
    before: tuple[int, ...],
    split: tuple[int, ...],
    after: tuple[int, ...],
) -> None:
    arrays = {"split": np.array(split), "joined": np.array(after)}
    ends = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
        for name, shape in (("image", before), ("painted", after))
    ]
    constants = [numpy_helper.from_array(array, name) for name, array in arrays.items()]
    nodes = spelled_out(perm, (split, after))
    graph = helper.make_graph(nodes, "moves", ends[:1], ends[1:], constants)
    opsets = [helper.make_opsetid("", OPSET)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION)
    image = np.random.default_rng(0).random(before).astype(np.float32)
    expected = image.reshape(split).transpose(perm).reshape(after)
    short = with_space_to_depth(model)
    assert kinds(short) == {kind: 1}
    np.testing.assert_array_equal(run(short, image), expected)
    np.testing.assert_array_equal(run(model, image), expected)


def test_other_transposes_are_left_alone() -> None:
    nodes = [
        helper.make_node("Transpose", ["image"], ["turned"], perm=[0, 1, 3, 2]),
        helper.make_node("Transpose", ["turned"], ["painted"], perm=[0, 1, 3, 2]),
    ]
    assert kinds(with_space_to_depth(model_of(nodes, {}))) == {"Transpose": 2}


def test_bytes_are_read_and_written_by_one_node_each_as_before() -> None:
    """All 256 levels, through a factor that makes some of them leave 0..1."""
    nodes: list[Any] = [
        helper.make_node("Cast", ["image"], ["floats"], to=TensorProto.FLOAT),
        helper.make_node("Div", ["floats", "255"], ["unit"]),
        helper.make_node("Mul", ["unit", "gain"], ["changed"]),
        helper.make_node("Clip", ["changed", "0", "1"], ["inside"]),
        helper.make_node("Mul", ["inside", "255"], ["levels"]),
        helper.make_node("Round", ["levels"], ["whole"]),
        helper.make_node("Cast", ["whole"], ["painted"], to=TensorProto.UINT8),
    ]
    arrays: Arrays = {
        name: np.array(value, np.float32)
        for name, value in (("255", 255), ("0", 0), ("1", 1), ("gain", 1.37))
    }
    model = model_of(nodes, arrays, shape=BYTES, kind=TensorProto.UINT8)
    short = with_quantized_pixels(model)
    assert kinds(short) == {"DequantizeLinear": 1, "Mul": 1, "QuantizeLinear": 1}
    image = np.arange(256, dtype=np.uint8).reshape(1, 8, 8, 4)
    np.testing.assert_array_equal(run(short, image), run(model, image))
