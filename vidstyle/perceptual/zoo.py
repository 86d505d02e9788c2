"""Feature networks by name, with their weights from the package, the user or the internet."""

from pathlib import Path

from vidstyle.assets import catalog_section, intact_file
from vidstyle.errors import StyleError
from vidstyle.perceptual.features import FeatureNetwork
from vidstyle.perceptual.slim import Slim
from vidstyle.perceptual.squeezenet import SqueezeNet
from vidstyle.perceptual.vgg import Vgg
from vidstyle.perceptual.weights import SQUEEZENET, VGG16, VGG19, Report, fetch

NAMES = ("slim", "squeezenet", "vgg16", "vgg19")


def load_features(
    name: str, weight_file: Path | None = None, report: Report | None = None
) -> FeatureNetwork:
    """Return a feature network, ready to use.

    Args:
        name: one of `NAMES`. Only slim is there without a download.
        weight_file: a local file to use instead of the public one.
        report: called with the bytes that are there and the bytes in all while downloading.

    Raises:
        StyleError: an unknown name, or the weights cannot be had or do not fit.
    """
    if name == "slim":
        return Slim(weight_file or _shipped("slim"))
    if name == "squeezenet":
        return SqueezeNet(weight_file or fetch(SQUEEZENET, report=report))
    if name == "vgg16":
        return Vgg("vgg16", weight_file or fetch(VGG16, report=report))
    if name == "vgg19":
        return Vgg("vgg19", weight_file or fetch(VGG19, report=report))
    raise StyleError(f'No features named "{name}". There are: {", ".join(NAMES)}.')


def _shipped(name: str) -> Path:
    for entry in catalog_section("features"):
        if entry["name"] == name:
            return intact_file(entry["file"], entry["sha256"])
    raise StyleError(f"The {name} features are missing. Install vidstyle again.")
