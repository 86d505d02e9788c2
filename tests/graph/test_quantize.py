from collections import Counter
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnx
import onnxruntime
import pytest
import torch

from tests.export.test_onnx import SHIPPED, SMALL, painting_generator
from vidstyle.errors import StyleError
from vidstyle.export.onnx import export, folded_weights
from vidstyle.frame import RGBImage
from vidstyle.graph import quantize as quantize_module
from vidstyle.graph.int8_layout import ENLARGE
from vidstyle.graph.quantize import (
    QuantizationParameters,
    _best_parameters,
    quantize,
    quantize_pixel_weights,
    quantized,
)
from vidstyle.metrics import structural_similarity
from vidstyle.network.architecture import FINE, LARGEST_BYTES, LARGEST_CODE, PIXELS, SIZE_CLASSES
from vidstyle.network.generator import PixelPaint
from vidstyle.stylize.generator import OnnxGenerator


def smooth_images(count: int) -> list[RGBImage]:
    noise = np.random.default_rng(0).random((count, 9, 12, 3))
    large = [cv2.resize(image, (130, 99), interpolation=cv2.INTER_CUBIC) for image in noise]
    return [np.clip(image * 255, 0, 255).astype(np.uint8) for image in large]


@pytest.fixture(scope="module", params=["the shipped style", "a small one for bytes"])
def files(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Path, float]:
    folder = tmp_path_factory.mktemp("quantize")
    file, output = folder / "float32.onnx", folder / "int8.onnx"
    if request.param == "the shipped style":
        file = SHIPPED
    else:
        export(painting_generator(SMALL), file, {"style": "noise"}, pixels="uint8")
    return file, output, quantize(file, smooth_images(6), output)


def test_it_paints_almost_the_same(files: tuple[Path, Path, float]) -> None:
    file, output, similarity = files
    assert similarity >= 0.97
    (image,) = smooth_images(1)
    first, second = (OnnxGenerator(f).paint(image) for f in (file, output))
    assert structural_similarity(first / 255, second / 255) >= 0.97
    assert not np.array_equal(first, second)


def test_every_convolution_computes_in_int8(
    files: tuple[Path, Path, float], tmp_path: Path
) -> None:
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3  # it warns that the optimized file suits this machine only
    options.optimized_model_filepath = str(tmp_path / "optimized.onnx")
    onnxruntime.InferenceSession(files[1], options, providers=["CPUExecutionProvider"])
    kinds = Counter(node.op_type for node in onnx.load(tmp_path / "optimized.onnx").graph.node)
    assert kinds["QLinearConv"] == len(folded_weights(files[0])) // 2 + 1  # one enlarges
    assert kinds["Conv"] + kinds["FusedConv"] + kinds["Resize"] + kinds["Relu"] == 0
    assert kinds["QuantizeLinear"] + kinds["DequantizeLinear"] == 0


def test_the_file_stays_small_and_keeps_its_facts(files: tuple[Path, Path, float]) -> None:
    file, output, _ = files
    assert output.stat().st_size < file.stat().st_size + 2000
    assert onnx.load(output).metadata_props == onnx.load(file).metadata_props


def test_weights_leave_room_for_sums_in_16_bits(files: tuple[Path, Path, float]) -> None:
    tensors = onnx.load(files[1]).graph.initializer
    codes = [onnx.numpy_helper.to_array(t) for t in tensors if t.data_type == onnx.TensorProto.INT8]
    narrow = [code for code in codes if np.abs(code.astype(int)).max() <= 63]
    assert len(narrow) == len(folded_weights(files[0])) // 2


def test_pixels_of_a_cell_keep_equal_sums_in_int8() -> None:
    conv = PixelPaint(5, PIXELS, 3, padding=1)
    weight = conv.folded().weight.detach().numpy()
    code, scale = quantize_pixel_weights(weight)
    assert np.abs(code.astype(int)).max() <= LARGEST_CODE
    sums = code.astype(int).sum(axis=(2, 3)).reshape(FINE**2, 3, 5)
    assert (sums == sums[0]).all()
    assert scale.shape == (3, 1, 1, 1)
    error = np.abs(code * np.tile(scale.astype(np.float32), (FINE**2, 1, 1, 1)) - weight)
    assert error.max() < 1.6 * scale.max() and error.mean() < 0.35 * scale.max()


@pytest.mark.parametrize("kind", ["normal", "laplace", "exponential"])
def test_no_other_ends_are_much_better(kind: str) -> None:
    values = getattr(np.random.default_rng(0), kind)(size=2000)
    shares = np.linspace(0.05, 1, 40)
    errors = [
        squared_error(((high - low) / 255, round(-255 * low / (high - low))), values)
        for low in min(values.min(), 0) * shares
        for high in values.max() * shares
    ]
    assert squared_error(_best_parameters(values), values) < 1.05 * min(errors)


