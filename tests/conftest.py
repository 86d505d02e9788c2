"""What tests of several modules share: a toy generator, and a way to look into finished files."""

from pathlib import Path

import numpy as np
import pytest

from tests.shelf import stock
from tests.toys import save_convolution
from vidstyle import assets
from vidstyle.options import StylizeOptions


@pytest.fixture(scope="session")
def inverter(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A generator that inverts colors, as an .onnx file."""
    weight = -np.eye(3, dtype=np.float32).reshape(3, 3, 1, 1)
    return save_convolution(tmp_path_factory.mktemp("styles") / "inverter.onnx", weight)


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the shipped styles, with toys in it: negative (the default), white, warm."""
    (tmp_path / "shelf").mkdir()
    folder = stock(tmp_path / "shelf")
    monkeypatch.setattr(assets, "models_folder", lambda: folder)
    return folder


@pytest.fixture
def inverting(inverter: Path) -> StylizeOptions:
    """Options that convert with the toy generator."""
    return StylizeOptions(style=str(inverter))
