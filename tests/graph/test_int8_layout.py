from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import ModelProto, numpy_helper

from tests.export.test_onnx import SMALL, painting_generator
from vidstyle.export.onnx import Pixels, export
from vidstyle.graph.compact import Array, Arrays, build_model, convolution_weights, fold_constants
from vidstyle.graph.int8_layout import (
    COPIES,
    GraphBuilder,
    from_int8_layout,
    stored_shape,
    to_int8_layout,
    widen_kernel_nodes,
    widened_kernel,
)
from vidstyle.network.architecture import FINE, SIZE_CLASSES, Architecture

BORDER = 48  # px: so far does what is beyond the border reach
LARGE = SIZE_CLASSES["220k"]


def exported(folder: Path, architecture: Architecture, pixels: Pixels) -> ModelProto:
    export(painting_generator(architecture), folder / "generator.onnx", pixels=pixels)
    return onnx.load(folder / "generator.onnx")


def rebuilt(model: ModelProto) -> ModelProto:
    nodes, arrays = fold_constants(model)
    cells = to_int8_layout(nodes, arrays, model.graph.input[0].name)
    kernels = {
        n.input[1]: widened_kernel(n.name, arrays[n.input[1]]) for n in cells if n.name in COPIES
    }
    return build_model(model, cells, arrays | kernels)


def painted(model: ModelProto, image: Array) -> Array:
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    (result,) = session.run(None, {"image": image})
    return np.asarray(result)


def picture(pixels: Pixels) -> Array:
    image = np.random.default_rng(0).integers(0, 256, (2, 148, 180, 4)).astype(np.uint8)
    if pixels == "uint8":
        return image
    floats: Array = image[..., :3].transpose(0, 3, 1, 2).astype(np.float32) / 255
    return floats


@pytest.mark.parametrize(
    ("architecture", "pixels"), [(SMALL, "uint8"), (SMALL, "float"), (LARGE, "uint8")]
)
def test_by_cells_the_same_is_painted(
    architecture: Architecture, pixels: Pixels, tmp_path: Path
) -> None:
    model, image = exported(tmp_path, architecture, pixels), picture(pixels)
    before, after = (painted(m, image).astype(np.float64) for m in (model, rebuilt(model)))
    assert before.shape == after.shape
    inside = slice(BORDER, -BORDER)
    rows_first = (slice(None), inside, inside) if pixels == "uint8" else (..., inside, inside)
    difference = np.abs(before - after)[rows_first]
    assert difference.max() <= (1 if pixels == "uint8" else 1e-4)
    assert difference.mean() < (0.01 if pixels == "uint8" else 1e-5)
    assert before.std() > 0.1  # something was painted


@pytest.mark.parametrize("name", COPIES)
def test_the_file_lays_kernels_out_alike(name: str) -> None:
    shape = {"detail": (6, 12, 1, 1), "paint": (12, 6, 3, 3), "skip": (4, 4, 1, 1)}[name]
    code = np.random.default_rng(0).integers(-63, 64, shape).astype(np.int8)
    arrays: Arrays = {"code": code.reshape(stored_shape(name, shape))}
    build = GraphBuilder(arrays, "laid")
    result = widen_kernel_nodes(name, "code", shape, build)
    wanted = widened_kernel(name, code)
    graph = onnx.helper.make_graph(
        build.nodes,
        "laid",
        [],
        [onnx.helper.make_tensor_value_info(result, onnx.TensorProto.INT8, wanted.shape)],
        [numpy_helper.from_array(array, key) for key, array in arrays.items()],
    )
    model = onnx.helper.make_model(
        graph, opset_imports=[onnx.helper.make_opsetid("", 20)], ir_version=10
    )
    session = onnxruntime.InferenceSession(model.SerializeToString())
    np.testing.assert_array_equal(session.run(None, {})[0], wanted)


def test_weights_come_back_in_their_old_form(tmp_path: Path) -> None:
    model = exported(tmp_path, SMALL, "uint8")
    before, after = (from_int8_layout(convolution_weights(m)) for m in (model, rebuilt(model)))
    assert before.keys() == after.keys()
    for weights in (before, after):
        weights["sum"] = weights.pop("paint.bias") + weights.pop("skip.bias")
    for key, weight in before.items():
        np.testing.assert_allclose(after[key], weight, atol=1e-6, err_msg=key)


def test_four_cells_are_painted_by_one_kernel_each() -> None:
    kernel = np.arange(2 * 3 * 9, dtype=np.float32).reshape(2, 3, 3, 3)
    laid = widened_kernel("paint", kernel).reshape(FINE, FINE, 2, 3, 4, 4)
    for across in range(FINE):
        for down in range(FINE):
            part = laid[across, down]
            np.testing.assert_array_equal(part[..., down : down + 3, across : across + 3], kernel)
            assert part.sum() == kernel.sum()
