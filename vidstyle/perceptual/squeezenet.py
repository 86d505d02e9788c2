"""SqueezeNet v1.0 feature network, with a first convolution of stride 1, 2 or both.

The published network starts with a convolution of stride 2, which is blind to patterns of the pixel
grid: a generator trained through it alone learns a checkerboard.
"""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from vidstyle.perceptual.arrays import read_convolutions
from vidstyle.perceptual.features import MEAN_RGB, SPREAD_RGB, FeatureNetwork, frozen_conv

CONV1_CHANNELS = 96
FIRES = {  # name: channels in, squeezed, and of each of the two expansions
    "fire2": (CONV1_CHANNELS, 16, 64),
    "fire3": (128, 16, 64),
    "fire4": (128, 32, 128),
    "fire5": (256, 32, 128),
    "fire6": (256, 48, 192),
    "fire7": (384, 48, 192),
    "fire8": (384, 64, 256),
}
LAYERS = ("conv1", *FIRES)
POOL_BEFORE = ("fire2", "fire5")
CAFFE_PARTS = {"squeeze": "conv1x1_1", "expand1x1": "conv1x1_2", "expand3x3": "conv3x3_2"}
TORCHVISION_PLACES = dict(zip(LAYERS, (0, 3, 4, 5, 7, 8, 9, 10), strict=True))

CAFFE_MEAN_RGB, CAFFE_SPREAD = (123 / 255, 117 / 255, 104 / 255), (1 / 255,) * 3


class SqueezeNet(FeatureNetwork):
    """SqueezeNet v1.0 (Iandola et al., arXiv:1602.07360) up to fire8, frozen.

    Departs from the paper in the first layer: no padding, and optionally a stride of 1, which
    doubles the resolution of every following layer. Layers are named conv1, fire2 ... fire8 at a
    first stride of 1, and conv1/2, fire2/2 ... fire8/2 at a first stride of 2.
    """

    def __init__(self, weight_file: Path, strides: tuple[int, ...] = (1, 2)) -> None:
        """Load the weights.

        Args:
            weight_file: torchvision's .pth (features.3.squeeze.weight), or an .npz with Caffe's
                names (fire2/conv1x1_1.weight), for BGR 0..255 minus its mean. Both are OIHW.
            strides: strides of the first convolution: 1, 2 or both.

        Raises:
            StyleError: the file is missing or does not hold these arrays.
            ValueError: another stride, or none.
        """
        super().__init__()
        if not strides or set(strides) - {1, 2}:
            raise ValueError(f"strides are 1, 2 or both, not {strides}")
        self.strides = strides
        self.style_layers = tuple(layer_at(stride, name) for stride in strides for name in LAYERS)
        self.content_layers = tuple(layer_at(max(strides), name) for name in ("fire3", "fire5"))
        self.patch_layers = self.content_layers
        self.mean: Tensor
        self.spread: Tensor
        self._load(weight_file)

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        """Return the activations of every layer at every stride.

        Args:
            images: Nx3xHxW float32 RGB 0..1.
        """
        x = (images - self.mean) / self.spread
        finest = min(self.strides)
        conv1 = functional.relu(functional.conv2d(x, self.conv1.weight, self.conv1.bias, finest))
        activations = {}
        for stride in self.strides:
            step = stride // finest
            x = conv1[..., ::step, ::step]
            for name in LAYERS:
                if name in POOL_BEFORE:
                    x = functional.max_pool2d(x, 3, 2, ceil_mode=True)
                if name in FIRES:
                    x = self.get_submodule(name)(x)
                activations[layer_at(stride, name)] = x
        return activations

    def _load(self, weight_file: Path) -> None:
        caffe = weight_file.suffix == ".npz"
        keys = _caffe_keys() if caffe else _torchvision_keys()
        shapes = {keys[name]: shape for name, shape in _shapes().items()}
        arrays = read_convolutions(weight_file, shapes, "SqueezeNet v1.0")
        weight, bias = arrays[keys["conv1"]]
        if caffe:  # made for BGR
            weight = np.ascontiguousarray(weight[:, ::-1])
        self.conv1 = frozen_conv(weight, bias)
        for name in FIRES:
            squeeze, expand1x1 = (
                frozen_conv(*arrays[keys[f"{name}.{part}"]]) for part in ("squeeze", "expand1x1")
            )
            expand3x3 = frozen_conv(*arrays[keys[f"{name}.expand3x3"]], padding=1)
            self.add_module(name, Fire(squeeze, expand1x1, expand3x3))
        mean, spread = (CAFFE_MEAN_RGB, CAFFE_SPREAD) if caffe else (MEAN_RGB, SPREAD_RGB)
        self.register_buffer("mean", torch.tensor(mean).view(1, 3, 1, 1))
        self.register_buffer("spread", torch.tensor(spread).view(1, 3, 1, 1))


class Fire(nn.Module):
    """Fire module: 1x1 squeeze to few channels, then concatenated 1x1 and 3x3 expansions."""

    def __init__(self, squeeze: nn.Conv2d, expand1x1: nn.Conv2d, expand3x3: nn.Conv2d) -> None:
        super().__init__()
        self.squeeze, self.expand1x1, self.expand3x3 = squeeze, expand1x1, expand3x3

    def forward(self, x: Tensor) -> Tensor:
        squeezed = functional.relu(self.squeeze(x))
        return functional.relu(
            torch.cat([self.expand1x1(squeezed), self.expand3x3(squeezed)], dim=1)
        )


def layer_at(stride: int, name: str) -> str:
    """Return the layer's name at a first convolution of this stride: fire2 or fire2/2."""
    return name if stride == 1 else f"{name}/{stride}"


def _shapes() -> dict[str, tuple[int, ...]]:
    shapes: dict[str, tuple[int, ...]] = {"conv1": (CONV1_CHANNELS, 3, 7, 7)}
    for name, (inputs, squeezed, expanded) in FIRES.items():
        shapes[f"{name}.squeeze"] = (squeezed, inputs, 1, 1)
        shapes[f"{name}.expand1x1"] = (expanded, squeezed, 1, 1)
        shapes[f"{name}.expand3x3"] = (expanded, squeezed, 3, 3)
    return shapes


def _caffe_keys() -> dict[str, str]:
    fires = {f"{n}.{part}": f"{n}/{key}" for n in FIRES for part, key in CAFFE_PARTS.items()}
    return {"conv1": "conv1"} | fires


def _torchvision_keys() -> dict[str, str]:
    places = {name: f"features.{place}" for name, place in TORCHVISION_PLACES.items()}
    fires = {f"{name}.{part}": f"{places[name]}.{part}" for name in FIRES for part in CAFFE_PARTS}
    return {"conv1": places["conv1"]} | fires
