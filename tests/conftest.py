"""What tests of several modules share: a toy generator, and a way to look into finished files."""

from pathlib import Path

import numpy as np
import pytest

from tests.toys import save_convolution
from vidstyle.options import StylizeOptions


@pytest.fixture(scope="session")
def inverter(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A generator that inverts colours, as an .onnx file."""
    weight = -np.eye(3, dtype=np.float32).reshape(3, 3, 1, 1)
    return save_convolution(tmp_path_factory.mktemp("styles") / "inverter.onnx", weight)


@pytest.fixture
def inverting(inverter: Path) -> StylizeOptions:
    """Options that convert with the toy generator."""
    return StylizeOptions(style=str(inverter))
