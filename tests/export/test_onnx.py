import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from onnx import ModelProto

from vidstyle.errors import StyleError
from vidstyle.export import onnx as export_module
from vidstyle.export.onnx import ExportModule, export, export_torch, folded_weights, rounded
from vidstyle.graph.compact import (
    build_model,
    compacted,
    fold_constants,
)
from vidstyle.network.architecture import PIXELS, Architecture
from vidstyle.network.generator import Generator, fake_quantize, round_weights
from vidstyle.stylize.generator import OnnxGenerator

SMALL = Architecture(channels=8, bottleneck=4, dilations=(1, 2), head_channels=4)
SHIPPED = Path(__file__).parent.parent.parent / "models" / "great-wave.onnx"


def painting_generator(architecture: Architecture | None = None) -> Generator:
    """Random weights that paint something, and running statistics that are not 0 and 1."""
    torch.manual_seed(0)
    generator = Generator(architecture)
    torch.nn.init.normal_(generator.paint.weight, std=0.8 / generator.architecture.head_channels)
    if architecture:
        generator.set_color_map(torch.eye(3) + 0.1 * torch.rand(3, 3), 0.1 * torch.rand(3))
    for _ in range(3):
        generator(torch.rand(2, 3, 32, 32) ** 2)
    return generator.eval()


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> tuple[Generator, Path]:
    generator = painting_generator()
    file = tmp_path_factory.mktemp("export") / "generator.onnx"
    export(generator, file, {"style": "noise"})
    return generator, file


@pytest.fixture(scope="module")
def for_bytes(tmp_path_factory: pytest.TempPathFactory) -> tuple[Generator, Path]:
    generator = painting_generator(SMALL)
    round_weights(generator)
    file = tmp_path_factory.mktemp("export") / "bytes.onnx"
    export(generator, file, pixels="uint8")
    return generator, file


@pytest.mark.parametrize("size", [(1, 64, 96), (1, 32, 200), (2, 44, 76)])
def test_onnx_paints_what_the_network_paints(
    exported: tuple[Generator, Path], size: tuple[int, int, int]
) -> None:
    generator, file = exported
    count, height, width = size
    images = torch.rand(count, 3, height, width)
    (painted,) = run(file, images.numpy())
    with torch.no_grad():
        expected = generator(images).clamp(0, 1).numpy()
        stored = ExportModule(rounded(generator))(images).numpy()
    assert painted.shape == expected.shape
    assert np.abs(painted - stored).max() <= 1 / 255
    # What int8 storage of the weights may cost: a level or two of 255.
    assert np.abs(painted - expected).mean() < 2 / 255
    assert np.abs(painted - expected).max() < 12 / 255


def test_with_bytes_it_paints_the_same_rounded(for_bytes: tuple[Generator, Path]) -> None:
    generator, file = for_bytes
    images = np.random.default_rng(0).integers(0, 256, (2, 36, 60, 4)).astype(np.uint8)
    (painted,) = run(file, images)
    with torch.no_grad():
        floats = torch.from_numpy(images[..., :3]).permute(0, 3, 1, 2) / 255
        expected = rounded(generator)(floats).clamp(0, 1).permute(0, 2, 3, 1).numpy() * 255
    assert painted.dtype == np.uint8
    assert painted.shape == images.shape
    assert np.abs(painted[..., :3] - expected).max() < 0.51
    assert np.array_equal(painted[..., 3], images[..., 3])


def test_little_of_the_file_is_not_weights(exported: tuple[Generator, Path]) -> None:
    generator, file = exported
    weights = sum(p.numel() for p in rounded(generator).parameters() if p.dim() == 4)
    convolutions = 11
    assert file.stat().st_size - weights < 300 + 250 * convolutions


def test_the_file_says_nothing_of_the_machine_it_was_made_on(
    exported: tuple[Generator, Path],
) -> None:
    model = onnx.load(exported[1])
    assert not any(node.metadata_props or node.doc_string for node in model.graph.node)
    assert b"/" + b"home" not in exported[1].read_bytes()
    assert b".py" not in exported[1].read_bytes()


def test_the_file_says_what_it_is(exported: tuple[Generator, Path]) -> None:
    model = onnx.load(exported[1])
    assert {entry.key: entry.value for entry in model.metadata_props} == {"style": "noise"}
    assert [value.name for value in (*model.graph.input, *model.graph.output)] == [
        "image",
        "painted",
    ]


def test_it_is_a_generator_for_the_product(
    exported: tuple[Generator, Path], for_bytes: tuple[Generator, Path]
) -> None:
    image = np.zeros((50, 70, 3), np.uint8)
    for _, file in (exported, for_bytes):
        assert OnnxGenerator(file).paint(image).shape == image.shape


