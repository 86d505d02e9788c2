"""The mobile form paints what the generator paints, with plain operators."""

from pathlib import Path

import cv2
import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import ModelProto, TensorProto, helper

from tests.graph.test_quantize import smooth_images
from vidstyle.assets import models_folder
from vidstyle.errors import StyleError
from vidstyle.export.mobile_form import cell_kernel, mobile_form
from vidstyle.graph.compact import Array, compacted
from vidstyle.stylize.generator import OnnxGenerator

PLAIN = {"Conv", "Relu", "Add", "Resize", "DepthToSpace"}
PHOTO = np.asarray(cv2.imread(str(models_folder() / "photos" / "portrait.jpg")), np.uint8)


def shipped(name: str) -> ModelProto:
    return onnx.load(models_folder() / f"{name}.onnx")


def levels(model: ModelProto, image: Array) -> Array:
    """Paint with bytes or with float planes; return HxWx3 levels of 255, not rounded."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    if session.get_inputs()[0].type == "tensor(uint8)":
        (painted,) = session.run(None, {"image": cv2.cvtColor(image, cv2.COLOR_RGB2RGBA)[None]})
        return np.asarray(painted[0, ..., :3], np.float32)
    (painted,) = session.run(None, {"image": cv2.dnn.blobFromImage(image, 1 / 255)})
    return np.asarray(painted[0].transpose(1, 2, 0).clip(0, 1) * 255)


@pytest.mark.parametrize("style", ["udnie-17k", "great-wave", "kandinsky-220k"])
def test_it_paints_the_same_picture(style: str) -> None:
    original = shipped(style)
    mobile = mobile_form(original)
    for image in (PHOTO[:160, :240], smooth_images(1)[0][:96, :128]):
        difference = np.abs(levels(mobile, image) - levels(original, image))
        assert difference.max() <= 1


def test_the_int8_file_has_a_mobile_form_too() -> None:
    image = PHOTO[:96, :128]
    painted, expected = (
        levels(model, image)
        for model in (mobile_form(shipped("udnie-17k.int8")), shipped("udnie-17k"))
    )
    assert 0 < np.abs(painted - expected).mean() < 3


def test_it_has_plain_operators_and_no_computed_sizes() -> None:
    mobile = mobile_form(shipped("great-wave"))
    assert {node.op_type for node in mobile.graph.node} == PLAIN
    onnx.checker.check_model(mobile, full_check=True)


def test_it_is_a_style_once_compacted(tmp_path: Path) -> None:
    file = tmp_path / "mobile.onnx"
    onnx.save(compacted(mobile_form(shipped("udnie-17k"))), file)
    assert file.stat().st_size < 20_000
    painted, expected = (
        OnnxGenerator(path).paint(PHOTO[:66, :99])
        for path in (file, models_folder() / "udnie-17k.onnx")
    )
    assert np.abs(painted.astype(int) - expected).max() <= 1


def test_the_original_stays_as_it_was() -> None:
    original = shipped("udnie-17k")
    before = original.SerializeToString(deterministic=True)
    mobile_form(original)
    assert original.SerializeToString(deterministic=True) == before


def test_a_foreign_network_has_none() -> None:
    ends = [helper.make_tensor_value_info(n, TensorProto.FLOAT, ["n", 3, "h", "w"]) for n in "xy"]
    graph = helper.make_graph([helper.make_node("Relu", ["x"], ["y"])], "g", ends[:1], ends[1:])
    with pytest.raises(StyleError, match=r"no network of vidstyle"):
        mobile_form(helper.make_model(graph))


def test_a_kernel_of_one_pixel_stays() -> None:
    kernel = np.arange(2 * 3 * 9, dtype=np.float32).reshape(2, 3, 3, 3)
    assert np.array_equal(cell_kernel(kernel, 1), kernel)


def test_pixels_of_a_cell_keep_their_places() -> None:
    channels = np.arange(12, dtype=np.float32).reshape(1, 12, 1, 1)  # row, column, color
    kernel = cell_kernel(channels, 2)
    assert kernel.shape == (1, 3, 2, 2)
    assert kernel[0, 1].tolist() == [[1, 4], [7, 10]]
