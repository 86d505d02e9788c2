"""LiteRT runs the written files, in float32 and int8."""

import json
from typing import Any

import numpy as np
import pytest

from tests.export.test_mobile_form import PHOTO, shipped
from vidstyle.export.comparison import compare, painter_of
from vidstyle.export.int8_scales import int8_steps
from vidstyle.export.mobile_form import mobile_form

pytest.importorskip("ai_edge_litert", reason='needs the extra "export"')

from vidstyle.export.tflite import paint_with_tflite, tflite_file

SIZE = (96, 64)
IMAGES = [PHOTO[y : y + 64, x : x + 96] for y in (0, 100) for x in (0, 120)]


def int8_file(style: str) -> bytes:
    model = shipped(f"{style}.int8")
    return tflite_file(mobile_form(model), SIZE, int8_steps(model), {"light": "even"})


def unpacked(content: bytes) -> Any:
    from ai_edge_litert import schema_py_generated as schema

    return schema.ModelT.InitFromPackedBuf(content, 0)


@pytest.mark.parametrize("style", ["udnie-17k", "great-wave-220k"])
def test_float_paints_the_same(style: str) -> None:
    content = tflite_file(mobile_form(shipped(style)), SIZE)
    found = compare(
        lambda image: paint_with_tflite(content, image), painter_of(shipped(style)), IMAGES
    )
    assert found.largest <= 1


@pytest.mark.parametrize("style", ["udnie-17k", "mondrian", "great-wave-220k"])
def test_int8_is_about_as_near_to_float_as_in_onnx_runtime(style: str) -> None:
    content, original = int8_file(style), painter_of(shipped(style))
    ours = compare(lambda image: paint_with_tflite(content, image), original, IMAGES)
    theirs = compare(painter_of(shipped(f"{style}.int8")), original, IMAGES)
    assert ours.mean < 1.25 * theirs.mean
    assert ours.similarity > theirs.similarity - 0.01


def test_ends_are_float_and_named() -> None:
    graph = unpacked(int8_file("udnie-17k")).subgraphs[0]
    for (place,), name in ((graph.inputs, b"image"), (graph.outputs, b"painted")):
        assert graph.tensors[place].name == name
        assert graph.tensors[place].type == 0  # FLOAT32
        assert list(graph.tensors[place].shape) == [1, 64, 96, 3]


def test_everything_inside_is_int8() -> None:
    graph = unpacked(int8_file("udnie-17k")).subgraphs[0]
    floats = [tensor.name for tensor in graph.tensors if tensor.type == 0]
    assert sorted(floats) == [b"image", b"painted"]


def test_constants_are_aligned() -> None:
    content = int8_file("udnie-17k")
    from ai_edge_litert import schema_py_generated as schema

    model = schema.Model.GetRootAs(content)
    buffers = [model.Buffers(n) for n in range(model.BuffersLength())]
    starts = [b._tab.Vector(b._tab.Offset(4)) for b in buffers if b.DataLength()]
    assert len(starts) > 10
    assert not np.any(np.array(starts) % 16)


def test_metadata_are_in_the_file() -> None:
    model = unpacked(int8_file("udnie-17k"))
    (entry,) = model.metadata
    assert entry.name == b"vidstyle"
    assert json.loads(bytes(model.buffers[entry.buffer].data)) == {"light": "even"}


def test_files_are_small_and_always_the_same() -> None:
    assert len(int8_file("udnie-17k")) < 23_000
    assert int8_file("udnie-17k") == int8_file("udnie-17k")
