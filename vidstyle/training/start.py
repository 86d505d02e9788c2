"""Start of a training: the weights of a style, by default of the one with the nearest painting."""

import torch
from torch import Tensor

from vidstyle.errors import StyleError, reason
from vidstyle.export.onnx import folded_weights
from vidstyle.frame import LUMA_OF_RGB, RGBImage
from vidstyle.media.style_image import read_painting
from vidstyle.options import TrainOptions
from vidstyle.perceptual.features import FeatureNetwork
from vidstyle.perceptual.losses import centered
from vidstyle.perceptual.zoo import load_features
from vidstyle.stylize.catalog import Style, find_painting, find_weights, shipped_styles
from vidstyle.training.data.painting import painting_tensor

SHORT_SIDE = 160  # px; 15 paintings take a second on one core
LUMA_MEAN, LUMA_DEVIATION = 0.45, 0.22  # of all paintings when compared

Texture = dict[str, Tensor]  # covariance of features by layer, 1xCxC


def start_name(options: TrainOptions, painting: RGBImage) -> str:
    """Style to start from: a name, a path ending in .onnx, or "none".

    Args:
        options: with "auto", the nearest style of the size class is chosen.
        painting: painting to learn, HxWx3 uint8 RGB.

    Raises:
        StyleError: with "auto", a shipped file is missing or altered.
    """
    if options.start_from != "auto":
        return options.start_from
    styles = [style for style in shipped_styles() if style.size_class == options.size]
    return nearest_style(painting, styles) or "none"


def nearest_style(painting: RGBImage, styles: list[Style]) -> str | None:
    """Name of the style whose painting has the nearest texture; the first one of equals.

    Colors are not compared: a training takes them from the painting before its first step.

    Args:
        painting: HxWx3 uint8 RGB.
        styles: candidates; those without a painting are left out.

    Returns:
        None without candidates.

    Raises:
        StyleError: a shipped file is missing or altered.
    """
    names = [style.name for style in styles if "sha256" in style.painting]
    if not names:
        return None
    features = load_features("slim")
    wanted = texture(painting, features)

    def distance(name: str) -> float:
        return texture_distance(texture(read_painting(find_painting(name)), features), wanted)

    return min(names, key=distance)


def texture(painting: RGBImage, features: FeatureNetwork) -> Texture:
    """Covariances of a painting's features (centered Gram matrices), without its colors.

    The painting is compared in gray, at one size, mean and contrast.
    """
    image = painting_tensor(painting, SHORT_SIDE)
    weights = image.new_tensor(LUMA_OF_RGB).view(1, 3, 1, 1)
    luma = (image * weights).sum(dim=1, keepdim=True)
    deviation, mean = torch.std_mean(luma)
    gray = (luma - mean) / deviation.clamp_min(1e-3) * LUMA_DEVIATION + LUMA_MEAN
    with torch.no_grad():
        seen = features(gray.clamp(0, 1).expand(-1, 3, -1, -1))
        means = features.means(seen)
        return {name: centered(gram, means[name]) for name, gram in features.grams(seen).items()}


def texture_distance(one: Texture, other: Texture) -> float:
    """Squared distance of covariances over the sum of their squared norms, mean over layers.

    It is 0 for equal textures, and 1 for textures that have nothing in common.
    """
    ratios = [
        (one[layer] - other[layer]).square().sum()
        / (one[layer].square().sum() + other[layer].square().sum())
        for layer in one
    ]
    return float(torch.stack(ratios).mean())


def start_weights(name: str) -> dict[str, Tensor] | None:
    """Folded weights of the style to start from; None for "none".

    Raises:
        StyleError: the style is unknown, or its file cannot be read.
    """
    if name == "none":
        return None
    file = find_weights(name)
    try:
        return folded_weights(file)
    except Exception as error:  # a broken file fails in protobuf, ONNX or NumPy
        raise StyleError(f"Cannot start from {file}: {reason(error)}.") from error