def test_the_callers_generator_stays_as_it_was(for_bytes: tuple[Generator, Path]) -> None:
    generator = for_bytes[0]
    assert generator.state_dict().keys() == Generator(SMALL).state_dict().keys()
    before = {name: value.clone() for name, value in generator.state_dict().items()}
    rounded(generator)
    assert all(torch.equal(value, before[name]) for name, value in generator.state_dict().items())


def test_a_file_that_paints_something_else_is_not_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def darkened(model: ModelProto, about: dict[str, str] | None) -> ModelProto:
        nodes, arrays = fold_constants(model)
        skip = next(node for node in nodes if node.name == "skip").input[2]
        return compacted(build_model(model, nodes, {**arrays, skip: arrays[skip] - 2 / 255}), about)

    monkeypatch.setattr(export_module, "compacted", darkened)
    with pytest.raises(StyleError, match=r"differ by 2\.\d\d levels"):
        export(painting_generator(), tmp_path / "dark.onnx")
    assert not list(tmp_path.iterdir())


def test_the_weights_can_be_read_back(
    exported: tuple[Generator, Path], for_bytes: tuple[Generator, Path]
) -> None:
    for generator, file in (exported, for_bytes):  # the first has biases of zero
        weights = folded_weights(file)
        stored = dict(rounded(generator).named_parameters())
        assert weights.keys() == stored.keys()
        assert all(torch.equal(weights[name], stored[name]) for name in stored)


def test_what_learned_with_rounded_weights_is_stored_with_them(
    for_bytes: tuple[Generator, Path],
) -> None:
    generator, file = for_bytes
    for pixel in range(PIXELS // 3):
        part = slice(3 * pixel, 3 * pixel + 3)
        found = folded_weights(file)["skip.weight"][part, part]
        assert torch.allclose(found, fake_quantize(generator.skip.weight), rtol=1e-3)
    images = torch.rand(1, 3, 32, 32)
    with torch.no_grad():
        learned, stored = generator(images), rounded(generator)(images)
    assert (learned - stored).abs().max() < 0.25 / 255  # float16 scales and biases
    assert not any(getattr(module, "rounding", False) for module in rounded(generator).modules())


def test_a_file_with_long_names_can_be_read_back() -> None:
    weights = folded_weights(SHIPPED)
    expected = dict(rounded(Generator()).named_parameters())
    assert {n: w.shape for n, w in weights.items()} == {n: p.shape for n, p in expected.items()}
    assert weights["blocks.0.wide.weight"].abs().max() > 0.01


def test_read_back_weights_paint_what_the_shipped_file_paints() -> None:
    generator = rounded(Generator())
    generator.load_state_dict(folded_weights(SHIPPED))
    images = np.random.default_rng(0).integers(0, 256, (1, 32, 44, 4)).astype(np.uint8)
    with torch.no_grad():
        expected = ExportModule(generator, "uint8")(torch.from_numpy(images)).numpy()
    (painted,) = run(SHIPPED, images)
    assert np.abs(painted.astype(int) - expected).max() <= 1


@pytest.fixture(scope="module")
def for_pytorch(
    for_bytes: tuple[Generator, Path], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Generator, Path]:
    file = tmp_path_factory.mktemp("export") / "generator.pt2"
    export_torch(for_bytes[0], file)
    return for_bytes[0], file


def test_pytorch_users_need_only_pytorch(
    for_pytorch: tuple[Generator, Path], tmp_path: Path
) -> None:
    generator, file = for_pytorch
    batches = [torch.rand(1, 3, 24, 40), torch.rand(2, 3, 52, 36)]
    torch.save(batches, tmp_path / "images.pt")
    code = (
        "import sys, torch\n"
        f"paint = torch.export.load({str(file)!r}).module()\n"
        "torch.save([paint(images) for images in torch.load('images.pt')], 'painted.pt')\n"
        "assert 'vidstyle' not in sys.modules\n"
    )
    subprocess.run(
        [sys.executable, "-W", "error", "-c", code], check=True, cwd=tmp_path, timeout=60
    )
    for images, painted in zip(batches, torch.load(tmp_path / "painted.pt"), strict=True):
        with torch.no_grad():
            expected = ExportModule(rounded(generator))(images)
        assert torch.allclose(painted, expected, atol=1e-5)


def test_the_pytorch_file_names_no_folders(for_pytorch: tuple[Generator, Path]) -> None:
    with ZipFile(for_pytorch[1]) as archive:
        parts = [archive.read(name) for name in archive.namelist()]
    assert not any(b".py" in part or str(Path.cwd()).encode() in part for part in parts)


def run(file: Path, images: np.ndarray) -> list[np.ndarray]:
    session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
    return list(session.run(None, {"image": images}))
