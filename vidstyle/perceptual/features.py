"""What every feature network offers to those who judge pictures by it."""

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from vidstyle.perceptual.losses import gram_matrix

Branch = Callable[[Tensor], dict[str, Tensor]]  # images to activations by layer


class FeatureNetwork(nn.Module):
    """A frozen network: images in, activations by layer out.

    Images are Nx3xHxW float32, RGB, 0..1; each network does its own normalization.
    """

    style_layers: tuple[str, ...]
    content_layers: tuple[str, ...]
    patch_layers: tuple[str, ...]  # fine enough for one vector to be one stroke
    reach = 96  # px that the deepest layer looks at to each side, rounded up to a multiple of 16

    @property
    def branches(self) -> tuple[Branch, ...]:
        """Parts that share no work; what they see is together what `forward` returns.

        To look through one after the other, and back through it before the next, takes less memory.
        """
        return (self,)

    def seen_by(self, layer: str) -> str:
        """Which of the activations that `forward` returns a style layer is made of."""
        return layer

    def grams(self, seen: dict[str, Tensor]) -> dict[str, Tensor]:
        """The Gram matrices (NxCxC) that style is judged by, of what `forward` or a branch saw."""
        return {name: gram_matrix(seen[name]) for name in self.style_layers if name in seen}

    def means(self, seen: dict[str, Tensor]) -> dict[str, Tensor]:
        """The means of the Gram matrices' channels over each picture (NxC)."""
        return {name: seen[name].mean(dim=(2, 3)) for name in self.style_layers}


def frozen_conv(
    weight: NDArray[np.float32], bias: NDArray[np.float32], padding: int = 0
) -> nn.Conv2d:
    """A convolution that does not learn, from an OIHW weight and a bias of O numbers."""
    outputs, inputs, kernel, _ = weight.shape
    with torch.device("meta"):  # no random numbers are drawn only to be thrown away
        conv = nn.Conv2d(inputs, outputs, kernel, padding=padding)
    conv.weight = nn.Parameter(torch.tensor(weight), requires_grad=False)
    conv.bias = nn.Parameter(torch.tensor(bias).reshape(-1), requires_grad=False)
    channels_last(conv)
    return conv


def channels_last(network: nn.Module) -> None:
    """Let everything be computed with the channels of a place side by side.

    On a CPU pooling is ten times as fast, and a Gram matrix and its gradient need no copy.
    """
    for parameter in network.parameters():
        if parameter.ndim == 4:
            parameter.data = parameter.data.contiguous(memory_format=torch.channels_last)
