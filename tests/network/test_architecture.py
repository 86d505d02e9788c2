"""Size classes, without PyTorch."""

import subprocess
import sys

import pytest

from vidstyle.assets import models_folder
from vidstyle.network.architecture import (
    FINE,
    GRID,
    LARGEST_BYTES,
    LARGEST_CODE,
    PIXELS,
    SIZE_CLASSES,
    Architecture,
)
from vidstyle.stylize import generator


def test_it_is_known_without_pytorch() -> None:
    code = (
        "import sys, vidstyle.network.architecture\n"
        "assert not {'torch', 'onnx', 'numpy'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_every_class_has_its_limit_and_grows() -> None:
    assert SIZE_CLASSES.keys() == LARGEST_BYTES.keys()
    for name, limit in LARGEST_BYTES.items():
        assert limit == 1024 * int(name.removesuffix("k"))
    channels = [architecture.channels for architecture in SIZE_CLASSES.values()]
    assert channels == sorted(channels)
    assert SIZE_CLASSES["55k"] == Architecture()


@pytest.mark.parametrize("architecture", SIZE_CLASSES.values())
def test_widths_suit_int8_arithmetic(architecture: Architecture) -> None:
    widths = (architecture.channels, architecture.bottleneck, architecture.head_channels)
    assert all(width % 16 == 0 for width in widths)
    assert architecture.stem_kernel % 2 == 1


def test_products_of_two_weights_do_not_overflow_16_bits() -> None:
    """vpmaddubsw adds two products of an unsigned and a signed byte in int16."""
    assert 2 * 255 * LARGEST_CODE <= 2**15 - 1 < 2 * 255 * (LARGEST_CODE + 2)


def test_cells_fit_into_each_other_and_into_the_sides_that_generators_take() -> None:
    assert GRID % FINE == 0
    assert generator.GRID % GRID == 0
    assert PIXELS == 3 * FINE * FINE


def test_the_shipped_files_of_a_class_keep_its_limit() -> None:
    for name in ("17k", "220k"):
        files = list(models_folder().glob(f"*-{name}*.onnx"))
        assert files
        assert all(file.stat().st_size <= LARGEST_BYTES[name] for file in files)
