"""What tests of the optimizer share: an optimizer of the features that ship, and few steps."""

import pytest

from tests.optimize.few_steps import use_few_steps
from tests.textures import noise_image
from vidstyle.optimize.cache import Cache
from vidstyle.optimize.limits import MemoryLimits
from vidstyle.optimize.objective import PictureLossWeights
from vidstyle.optimize.picture_optimizer import PictureOptimizer
from vidstyle.optimize.style_target import StyleTarget
from vidstyle.perceptual.zoo import load_features


@pytest.fixture(scope="package")
def optimizer(tmp_path_factory: pytest.TempPathFactory) -> PictureOptimizer:
    features = load_features("slim")
    style_target = StyleTarget(
        noise_image(80, 80, seed=9, blur=1), features, Cache(tmp_path_factory.mktemp("cache"))
    )
    return PictureOptimizer(
        features, style_target, MemoryLimits(10**7, 10**7, 10**7), PictureLossWeights()
    )


@pytest.fixture
def few_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Films and photos painted in few steps."""
    use_few_steps(monkeypatch.setattr)
