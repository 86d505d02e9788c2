"""LPIPS: a learned perceptual distance of two pictures, on a backbone file of one's own.

The linear weights are those of the lpips package, whose code is not imported: it needs torchvision.
"""

import importlib.util
from pathlib import Path
from typing import Literal, get_args

import torch
from torch import Tensor, nn
from torch.nn import functional

from vidstyle.errors import MissingExtraError
from vidstyle.frame import RGBImage
from vidstyle.perceptual.arrays import read_arrays, read_convolutions
from vidstyle.perceptual.color_transfer import to_tensor
from vidstyle.perceptual.features import ImageNetNormalization, frozen_conv
from vidstyle.perceptual.squeezenet import Fire
from vidstyle.perceptual.vgg import Vgg

Backbone = Literal["alex", "squeeze", "vgg"]

BACKBONES: tuple[Backbone, ...] = get_args(Backbone)
CHANNELS: dict[Backbone, tuple[int, ...]] = {  # by layer
    "alex": (64, 192, 384, 256, 256),
    "squeeze": (64, 128, 256, 384, 384, 512, 512),
    "vgg": (64, 128, 256, 512, 512),
}
ALEXNET = {  # convolutions in torchvision: shape of the weight, OIHW
    "features.0": (64, 3, 11, 11),
    "features.3": (192, 64, 5, 5),
    "features.6": (384, 192, 3, 3),
    "features.8": (256, 384, 3, 3),
    "features.10": (256, 256, 3, 3),
}
ALEXNET_POOLS = (1, 2)  # layers with pooling before
FIRES = {  # place in torchvision: channels in, squeezed, and of each of the two expansions
    3: (64, 16, 64),
    4: (128, 16, 64),
    6: (128, 32, 128),
    7: (256, 32, 128),
    9: (256, 48, 192),
    10: (384, 48, 192),
    11: (384, 64, 256),
    12: (512, 64, 256),
}
FIRE_POOLS, FIRE_TAPS = (3, 6, 9), (4, 7, 9, 10, 11, 12)  # pooling before; layers of LPIPS
VGG_LAYERS = ("relu1_2", "relu2_2", "relu3_3", "relu4_3", "relu5_3")
INSTALL = "pip install --no-deps lpips"
ADVICE = "Give the one that torchvision publishes."


class Lpips:
    """LPIPS, version 0.1 (Zhang et al., arXiv:1801.03924), by one of its three backbones.

    Distances by different backbones are not comparable.
    """

    def __init__(self, backbone: Backbone, weight_file: Path) -> None:
        """Load the backbone and the package's linear weights.

        Args:
            backbone: "alex" (AlexNet), "squeeze" (SqueezeNet 1.1) or "vgg" (VGG-16).
            weight_file: the backbone's .pth as torchvision publishes it.

        Raises:
            MissingExtraError: the lpips package is not installed.
            StyleError: the file is missing or is not of this backbone.
        """
        self._weights = _linear_weights(backbone)
        self._backbone = _opened(backbone, weight_file)

    def distance(self, image: RGBImage, other: RGBImage) -> float:
        """Return the distance of two pictures of one size, HxWx3 uint8 RGB; 0 for equal ones.

        The sum over the layers of the mean over positions of weighted squared differences of unit
        feature vectors. Lower is closer.
        """
        total = 0.0
        for weights, ours, theirs in zip(
            self._weights, self._look(image), self._look(other), strict=True
        ):
            step = functional.normalize(ours, dim=1) - functional.normalize(theirs, dim=1)
            total += float(functional.conv2d(step.square(), weights).mean())
        return total

    def _look(self, image: RGBImage) -> list[Tensor]:
        with torch.inference_mode():
            return list(self._backbone(to_tensor(image)[None]).values())


def _opened(backbone: Backbone, weight_file: Path) -> nn.Module:
    if backbone == "alex":
        return AlexNet(weight_file)
    if backbone == "squeeze":
        return SqueezeNet11(weight_file)
    last = VGG_LAYERS[-1:]
    return Vgg(
        "vgg16", weight_file, style_layers=VGG_LAYERS, content_layers=last, patch_layers=last
    )


