"""Core ML packages: their structure, and their program run operator by operator in PyTorch."""

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional

from tests.export.test_mobile_form import PHOTO, shipped
from vidstyle.export.comparison import painter_of
from vidstyle.export.mobile_form import mobile_form
from vidstyle.network.generator import from_cells

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True, scope="module")
def needed() -> None:
    pytest.importorskip("coremltools", reason='needs the extra "export"')


def test_a_package_is_a_program_from_image_to_image() -> None:
    from coremltools.proto import Model_pb2

    from vidstyle.export.coreml import coreml_files

    files = coreml_files(mobile_form(shipped("udnie-17k")), (96, 64), {"light": "even"})
    spec = Model_pb2.Model()
    (name,) = (name for name in files if name.endswith(".mlmodel"))
    spec.ParseFromString(files[name])
    for end, named in ((spec.description.input, "image"), (spec.description.output, "painted")):
        assert [each.name for each in end] == [named]
        assert (end[0].type.imageType.width, end[0].type.imageType.height) == (96, 64)
    assert spec.description.metadata.userDefined["light"] == "even"
    (block,) = spec.mlProgram.functions["main"].block_specializations.values()
    kinds = [each.type for each in block.operations if each.type != "const"]
    assert kinds.count("conv") == 9
    assert kinds.count("depth_to_space") == kinds.count("upsample_bilinear") == 1
    assert sum(map(len, files.values())) < 60_000


@pytest.mark.parametrize("style", ["udnie-17k", "great-wave-220k"])
def test_its_operators_paint_the_same_picture(style: str) -> None:
    import coremltools

    from vidstyle.export.coreml import _program

    image = PHOTO[:64, :96]
    program = _program(coremltools, mobile_form(shipped(style)), (96, 64))
    (function,) = program.functions.values()
    values = {"image": torch.from_numpy(image.transpose(2, 0, 1)[None].copy()).float() / 255}
    for operator in function.operations:
        if operator.op_type != "const":
            values[operator.outputs[0].name] = computed(operator, values)
    painted = values["painted"][0].permute(1, 2, 0).numpy()
    expected = painter_of(shipped(style))(image)
    assert np.abs(np.rint(painted) - expected.astype(int)).max() <= 1


def computed(operator: Any, values: dict[str, Tensor]) -> Tensor:
    """Result of one operator, as the reference of coremltools describes it."""
    given = {
        name: values.get(var.name, var.val)
        for name, var in operator.inputs.items()
        if not isinstance(var, tuple)
    }
    x: Tensor = given["x"]
    match operator.op_type:
        case "conv":
            top, bottom, left, right = map(int, given["pad"])
            weight, bias = (torch.from_numpy(np.array(given[n])) for n in ("weight", "bias"))
            strides, dilations = (tuple(map(int, given[n])) for n in ("strides", "dilations"))
            padded = functional.pad(x, (left, right, top, bottom))
            return functional.conv2d(padded, weight, bias, strides, 0, dilations)
        case "relu":
            return x.relu()
        case "add":
            return torch.add(x, given["y"])
        case "mul":
            return x * float(given["y"])
        case "clip":
            return x.clamp(float(given["alpha"]), float(given["beta"]))
        case "upsample_bilinear":
            assert not given["align_corners"]
            return functional.interpolate(x, scale_factor=2.0, mode="bilinear")
        case "depth_to_space":  # in the order of TensorFlow, whose operator becomes this one
            assert given["block_size"] == 2
            return from_cells(x)
    raise AssertionError(operator.op_type)
