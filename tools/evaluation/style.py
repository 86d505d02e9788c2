"""Style and content distances of stylized pictures, by feature networks."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor
from torch.nn.functional import normalize

from tools.evaluation.random_features import RandomFeatures
from vidstyle.frame import RGBImage
from vidstyle.media.style_image import read_painting
from vidstyle.perceptual.color_transfer import to_tensor
from vidstyle.perceptual.features import FeatureNetwork
from vidstyle.perceptual.losses import content_loss, style_loss
from vidstyle.perceptual.squeezenet import SqueezeNet
from vidstyle.perceptual.zoo import load_features
from vidstyle.training.data.painting import painting_tensor

SECOND = ("vgg16", "vgg19", "mobilenet_v3_large", "resnet50")  # networks of the second judge


@dataclass(frozen=True, slots=True)
class Opinion:
    """Distances of one picture by one judge; 0 is equal."""

    layers: Mapping[str, float]  # squared distance of Gram matrices over the painting's square
    content: float  # at one layer: squared distance to the photo over the photo's square
    difference: float  # from the photo: see `feature_distance`

    @property
    def style(self) -> float:
        """Style distance: the sum over the layers."""
        return sum(self.layers.values())


class Judge:
    """A feature network that compares pictures with photos and paintings."""

    def __init__(self, features: FeatureNetwork, content_layer: str, painting_side: int) -> None:
        """Take a network, its content layer, and the paintings' short side in px.

        The size of the strokes depends on the painting's, so the side is part of the measurement.
        """
        self._features, self._content_layer = features, content_layer
        self._painting_side = painting_side
        self._grams: dict[Path, dict[str, Tensor]] = {}

    def opinion(self, image: RGBImage, photo: RGBImage, painting: Path) -> Opinion:
        """Compare a stylized picture with its photo (both HxWx3 uint8 RGB) and a painting's file.

        Raises:
            SourceError: the painting cannot be read.
        """
        target = self._painting_grams(painting)
        seen, original = self._look(image), self._look(photo)
        grams = self._features.grams(seen)
        layers = self._features.style_layers
        return Opinion(
            {name: float(style_loss(grams[name], target[name])) for name in layers},
            float(content_loss(seen[self._content_layer], original[self._content_layer])),
            sum(feature_distance(seen[name], original[name]) for name in layers) / len(layers),
        )

    def _painting_grams(self, painting: Path) -> dict[str, Tensor]:
        if painting not in self._grams:
            with torch.inference_mode():
                seen = self._features(painting_tensor(read_painting(painting), self._painting_side))
                self._grams[painting] = self._features.grams(seen)
        return self._grams[painting]

    def _look(self, image: RGBImage) -> dict[str, Tensor]:
        with torch.inference_mode():
            seen: dict[str, Tensor] = self._features(to_tensor(image)[None])
        return seen


def squeezenet_judge(weight_file: Path, painting_side: int) -> Judge:
    """SqueezeNet at its published stride of 2; style by conv1 and fire2 to fire8, content by fire5.

    Raises:
        StyleError: the file does not hold these weights.
    """
    return Judge(SqueezeNet(weight_file, strides=(2,)), "fire5/2", painting_side)


def second_judge(name: str, weight_file: Path, painting_side: int) -> Judge:
    """Judge that trained no style here, by a network of `SECOND` with its own layers.

    Raises:
        StyleError: the file does not hold these weights.
    """
    features = load_features(name, weight_file)
    return Judge(features, features.content_layers[-1], painting_side)


def random_judge(painting_side: int) -> Judge:
    """Network with random weights: a judge that trained no style, and needs no file."""
    return Judge(RandomFeatures(), RandomFeatures.content_layers[0], painting_side)


def feature_distance(seen: Tensor, original: Tensor) -> float:
    """Squared distance of unit feature vectors (1xCxHxW both), mean over positions, 0..2.

    The distance of LPIPS (Zhang et al., arXiv:1801.03924) at one layer, without its learned
    weights: not comparable with LPIPS.
    """
    step = normalize(seen, dim=1) - normalize(original, dim=1)
    return float(step.square().sum(dim=1).mean())
