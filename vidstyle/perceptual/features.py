"""The feature network that judges content and style: SqueezeNet v1.0, from a weight file.

The published network starts with a convolution of stride 2, which cannot see the pixel grid: a
generator taught through it alone learns a checkerboard. Here that stride can be chosen.
"""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from vidstyle.errors import StyleError

FIRE_MODULES = ("fire2", "fire3", "fire4", "fire5", "fire6", "fire7", "fire8")
LAYERS = ("conv1", *FIRE_MODULES)
POOL_AFTER = ("conv1", "fire4")
MEAN_BGR = (104.0, 117.0, 123.0)


class SqueezeNet(nn.Module):
    """SqueezeNet v1.0 (Iandola et al., arXiv:1602.07360) up to fire8, frozen.

    Departs from the paper in the first layer: no padding anywhere at the border of the picture,
    and a stride of 1 on request, which doubles the resolution of every layer behind it.
    """

    def __init__(self, weight_file: Path) -> None:
        """Load `weight_file`, an .npz of OIHW float32 arrays such as `fire2/conv1x1_1.weight`.

        Raises:
            StyleError: the file is missing or does not hold these arrays.
        """
        super().__init__()
        self.mean: Tensor
        try:
            with np.load(weight_file) as arrays:
                self.conv1 = _frozen_conv(arrays, "conv1")
                for name in FIRE_MODULES:
                    self.add_module(name, Fire(arrays, name))
        except (OSError, KeyError, ValueError) as error:
            raise StyleError(
                f"{weight_file} is not a SqueezeNet v1.0 weight file ({error}). "
                "Give the .npz with arrays named conv1.weight, fire2/conv1x1_1.weight, ..."
            ) from error
        self.register_buffer("mean", torch.tensor(MEAN_BGR).view(1, 3, 1, 1))

    def forward(self, images: Tensor, stride: int = 2) -> dict[str, Tensor]:
        """Return the activations of every layer in `LAYERS`.

        Args:
            images: Nx3xHxW float32, RGB, 0..1.
            stride: of the first convolution: 2 as published, 1 to see single pixels.
        """
        bgr = images.flip(1) * 255.0 - self.mean
        x = functional.relu(functional.conv2d(bgr, self.conv1.weight, self.conv1.bias, stride))
        activations = {"conv1": x}
        for name in FIRE_MODULES:
            if previous_of(name) in POOL_AFTER:
                x = functional.max_pool2d(x, 3, 2, ceil_mode=True)
            x = self.get_submodule(name)(x)
            activations[name] = x
        return activations


class Fire(nn.Module):
    """Squeeze to few channels, expand by 1x1 and 3x3 side by side."""

    def __init__(self, arrays: "np.lib.npyio.NpzFile", name: str) -> None:
        super().__init__()
        self.squeeze = _frozen_conv(arrays, f"{name}/conv1x1_1")
        self.expand1x1 = _frozen_conv(arrays, f"{name}/conv1x1_2")
        self.expand3x3 = _frozen_conv(arrays, f"{name}/conv3x3_2", padding=1)

    def forward(self, x: Tensor) -> Tensor:
        squeezed = functional.relu(self.squeeze(x))
        return functional.relu(
            torch.cat([self.expand1x1(squeezed), self.expand3x3(squeezed)], dim=1)
        )


def previous_of(layer: str) -> str:
    """The layer in front of `layer`."""
    return LAYERS[LAYERS.index(layer) - 1]


def _frozen_conv(arrays: "np.lib.npyio.NpzFile", name: str, padding: int = 0) -> nn.Conv2d:
    weight = torch.from_numpy(np.ascontiguousarray(arrays[f"{name}.weight"]))
    bias = torch.from_numpy(np.ascontiguousarray(arrays[f"{name}.bias"]))
    conv = nn.Conv2d(weight.shape[1], weight.shape[0], weight.shape[2], padding=padding)
    conv.weight = nn.Parameter(weight, requires_grad=False)
    conv.bias = nn.Parameter(bias.reshape(-1), requires_grad=False)
    return conv
