"""Generator network (PyTorch): residual blocks on 4x4 pixel cells, painting head on 2x2 cells."""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional

from vidstyle.errors import StyleError
from vidstyle.network.architecture import FINE, GRID, LARGEST_CODE, PIXELS, Architecture


class Generator(nn.Module):
    """Feed-forward style transfer network; untrained, it computes only its color skip.

    A stem and dilated residual blocks work on cells of 4x4 pixels. The head works on cells of 2x2:
    it adds the blocks' output, upsampled bilinearly, to filters on the picture itself, and computes
    the four pixels of each cell. A color skip adds the picture after a linear color map, with its
    detail. There is no normalization at run time: batch norms are folded at export.

    The residual blocks are those of Johnson et al. (arXiv:1603.08155), without their convolutions
    at full resolution, which are most of the cost. Computing 4x4 pixels at once from the coarse
    grid would be faster still, but left a pattern of that period.
    """

    def __init__(self, architecture: Architecture | None = None) -> None:
        """Build a network with random weights, except a zero head and an identity color skip."""
        super().__init__()
        a = self.architecture = architecture or Architecture()
        self.stem = ConvNorm(3 * GRID**2, a.channels, a.stem_kernel)
        self.blocks = nn.Sequential(
            *(Residual(a.channels, a.bottleneck, dilation) for dilation in a.dilations)
        )
        self.decision = ConvNorm(a.channels, a.head_channels, kernel=1)
        self.detail = ConvNorm(PIXELS, a.head_channels, kernel=1)
        self.paint = PixelPaint(a.head_channels, PIXELS, 3, padding=1)
        self.skip = ColorSkip(3, 3, 1)
        for parameter in self.paint.parameters():
            nn.init.zeros_(parameter)
        self.set_color_map(torch.eye(3), torch.zeros(3))

    def forward(self, images: Tensor) -> Tensor:
        """Return the stylized images, Nx3xHxW RGB, about 0..1 but not clipped.

        Args:
            images: Nx3xHxW float32 RGB 0..1, sides multiples of `GRID`.
        """
        pixels = as_cells(images)
        return from_cells(self.painted(pixels, as_cells(pixels)))

    def painted(self, pixels: Tensor, cells: Tensor) -> Tensor:
        """Return the stylized fine cells, Nx12xH/2xW/2.

        Args:
            pixels: Nx12xH/2xW/2, the picture in fine cells.
            cells: Nx48xH/4xW/4, the picture in coarse cells.
        """
        x: Tensor = self.decision(self.blocks(functional.relu(self.stem(cells))))
        x = functional.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)
        x = self.paint(functional.relu(x + self.detail(pixels)))
        colors: Tensor = self.skip(pixels)
        return colors + x

    def set_color_map(self, matrix: Tensor, offset: Tensor) -> None:
        """Set the color skip to `matrix @ rgb + offset` (3x3 and 3, for RGB 0..1)."""
        with torch.no_grad():
            self.skip.load_state_dict({"weight": matrix.view(3, 3, 1, 1), "bias": offset})


