"""The tiny generator: everything heavy happens on a 4x4 pixel-unshuffled grid."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from vidstyle.errors import StyleError

GRID = 4  # pixels per cell, both ways; every weight of the body fires once per 16 pixels


@dataclass(frozen=True)
class Architecture:
    """The widths that make a size class. Defaults are the 55 KB class."""

    channels: int = 32
    bottleneck: int = 16
    dilations: tuple[int, ...] = (1, 2, 4)
    head_channels: int = 16


# Widths whose files keep the promise of their class: bytes of the .onnx on disk.
SIZE_CLASSES = {
    "17k": Architecture(channels=16, bottleneck=8, dilations=(1, 2), head_channels=8),
    "55k": Architecture(),
    "220k": Architecture(channels=64, bottleneck=32, dilations=(1, 2, 4, 2, 1), head_channels=32),
}
LARGEST_BYTES = {"17k": 17_408, "55k": 56_320, "220k": 225_280}


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
        self.paint = RoundableConv(a.head_channels, 3, 3, padding=1)
        self.skip = RoundableConv(3, 3, 1)
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


class RoundableConv(nn.Conv2d):
    """A convolution that can learn with its weights rounded as the file will hold them."""

    rounding = False

    def forward(self, x: Tensor) -> Tensor:
        weight = self.weight
        if self.rounding:
            weight = weight + (as_stored(weight) - weight).detach()
        y: Tensor = self._conv_forward(x, weight, self.bias)
        return y


def as_stored(weight: Tensor) -> Tensor:
    """OIHW weights rounded to int8 times a scale per output channel."""
    scale = weight.detach().abs().amax(dim=(1, 2, 3), keepdim=True).clamp_min(1e-12) / 127
    return (weight.detach() / scale).round() * scale


class ConvNorm(nn.Module):
    """A convolution with a batch norm behind it, which `fold` takes away again."""

    def __init__(
        self, inputs: int, outputs: int, kernel: int = 3, stride: int = 1, dilation: int = 1
    ) -> None:
        super().__init__()
        padding = dilation * (kernel - stride) // 2
        self.conv = RoundableConv(
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


def freeze_norms(generator: nn.Module) -> None:
    """Let batch norms use, and keep, their running statistics."""
    for module in generator.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.eval()


def round_weights(generator: nn.Module) -> None:
    """From here on, compute with weights rounded to int8 and learn through the rounding.

    The straight-through estimator of Bengio et al. (arXiv:1308.3432). A norm behind a convolution
    scales whole output channels, so rounding before or after folding it is the same.
    """
    for module in generator.modules():
        if isinstance(module, RoundableConv):
            module.rounding = True


def start_from(generator: Generator, weights: dict[str, Tensor], images: Tensor) -> None:
    """Take over another generator's folded weights; on `images` it then does the same.

    A norm normalises whatever comes, so each gets the spread and the mean that its convolution
    has on these images as its own scale and shift.

    Args:
        generator: of the same architecture; changed in place.
        weights: by name, such as `blocks.0.narrow.weight` (OIHW) and `blocks.0.narrow.bias` (O).
        images: Nx3xHxW RGB 0..1, some typical ones.

    Raises:
        StyleError: they are weights of another architecture.
    """
    handles = []
    for name, module in generator.named_modules():
        if not isinstance(module, ConvNorm) and module not in (generator.paint, generator.skip):
            continue
        conv = module.conv if isinstance(module, ConvNorm) else module
        weight, bias = weights.get(f"{name}.weight"), weights.get(f"{name}.bias")
        if weight is None or bias is None or weight.shape != conv.weight.shape:
            raise StyleError(
                "The style to start from has another architecture. "
                "Start from one of the same size class, or from none."
            )
        conv.weight.data.copy_(weight)
        if conv.bias is not None:
            conv.bias.data.copy_(bias)
        else:
            handles.append(module.register_forward_hook(_calibration(bias)))
    with torch.no_grad():
        generator(images)
    for handle in handles:
        handle.remove()


def _calibration(bias: Tensor) -> Callable[[nn.Module, tuple[Tensor, ...], Tensor], Tensor]:
    """A hook that sets a module's norm so that it adds the bias and changes nothing else."""

    def calibrate(module: nn.Module, inputs: tuple[Tensor, ...], _: Tensor) -> Tensor:
        assert isinstance(module, ConvNorm)
        plain: Tensor = module.conv(inputs[0])
        variance, mean = torch.var_mean(plain, dim=(0, 2, 3))
        norm = module.norm
        state = {"running_mean": mean, "running_var": variance, "bias": mean + bias}
        state["weight"] = (variance + norm.eps).sqrt()
        norm.load_state_dict({**norm.state_dict(), **state})
        return plain + bias.view(1, -1, 1, 1)

    return calibrate
