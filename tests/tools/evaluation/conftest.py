from pathlib import Path

import numpy as np
import pytest
import torch

from tools.evaluation.lpips import BACKBONES, CHANNELS, Backbone


@pytest.fixture
def lpips_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Weights of a package named lpips, random ones, in place of the real package."""
    folder = tmp_path / "packages" / "lpips" / "weights" / "v0.1"
    folder.mkdir(parents=True)
    (tmp_path / "packages" / "lpips" / "__init__.py").touch()
    for backbone in BACKBONES:
        torch.save(linear_state(backbone), folder / f"{backbone}.pth")
    monkeypatch.syspath_prepend(tmp_path / "packages")
    return folder


def linear_state(backbone: Backbone) -> dict[str, torch.Tensor]:
    """Linear weights of a backbone's layers, by the package's names."""
    random = np.random.default_rng(2)
    return {
        f"lin{layer}.model.1.weight": torch.tensor(
            random.random((1, channels, 1, 1)), dtype=torch.float32
        )
        for layer, channels in enumerate(CHANNELS[backbone])
    }