def as_cells(x: Tensor) -> Tensor:
    """Space to depth: NxCxHxW to Nx4CxH/2xW/2, channels in the order row, column, C."""
    count, channels, height, width = x.shape
    split = x.reshape(count, channels, height // FINE, FINE, width // FINE, FINE)
    ordered = split.permute(0, 3, 5, 1, 2, 4)
    return ordered.reshape(count, FINE**2 * channels, height // FINE, width // FINE)


def from_cells(x: Tensor) -> Tensor:
    """Depth to space, the inverse of `as_cells`: Nx4CxHxW to NxCx2Hx2W."""
    count, channels, rows, columns = x.shape
    split = x.reshape(count, FINE, FINE, channels // FINE**2, rows, columns)
    ordered = split.permute(0, 3, 4, 1, 5, 2)
    return ordered.reshape(count, channels // FINE**2, FINE * rows, FINE * columns)


class RoundableConv(nn.Conv2d):
    """Convolution that can train with weights rounded to int8 codes, as in the exported file."""

    rounding = False  # set by `round_weights`

    def forward(self, x: Tensor) -> Tensor:
        weight = self.kernel()
        if self.rounding:
            weight = weight + (fake_quantize(weight) - weight).detach()
        y: Tensor = self._conv_forward(x, weight, self.offset())
        return y

    def kernel(self) -> Tensor:
        """Return the effective weight, OIHW; subclasses constrain it."""
        return self.weight

    def offset(self) -> Tensor | None:
        """Return the effective bias, O; subclasses constrain it."""
        return self.bias


class PixelPaint(RoundableConv):
    """3x3 convolution to the pixels of a fine cell, constrained against patterns of period two.

    Kernels of pixels side by side in a cell have equal row sums, those of pixels above each other
    equal column sums, and there is one bias per color. On flat areas and along horizontal or
    vertical edges the pixels of a cell therefore get equal colors. Without the constraint, dark
    strokes had a checkerboard of two pixels, and horizontal strokes a comb along their edges.
    """

    def kernel(self) -> Tensor:
        return with_equal_sums(self.weight)

    def offset(self) -> Tensor:
        assert self.bias is not None
        return self.bias.reshape(FINE**2, 3).mean(dim=0).repeat(FINE**2)

    def folded(self) -> nn.Conv2d:
        """Return an equivalent convolution with the constrained kernel as plain weights."""
        size, padding = self.kernel_size[0], self.kernel_size[0] // 2
        conv = RoundableConv(self.in_channels, self.out_channels, size, padding=padding)
        conv.rounding = self.rounding
        assert conv.bias is not None
        with torch.no_grad():
            conv.weight.copy_(self.kernel())
            conv.bias.copy_(self.offset())
        return conv


def with_equal_sums(weight: Tensor) -> Tensor:
    """Project the kernels of a fine cell's pixels (OIHW) to those that `PixelPaint` allows."""
    kernels = weight.reshape(FINE, FINE, 3, *weight.shape[1:])  # row, column, color
    for pixels, taps in ((1, -1), (0, -2)):  # horizontal dimensions, then vertical ones
        means = kernels.mean(dim=taps, keepdim=True)
        kernels = kernels - means + means.mean(dim=pixels, keepdim=True)
    kernel: Tensor = kernels.reshape(weight.shape)
    return kernel


def fake_quantize(weight: Tensor) -> Tensor:
    """Return OIHW weights rounded to integers of at most 63 times a scale per output channel."""
    largest = weight.detach().abs().amax(dim=(1, 2, 3), keepdim=True).clamp_min(1e-12)
    scale = largest / LARGEST_CODE
    return (weight.detach() / scale).round() * scale


class ColorSkip(RoundableConv):
    """1x1 convolution on RGB, applied to each of the four pixels of a fine cell."""

    def forward(self, x: Tensor) -> Tensor:
        count, _, rows, columns = x.shape
        pixels = x.reshape(count * FINE**2, 3, rows, columns)
        return super().forward(pixels).reshape(count, PIXELS, rows, columns)

    def folded(self) -> nn.Conv2d:
        """Return an equivalent 1x1 convolution on whole cells, 12 to 12 channels."""
        conv = RoundableConv(PIXELS, PIXELS, 1)
        conv.rounding = self.rounding
        assert self.bias is not None and conv.bias is not None
        with torch.no_grad():
            every = torch.kron(torch.eye(FINE**2), self.weight[:, :, 0, 0])
            conv.weight.copy_(every.view(PIXELS, PIXELS, 1, 1))
            conv.bias.copy_(self.bias.repeat(FINE**2))
        return conv


class ConvNorm(nn.Module):
    """Convolution followed by batch norm; `folded` merges the two for export."""

    def __init__(self, inputs: int, outputs: int, kernel: int = 3, dilation: int = 1) -> None:
        super().__init__()
        padding = dilation * (kernel - 1) // 2
        self.conv = RoundableConv(
            inputs, outputs, kernel, padding=padding, dilation=dilation, bias=False
        )
        self.norm = nn.BatchNorm2d(outputs)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.norm(self.conv(x))
        return y

    def folded(self) -> nn.Conv2d:
        """Return an equivalent convolution, from the running statistics of the batch norm."""
        conv = nn.utils.fuse_conv_bn_eval(self.conv.eval(), self.norm.eval())
        conv.padding_mode = "zeros"
        return conv


class Residual(nn.Module):
    """Residual block: x + wide(relu(narrow(x))), a dilated 3x3 bottleneck and a 3x3 expansion."""

    def __init__(self, channels: int, bottleneck: int, dilation: int) -> None:
        super().__init__()
        self.narrow = ConvNorm(channels, bottleneck, dilation=dilation)
        self.wide = ConvNorm(bottleneck, channels)

    def forward(self, x: Tensor) -> Tensor:
        change: Tensor = self.wide(functional.relu(self.narrow(x)))
        return x + change


def freeze_norms(generator: nn.Module) -> None:
    """Freeze all batch norms: they use their running statistics and no longer update them."""
    for module in generator.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.eval()


def mirror_borders(generator: nn.Module) -> None:
    """Switch all convolutions to reflection padding for training; folding restores zero padding.

    With zero padding a network can sense the border, and learned to put much of the painting's
    palette into a band along it, more than half of the area of a training crop. At run time that
    band is cropped off, because pictures get a mirrored border before they are painted.
    """
    for module in generator.modules():
        if isinstance(module, RoundableConv):
            module.padding_mode = "reflect"


def round_weights(generator: nn.Module) -> None:
    """Switch all convolutions to quantization-aware training with int8 weights.

    Uses the straight-through estimator of Bengio et al. (arXiv:1308.3432). A batch norm scales
    whole output channels, so rounding before or after folding is the same.
    """
    for module in generator.modules():
        if isinstance(module, RoundableConv):
            module.rounding = True


def start_from(generator: Generator, weights: dict[str, Tensor], images: Tensor) -> None:
    """Initialize a generator from another one's folded weights, with equal output on `images`.

    Each batch norm gets the standard deviation and mean of its convolution's output on these images
    as scale and shift, which cancels the normalization.

    Args:
        generator: network of the same architecture, changed in place.
        weights: by name, such as `blocks.0.narrow.weight` (OIHW) and `blocks.0.narrow.bias` (O).
        images: Nx3xHxW RGB 0..1, typical photos.

    Raises:
        StyleError: the weights belong to another architecture.
    """
    handles = []
    for name, module in generator.named_modules():
        if not isinstance(module, ConvNorm) and module not in (generator.paint, generator.skip):
            continue
        conv = module.conv if isinstance(module, ConvNorm) else module
        weight, bias = weights.get(f"{name}.weight"), weights.get(f"{name}.bias")
        if module is generator.skip and weight is not None and bias is not None:
            weight, bias = weight[:3, :3], bias[:3]  # equal for all pixels of a cell
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
    """Forward hook that sets a `ConvNorm`'s batch norm to add the bias and nothing else."""

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
