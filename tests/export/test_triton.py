"""Model folders for Triton: configuration, version and network."""

import re

import onnx
import pytest

from tests.export.test_mobile_form import shipped
from vidstyle.export.mobile_form import mobile_form
from vidstyle.export.triton import triton_files
from vidstyle.graph.compact import compacted


def config_of(files: dict[str, bytes]) -> str:
    text = files["config.pbtxt"].decode()
    unquoted = re.sub(r'"(?:[^"\\]|\\.)*"', '""', text)
    for opening, closing in ("{}", "[]"):
        assert unquoted.count(opening) == unquoted.count(closing) > 0
    return text


@pytest.fixture(scope="module")
def mobile() -> onnx.ModelProto:
    return compacted(mobile_form(shipped("udnie-17k")), {"light": "even", "note": 'a "b"\nc'})


def test_a_folder_has_a_configuration_and_a_first_version(mobile: onnx.ModelProto) -> None:
    files = triton_files("udnie", mobile, None)
    assert set(files) == {"config.pbtxt", "1/model.onnx"}
    assert onnx.load_model_from_string(files["1/model.onnx"]) == mobile
    config = config_of(files)
    assert 'name: "udnie"' in config
    assert 'backend: "onnxruntime"' in config
    assert "dynamic_batching {" in config


def test_ends_are_those_of_the_network_without_the_batch(mobile: onnx.ModelProto) -> None:
    config = config_of(triton_files("udnie", mobile, None))
    assert 'input [ { name: "image" data_type: TYPE_FP32 dims: [ 3, -1, -1 ] } ]' in config
    assert 'output [ { name: "painted" data_type: TYPE_FP32 dims: [ 3, -1, -1 ] } ]' in config
    config = config_of(triton_files("udnie", shipped("udnie-17k.int8"), (640, 360)))
    assert 'name: "image" data_type: TYPE_UINT8 dims: [ 360, 640, 4 ]' in config


def test_tensorrt_takes_one_size_of_floats(mobile: onnx.ModelProto) -> None:
    assert "tensorrt" in config_of(triton_files("udnie", mobile, (1280, 720)))
    assert "dims: [ 3, 720, 1280 ]" in config_of(triton_files("udnie", mobile, (1280, 720)))
    assert "tensorrt" not in config_of(triton_files("udnie", mobile, None))
    assert "tensorrt" not in config_of(triton_files("udnie", shipped("udnie-17k"), (1280, 720)))


def test_metadata_become_parameters(mobile: onnx.ModelProto) -> None:
    config = config_of(triton_files("udnie", mobile, None))
    assert 'parameters { key: "light" value: { string_value: "even" } }' in config
    assert r'string_value: "a \"b\"\nc"' in config
