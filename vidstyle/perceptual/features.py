"""Feature network interface: activations, Gram matrices and channel means by layer."""

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from vidstyle.perceptual.losses import gram_matrix

MEAN_RGB = (0.485, 0.456, 0.406)  # of ImageNet, as in torchvision's training
SPREAD_RGB = (0.229, 0.224, 0.225)
Branch = Callable[[Tensor], dict[str, Tensor]]  # Nx3xHxW images to activations by layer


class FeatureNetwork(nn.Module):
    """Frozen convolutional network that maps images to activations by layer.

    `forward` takes Nx3xHxW float32 RGB 0..1 and returns NxCxhxw by layer; each network does its
    own normalization. Losses call it once per step, or its branches once per step and tile.
    """

    style_layers: tuple[str, ...]  # keys of `grams`
    content_layers: tuple[str, ...]
    patch_layers: tuple[str, ...]  # fine enough for one feature vector per brush stroke
    reach = 96  # px, receptive field of the deepest layer to each side, in multiples of 16

    @property
    def branches(self) -> tuple[Branch, ...]:
        """Independent parts of the network, whose activations together are those of `forward`.

        Running forward and backward through one branch after the other saves memory.
        """
        return (self,)

    def content(self, images: Tensor) -> dict[str, Tensor]:
        """Return at least the activations of the content layers, as `forward` has them.

        Networks skip the parts that no content layer needs.

        Args:
            images: as for `forward`.
        """
        seen: dict[str, Tensor] = self(images)
        return seen

    def source_layer(self, layer: str) -> str:
        """Return the key in `forward`'s result that a style layer is computed from."""
        return layer

    def grams(self, activations: dict[str, Tensor]) -> dict[str, Tensor]:
        """Return the Gram matrices (NxCxC) of the style layers.

        Args:
            activations: result of `forward` or of a branch; layers that are missing are skipped.
        """
        return {
            name: gram_matrix(activations[name])
            for name in self.style_layers
            if name in activations
        }

    def means(self, activations: dict[str, Tensor]) -> dict[str, Tensor]:
        """Return the mean of each channel of the Gram matrices over each picture (NxC).

        Args:
            activations: result of `forward`.
        """
        return {name: activations[name].mean(dim=(2, 3)) for name in self.style_layers}


class ImageNetNormalization(nn.Module):
    """Normalization of images by mean and spread of ImageNet's colors, as in torchvision."""

    def __init__(self) -> None:
        super().__init__()
        self.mean: Tensor
        self.spread: Tensor
        self.register_buffer("mean", torch.tensor(MEAN_RGB).view(1, 3, 1, 1))
        self.register_buffer("spread", torch.tensor(SPREAD_RGB).view(1, 3, 1, 1))

    def forward(self, images: Tensor) -> Tensor:
        """Return normalized images for Nx3xHxW float32 RGB 0..1."""
        return (images - self.mean) / self.spread


def frozen_conv(
    weight: NDArray[np.float32],
    bias: NDArray[np.float32],
    padding: int = 0,
    *,
    stride: int = 1,
    groups: int = 1,
) -> nn.Conv2d:
    """Return a convolution without gradients, from an OIHW float32 weight and a bias of size O.

    Args:
        weight: I is the number of input channels of one group.
        bias: added to each output channel.
        padding: zeros on each side, px.
        stride: step of the kernel, px.
        groups: groups of channels; as many as there are channels for a depthwise convolution.
    """
    outputs, inputs, kernel, _ = weight.shape
    with torch.device("meta"):  # skips random initialization
        conv = nn.Conv2d(inputs * groups, outputs, kernel, stride, padding, groups=groups)
    conv.weight = nn.Parameter(torch.tensor(weight), requires_grad=False)
    conv.bias = nn.Parameter(torch.tensor(bias).reshape(-1), requires_grad=False)
    channels_last(conv)
    return conv


def channels_last(network: nn.Module) -> None:
    """Convert all convolution weights to channels-last memory format, in place.

    On a CPU, pooling is ten times as fast, and Gram matrices and their gradients need no copy.
    """
    for parameter in network.parameters():
        if parameter.ndim == 4:
            parameter.data = parameter.data.contiguous(memory_format=torch.channels_last)
