import importlib.util
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.perceptual.weights import digest, lpips_shapes, parameters, random_state
from tools.evaluation.lpips import BACKBONES, Backbone, Lpips
from vidstyle.errors import MissingExtraError, StyleError
from vidstyle.frame import RGBImage

# Distance of `pictures`, as the lpips package 0.1.4 computes it on torchvision 0.28.0's backbones
# with the same random weights.
PACKAGE = {"alex": 0.3794536, "squeeze": 0.3519786, "vgg": 0.3281527}
PARAMETERS = {"alex": 2_469_696, "squeeze": 722_496, "vgg": 14_714_688}  # of torchvision's features
DIGESTS = {  # of names and shapes of torchvision's features
    "alex": "193a6adb57537501",
    "squeeze": "6ed6776d94a367dd",
    "vgg": "0623446263cf73ab",
}


def weight_file(backbone: Backbone, folder: Path) -> Path:
    file = folder / f"{backbone}-backbone.pth"
    torch.save(random_state(lpips_shapes(backbone)), file)
    return file


def pictures() -> tuple[RGBImage, RGBImage]:
    random = np.random.default_rng(3)
    first, second = (random.integers(0, 256, (67, 83, 3), np.uint8) for _ in range(2))
    return first, first // 2 + second // 2


@pytest.mark.parametrize("backbone", BACKBONES)
def test_backbones_are_the_published_ones(backbone: Backbone) -> None:
    shapes = lpips_shapes(backbone)
    assert (parameters(shapes), digest(shapes)) == (PARAMETERS[backbone], DIGESTS[backbone])


@pytest.mark.usefixtures("lpips_package")
@pytest.mark.parametrize("backbone", BACKBONES)
def test_the_distance_is_that_of_the_package(backbone: Backbone, tmp_path: Path) -> None:
    first, second = pictures()
    lpips = Lpips(backbone, weight_file(backbone, tmp_path))
    assert lpips.distance(first, second) == pytest.approx(PACKAGE[backbone], rel=1e-4)
    assert lpips.distance(first, first) == 0


def test_a_missing_package_is_said_with_how_to_install_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=r"pip install --no-deps lpips$"):
        Lpips("alex", tmp_path / "alexnet.pth")


def test_a_damaged_package_is_said(lpips_package: Path, tmp_path: Path) -> None:
    (lpips_package / "alex.pth").write_text("<html>Not found</html>", encoding="utf-8")
    with pytest.raises(
        StyleError, match=r"not a linear LPIPS v0\.1 weight file.*Install the package again"
    ):
        Lpips("alex", tmp_path / "alexnet.pth")


@pytest.mark.usefixtures("lpips_package")
@pytest.mark.parametrize("backbone", BACKBONES)
def test_the_file_of_another_backbone_is_said(backbone: Backbone, tmp_path: Path) -> None:
    torch.save({"features.0.weight": torch.zeros(9, 3, 3, 3)}, tmp_path / "other.pth")
    for name in ("none.pth", "other.pth"):
        with pytest.raises(
            StyleError, match=r"other\.pth|none\.pth.* is not a .* weight file"
        ) as said:
            Lpips(backbone, tmp_path / name)
        assert "\n" not in str(said.value)