def _linear_weights(backbone: Backbone) -> list[Tensor]:
    """Weights (1xCx1x1) of the channels of each layer, learned from judgments by people."""
    found = importlib.util.find_spec("lpips")
    if found is None or not found.submodule_search_locations:
        raise MissingExtraError(f"LPIPS needs the linear weights of its package: {INSTALL}")
    file = Path(found.submodule_search_locations[0]) / "weights" / "v0.1" / f"{backbone}.pth"
    names = [f"lin{layer}.model.1.weight" for layer in range(len(CHANNELS[backbone]))]
    shapes = {
        name: (1, channels, 1, 1) for name, channels in zip(names, CHANNELS[backbone], strict=True)
    }
    arrays = read_arrays(file, shapes, "linear LPIPS v0.1", f"Install the package again: {INSTALL}")
    return [torch.tensor(arrays[name]) for name in names]


class AlexNet(nn.Module):
    """AlexNet (Krizhevsky, arXiv:1404.5997) without classifier; all five layers after the ReLU."""

    def __init__(self, weight_file: Path) -> None:
        super().__init__()
        self.normalized = ImageNetNormalization()
        arrays = read_convolutions(weight_file, ALEXNET, "pretrained AlexNet", ADVICE)
        (first, second, *others) = (arrays[name] for name in ALEXNET)
        self.convolutions = nn.ModuleList(
            [
                frozen_conv(*first, padding=2, stride=4),
                frozen_conv(*second, padding=2),
                *(frozen_conv(*other, padding=1) for other in others),
            ]
        )

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        """Return the activations by layer for Nx3xHxW float32 RGB 0..1."""
        x, seen = self.normalized(images), {}
        for layer, conv in enumerate(self.convolutions):
            x = functional.max_pool2d(x, 3, 2) if layer in ALEXNET_POOLS else x
            x = functional.relu(conv(x))
            seen[f"relu{layer + 1}"] = x
        return seen


class SqueezeNet11(nn.Module):
    """SqueezeNet 1.1 (Iandola et al., arXiv:1602.07360) without classifier.

    Unlike version 1.0 its first convolution is 3x3, and it pools earlier.
    """

    def __init__(self, weight_file: Path) -> None:
        super().__init__()
        self.normalized = ImageNetNormalization()
        shapes: dict[str, tuple[int, ...]] = {"features.0": (64, 3, 3, 3)}
        for place, (inputs, squeezed, expanded) in FIRES.items():
            shapes[f"features.{place}.squeeze"] = (squeezed, inputs, 1, 1)
            shapes[f"features.{place}.expand1x1"] = (expanded, squeezed, 1, 1)
            shapes[f"features.{place}.expand3x3"] = (expanded, squeezed, 3, 3)
        arrays = read_convolutions(weight_file, shapes, "pretrained SqueezeNet 1.1", ADVICE)
        self.conv1 = frozen_conv(*arrays["features.0"], stride=2)
        for place in FIRES:
            squeeze, expand1x1 = (
                frozen_conv(*arrays[f"features.{place}.{part}"])
                for part in ("squeeze", "expand1x1")
            )
            expand3x3 = frozen_conv(*arrays[f"features.{place}.expand3x3"], padding=1)
            self.add_module(f"fire{place}", Fire(squeeze, expand1x1, expand3x3))

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        """Return the activations by layer for Nx3xHxW float32 RGB 0..1."""
        x = functional.relu(self.conv1(self.normalized(images)))
        seen = {"conv1": x}
        for place in FIRES:
            x = functional.max_pool2d(x, 3, 2, ceil_mode=True) if place in FIRE_POOLS else x
            x = self.get_submodule(f"fire{place}")(x)
            if place in FIRE_TAPS:
                seen[f"fire{place}"] = x
        return seen