def test_steps_are_fine_where_a_relu_sees_the_sum() -> None:
    rng = np.random.default_rng(0)
    sums = rng.normal(-2, 1, 20_000)  # mostly what the ReLU takes away
    values = rng.normal(0, 3, sums.shape)
    added = sums - values
    alone, together = _best_parameters(values), _best_parameters(values, added)
    assert squared_error(together, values, added) < 0.8 * squared_error(alone, values, added)


def test_addends_whose_channels_lie_far_apart_are_brought_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    generator = painting_generator(SMALL)
    apart = torch.tensor([4.0, -4.0]).repeat(SMALL.head_channels // 2)
    with torch.no_grad():
        generator.decision.norm.bias.add_(apart)
        generator.detail.norm.bias.sub_(apart)  # their sum is what it was
    export(generator, tmp_path / "apart.onnx", pixels="uint8")
    model, images = onnx.load(tmp_path / "apart.onnx"), smooth_images(4)
    batches = [np.dstack([image[:96, :128], image[:96, :128, 0]])[None] for image in images]
    centered = quantize_module._similarity(model, quantized(model, batches), batches)
    monkeypatch.setattr(quantize_module, "_center_addends", lambda *_: None)
    plain = quantize_module._similarity(model, quantized(model, batches), batches)
    assert 1 - centered < 0.3 * (1 - plain)


def test_what_is_interpolated_keeps_its_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A ReLU takes some of it away, but only behind the interpolation: its neighbors need it."""
    generator = painting_generator(SMALL)
    with torch.no_grad():
        generator.decision.norm.weight.mul_(12)
        generator.detail.norm.bias.sub_(1.5)
    export(generator, tmp_path / "low.onnx", pixels="uint8")
    model, rng = onnx.load(tmp_path / "low.onnx"), np.random.default_rng(0)
    colors = rng.integers(0, 256, (4, 1, 16, 22, 4), np.uint8)
    batches = list(colors.repeat(6, axis=2).repeat(6, axis=3))
    kept = quantize_module._similarity(model, quantized(model, batches), batches)
    choose = quantize_module._quantization_parameters

    def as_behind(model: onnx.ModelProto, *others: Any) -> dict[str, QuantizationParameters]:
        (enlarge,) = (node for node in model.graph.node if node.name == ENLARGE)
        steps = choose(model, *others)
        return steps | {enlarge.input[0]: steps[enlarge.output[0]]}

    monkeypatch.setattr(quantize_module, "_quantization_parameters", as_behind)
    clipped = quantize_module._similarity(model, quantized(model, batches), batches)
    assert 1 - kept < 0.3 * (1 - clipped)


def squared_error(
    step: QuantizationParameters | tuple[float, int],
    values: np.ndarray,
    added: np.ndarray | None = None,
) -> float:
    """Between values and rounded ones, number by number; behind a ReLU where something is added."""
    scale, zero = float(step[0]), int(step[1])
    levels = np.clip(np.round(values / scale) + zero, 0, 255)
    difference = (levels - zero) * scale - values
    if added is not None:
        difference = np.maximum(values + difference + added, 0) - np.maximum(values + added, 0)
    return float((difference**2).mean())


def test_weights_can_be_read_back_from_int8(files: tuple[Path, Path, float]) -> None:
    weights, expected = folded_weights(files[1]), folded_weights(files[0])
    assert weights.keys() == expected.keys()
    for found in (weights, expected):  # these are added, and constants moved between them
        for first, second in (("decision", "detail"), ("paint", "skip")):
            found["both.bias"] = found.pop(f"{first}.bias") + found.pop(f"{second}.bias")
    for name, weight in weights.items():
        assert (weight - expected[name]).abs().max() <= expected[name].abs().max() / 50


def test_an_unlike_picture_is_refused(
    files: tuple[Path, Path, float], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quantize_module, "RANGE_SHARES", np.array([0.02]))
    with pytest.raises(StyleError, match="similar to those in float32"):
        quantize(files[0], smooth_images(2), tmp_path / "coarse.onnx")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("size_class", SIZE_CLASSES)
def test_every_size_class_keeps_its_promise(size_class: str, tmp_path: Path) -> None:
    file, output = tmp_path / "float32.onnx", tmp_path / "int8.onnx"
    about = {"size_class": size_class}
    export(painting_generator(SIZE_CLASSES[size_class]), file, about, "uint8")
    quantize(file, smooth_images(2), output)
    assert file.stat().st_size < output.stat().st_size <= LARGEST_BYTES[size_class]
