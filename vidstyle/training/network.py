"""The tiny generator: everything heavy happens on a 4x4 pixel-unshuffled grid."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

GRID = 4  # pixels per cell, both ways; every weight of the body fires once per 16 pixels


@dataclass(frozen=True)
class Architecture:
    """The widths that make a size class. Defaults are the 55 KB class."""

    channels: int = 32
    bottleneck: int = 16
    dilations: tuple[int, ...] = (1, 2, 4)
    head_channels: int = 16


class Generator(nn.Module):
    """A picture in, a painted picture out; starts as a plain colour change.

    A 3x3 stem on the 4x4 pixel-unshuffled picture and dilated residual blocks decide on that
    coarse grid what to paint. The head works at half resolution, where the decision, brought up
    smoothly, meets filters on the picture itself, and ends in a bilinear step: no shuffle, so no
    shuffle grid. A colour skip brings back the picture's own detail. There is no normalisation
    at run time: the batch norms fold away.

    The residual blocks are those of Johnson et al. (arXiv:1603.08155), whose convolutions at the
    full resolution, most of their cost, are gone.
    """

    def __init__(self, architecture: Architecture | None = None) -> None:
        super().__init__()
        a = self.architecture = architecture or Architecture()
        # An unshuffle by 4 and a 3x3 convolution are one 12x12 convolution of stride 4, and
        # ONNX Runtime computes that without the transpose (12 of 115 ms at 720p).
        self.stem = ConvNorm(3, a.channels, kernel=3 * GRID, stride=GRID)
        self.blocks = nn.Sequential(
            *(Residual(a.channels, a.bottleneck, dilation) for dilation in a.dilations)
        )
        self.decision = ConvNorm(a.channels, a.head_channels, kernel=1)
        self.detail = ConvNorm(3, a.head_channels, kernel=6, stride=2)
        self.paint = nn.Conv2d(a.head_channels, 3, 3, padding=1)
        self.skip = nn.Conv2d(3, 3, 1)
        for parameter in self.paint.parameters():
            nn.init.zeros_(parameter)
        self.set_colour_map(torch.eye(3), torch.zeros(3))

    def forward(self, images: Tensor) -> Tensor:
        """Return Nx3xHxW, about 0..1 but not clipped. Takes Nx3xHxW RGB 0..1, sides in fours."""
        x: Tensor = self.decision(self.blocks(functional.relu(self.stem(images))))
        x = functional.relu(_twice_as_large(x) + self.detail(images))
        colours: Tensor = self.skip(images)
        return colours + _twice_as_large(self.paint(x))

    def set_colour_map(self, matrix: Tensor, offset: Tensor) -> None:
        """Let the skip map RGB to `matrix @ rgb + offset` (3x3 and 3, for colours 0..1)."""
        with torch.no_grad():
            self.skip.load_state_dict({"weight": matrix.view(3, 3, 1, 1), "bias": offset})


def _twice_as_large(x: Tensor) -> Tensor:
    return functional.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)


class ConvNorm(nn.Module):
    """A convolution with a batch norm behind it, which `fold` takes away again."""

    def __init__(
        self, inputs: int, outputs: int, kernel: int = 3, stride: int = 1, dilation: int = 1
    ) -> None:
        super().__init__()
        padding = dilation * (kernel - stride) // 2
        self.conv = nn.Conv2d(
            inputs, outputs, kernel, stride, padding, dilation=dilation, bias=False
        )
        self.norm = nn.BatchNorm2d(outputs)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.norm(self.conv(x))
        return y

    def folded(self) -> nn.Conv2d:
        """The same function as one convolution, with the running statistics."""
        return nn.utils.fuse_conv_bn_eval(self.conv.eval(), self.norm.eval())


class Residual(nn.Module):
    """x + narrow 3x3 dilated, wide 3x3."""

    def __init__(self, channels: int, bottleneck: int, dilation: int) -> None:
        super().__init__()
        self.narrow = ConvNorm(channels, bottleneck, dilation=dilation)
        self.wide = ConvNorm(bottleneck, channels)

    def forward(self, x: Tensor) -> Tensor:
        change: Tensor = self.wide(functional.relu(self.narrow(x)))
        return x + change
