"""Feature network loader by name, with weights from the package, a local file or a download."""

from pathlib import Path

from vidstyle.assets import shipped_file
from vidstyle.errors import StyleError
from vidstyle.options import FEATURES
from vidstyle.perceptual.features import FeatureNetwork
from vidstyle.perceptual.mobilenet import MobileNetV3
from vidstyle.perceptual.resnet import ResNet50
from vidstyle.perceptual.slim import Slim
from vidstyle.perceptual.squeezenet import SqueezeNet
from vidstyle.perceptual.vgg import Vgg
from vidstyle.perceptual.weights import (
    MOBILENET,
    RESNET50,
    SQUEEZENET,
    VGG16,
    VGG19,
    Report,
    fetch,
)

NAMES = FEATURES


def load_features(
    name: str, weight_file: Path | None = None, report: Report | None = None
) -> FeatureNetwork:
    """Load a feature network with its weights.

    Args:
        name: one of `NAMES`; all except slim are downloaded at first use.
        weight_file: local weight file to use instead of the published one.
        report: called with the bytes so far and in total, after each block of a download.

    Raises:
        StyleError: an unknown name, or weights that cannot be loaded or belong to another network.
    """
    features = _loaded(name, weight_file, report)
    if not all(bool(weights.isfinite().all()) for weights in features.state_dict().values()):
        raise StyleError(
            f"{weight_file} has weights that are not numbers (NaN). Give another file, or none.",
            {"feature_weights": None},
        )
    return features


def _loaded(name: str, weight_file: Path | None, report: Report | None) -> FeatureNetwork:
    if name == "slim":
        return Slim(weight_file or shipped_file("features", "slim"))
    if name == "squeezenet":
        return SqueezeNet(weight_file or fetch(SQUEEZENET, report=report))
    if name == "vgg16":
        return Vgg("vgg16", weight_file or fetch(VGG16, report=report))
    if name == "vgg19":
        return Vgg("vgg19", weight_file or fetch(VGG19, report=report))
    if name == "mobilenet_v3_large":
        return MobileNetV3(weight_file or fetch(MOBILENET, report=report))
    if name == "resnet50":
        return ResNet50(weight_file or fetch(RESNET50, report=report))
    raise StyleError(f'No features named "{name}". There are: {", ".join(NAMES)}.')
