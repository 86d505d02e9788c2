"""Scales of int8 tensors and kernels, taken from a quantized generator."""

import numpy as np
import onnx
import pytest

from tests.export.test_mobile_form import shipped
from vidstyle.export.int8_scales import int8_kernel, int8_steps, tensor_roles
from vidstyle.export.mobile_form import mobile_form
from vidstyle.graph.compact import constants
from vidstyle.graph.weights import generator_weights


@pytest.fixture(scope="module")
def quantized() -> onnx.ModelProto:
    return shipped("udnie-17k.int8")


def test_every_tensor_of_the_mobile_form_has_a_scale(quantized: onnx.ModelProto) -> None:
    steps = int8_steps(quantized)
    roles = tensor_roles(mobile_form(quantized).graph.node)
    assert set(roles.values()) | {"image"} == set(steps)
    assert all(scale > 0 and -128 <= zero <= 127 for scale, zero in steps.values())


def test_both_ends_are_exact_bytes(quantized: onnx.ModelProto) -> None:
    steps = int8_steps(quantized)
    last = max(role for role in steps if role.startswith("sum."))
    for scale, zero in (steps["image"], steps[last]):
        assert scale == pytest.approx(1 / 255)
        assert zero == -128


def test_interpolation_keeps_its_scale(quantized: onnx.ModelProto) -> None:
    steps = int8_steps(quantized)
    assert steps["enlarge"] == steps["decision"]


@pytest.mark.parametrize("largest", [63, 58, 21])
def test_integers_that_make_up_a_kernel_are_found_again(largest: int) -> None:
    rng = np.random.default_rng(0)
    code = rng.integers(-largest, largest + 1, (4, 8, 3, 3))
    code[:, 0, 0, 0] = largest
    scale = rng.uniform(0.001, 0.1, (4, 1, 1, 1)).astype(np.float32)
    found, scales = int8_kernel(code * scale)
    assert np.allclose(found * scales[:, None, None, None], code * scale, rtol=1e-5)


def test_shipped_kernels_lose_nothing(quantized: onnx.ModelProto) -> None:
    for name, weight in generator_weights(quantized).items():
        if weight.ndim == 4:
            code, scale = int8_kernel(weight)
            assert np.allclose(code * scale[:, None, None, None], weight, atol=1e-5), name


def test_a_channel_of_zeros_stays_zero() -> None:
    code, scale = int8_kernel(np.zeros((2, 3, 1, 1), np.float32))
    assert not code.any()
    assert (scale > 0).all()


def test_no_weight_has_another_name_in_the_mobile_form(quantized: onnx.ModelProto) -> None:
    mobile = mobile_form(quantized)
    assert len(constants(mobile)) == len(generator_weights(quantized)) + 1  # the scales of Resize
