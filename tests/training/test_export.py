from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch

from vidstyle.stylize.generator import OnnxGenerator
from vidstyle.training.export import export
from vidstyle.training.network import Generator


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> tuple[Generator, Path]:
    torch.manual_seed(0)
    generator = Generator()
    torch.nn.init.normal_(generator.paint.weight, std=0.05)
    file = tmp_path_factory.mktemp("export") / "generator.onnx"
    export(generator, file)
    return generator.eval(), file


@pytest.mark.parametrize("size", [(64, 96), (32, 200)])
def test_onnx_paints_what_the_network_paints(
    exported: tuple[Generator, Path], size: tuple[int, int]
) -> None:
    generator, file = exported
    images = torch.rand(1, 3, *size)
    session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
    (painted,) = session.run(None, {"image": images.numpy()})
    with torch.no_grad():
        expected = generator(images).clamp(0, 1).numpy()
    assert painted.shape == expected.shape
    # What int8 storage of the weights may cost: a level or two of 255.
    assert np.abs(painted - expected).mean() < 2 / 255
    assert np.abs(painted - expected).max() < 12 / 255


def test_the_file_fits_the_55_kb_class(exported: tuple[Generator, Path]) -> None:
    assert exported[1].stat().st_size <= 56_320


def test_the_file_says_nothing_of_the_machine_it_was_made_on(
    exported: tuple[Generator, Path],
) -> None:
    model = onnx.load(exported[1])
    assert not any(node.metadata_props or node.doc_string for node in model.graph.node)
    assert b"/" + b"home" not in exported[1].read_bytes()
    assert b".py" not in exported[1].read_bytes()


def test_it_is_a_generator_for_the_product(exported: tuple[Generator, Path]) -> None:
    image = np.zeros((50, 70, 3), np.uint8)
    assert OnnxGenerator(exported[1]).paint(image).shape == image.shape
