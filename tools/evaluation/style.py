"""What a feature network says of a painted picture: how near the painting, how near the photo."""

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
from vidstyle.perceptual.vgg import Kind, Vgg
from vidstyle.training.data.painting import painting_tensor


@dataclass(frozen=True, slots=True)
class Opinion:
    """What one judge says of one picture; 0 is perfect in each."""

    layers: Mapping[str, float]  # squared distance of Gram matrices over the painting's square
    content: float  # at one layer: squared distance to the photo over the photo's square
    difference: float  # from the photo: see `feature_distance`

    @property
    def style(self) -> float:
        """The sum over the layers."""
        return sum(self.layers.values())


class Judge:
    """A feature network that compares pictures with photos and paintings."""

    def __init__(self, features: FeatureNetwork, content_layer: str, painting_side: int) -> None:
        """Take a network, the layer that content is read at, and the paintings' short side in px.

        Strokes are as large as the painting is scaled, so its side belongs to the judgment.
        """
        self._features, self._content_layer = features, content_layer
        self._painting_side = painting_side
        self._grams: dict[Path, dict[str, Tensor]] = {}

    def opinion(self, image: RGBImage, photo: RGBImage, painting: Path) -> Opinion:
        """Judge what was painted of a photo (both HxWx3 uint8 RGB) beside a painting's file.

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


def vgg_judge(kind: Kind, weight_file: Path, painting_side: int) -> Judge:
    """VGG with the layers of Gatys et al. (arXiv:1508.06576): a judge that taught no style here.

    Raises:
        StyleError: the file does not hold these weights.
    """
    return Judge(Vgg(kind, weight_file), "conv4_2", painting_side)


def random_judge(painting_side: int) -> Judge:
    """A network of random weights: it taught nobody, and needs no file."""
    return Judge(RandomFeatures(), RandomFeatures.content_layers[0], painting_side)


def feature_distance(seen: Tensor, original: Tensor) -> float:
    """Mean over places of the squared distance of unit feature vectors (1xCxHxW both), 0..2.

    What LPIPS (Zhang et al., arXiv:1801.03924) measures at a layer before its learned weights,
    which are not here: its numbers are not those of LPIPS.
    """
    step = normalize(seen, dim=1) - normalize(original, dim=1)
    return float(step.square().sum(dim=1).mean())
