"""The tiny generator: what to paint is decided on a grid of 4x4 pixels, how on one of 2x2."""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional

from vidstyle.errors import StyleError
from vidstyle.network.architecture import FINE, GRID, LARGEST_CODE, PIXELS, Architecture


class Generator(nn.Module):
    """A picture in, a painted picture out; starts as a plain color change.

    A stem on cells of 4x4 pixels and dilated residual blocks decide what to paint. The head works
    on cells of 2x2, where the decision, brought up smoothly, meets filters on the picture itself,
    and paints the four pixels of each. A color skip brings back the picture's own detail.
    There is no normalization at run time: the batch norms fold away.

    The residual blocks are those of Johnson et al. (arXiv:1603.08155), whose convolutions at the
    full resolution, most of their cost, are gone. Painting 4x4 pixels at once from the coarse grid
    would be faster still, but left a pattern of that period.
    """

    def __init__(self, architecture: Architecture | None = None) -> None:
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
        """Return Nx3xHxW, about 0..1 but not clipped. Takes Nx3xHxW RGB 0..1, sides in fours."""
        pixels = as_cells(images)
        return from_cells(self.painted(pixels, as_cells(pixels)))

    def painted(self, pixels: Tensor, cells: Tensor) -> Tensor:
        """Paint the fine cells of a picture, Nx12xH/2xW/2, that has these coarse ones."""
        x: Tensor = self.decision(self.blocks(functional.relu(self.stem(cells))))
        x = functional.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)
        x = self.paint(functional.relu(x + self.detail(pixels)))
        colors: Tensor = self.skip(pixels)
        return colors + x

    def set_color_map(self, matrix: Tensor, offset: Tensor) -> None:
        """Let the skip map RGB to `matrix @ rgb + offset` (3x3 and 3, for colors 0..1)."""
        with torch.no_grad():
            self.skip.load_state_dict({"weight": matrix.view(3, 3, 1, 1), "bias": offset})


def as_cells(x: Tensor) -> Tensor:
    """Make the channels of 2x2 neighbors those of one: NxCxHxW to Nx4CxH/2xW/2."""
    count, channels, height, width = x.shape
    split = x.reshape(count, channels, height // FINE, FINE, width // FINE, FINE)
    ordered = split.permute(0, 3, 5, 1, 2, 4)
    return ordered.reshape(count, FINE**2 * channels, height // FINE, width // FINE)


def from_cells(x: Tensor) -> Tensor:
    """The way back: Nx4CxHxW to NxCx2Hx2W."""
    count, channels, rows, columns = x.shape
    split = x.reshape(count, FINE, FINE, channels // FINE**2, rows, columns)
    ordered = split.permute(0, 3, 4, 1, 5, 2)
    return ordered.reshape(count, channels // FINE**2, FINE * rows, FINE * columns)


class RoundableConv(nn.Conv2d):
    """A convolution that can learn with its weights rounded as the file will hold them."""

    rounding = False

    def forward(self, x: Tensor) -> Tensor:
        weight = self.kernel()
        if self.rounding:
            weight = weight + (fake_quantize(weight) - weight).detach()
        y: Tensor = self._conv_forward(x, weight, self.offset())
        return y

    def kernel(self) -> Tensor:
        """The weights to compute with."""
        return self.weight

    def offset(self) -> Tensor | None:
        """The bias to compute with."""
        return self.bias


class PixelPaint(RoundableConv):
    """A 3x3 convolution to the pixels of a fine cell that leaves no pattern of that period.

    Along what goes straight across or down it paints the pixels of a cell alike, and so on flat
    ground: their kernels have the same sums in each row, or in each column, and there is one bias
    for each color. Without that, dark strokes had a checkerboard of two pixels in them, and
    level ones a comb along their edges.
    """

    def kernel(self) -> Tensor:
        kernels = self.weight.reshape(FINE, FINE, 3, *self.weight.shape[1:])  # row, column, color
        for pixels, taps in ((1, -1), (0, -2)):  # the dimensions across, then those down
            means = kernels.mean(dim=taps, keepdim=True)
            kernels = kernels - means + means.mean(dim=pixels, keepdim=True)
        kernel: Tensor = kernels.reshape(self.weight.shape)
        return kernel

    def offset(self) -> Tensor:
        assert self.bias is not None
        return self.bias.reshape(FINE**2, 3).mean(dim=0).repeat(FINE**2)

    def folded(self) -> nn.Conv2d:
        """The same function with its kernel as plain weights."""
        size, padding = self.kernel_size[0], self.kernel_size[0] // 2
        conv = RoundableConv(self.in_channels, self.out_channels, size, padding=padding)
        conv.rounding = self.rounding
        assert conv.bias is not None
        with torch.no_grad():
            conv.weight.copy_(self.kernel())
            conv.bias.copy_(self.offset())
        return conv


def fake_quantize(weight: Tensor) -> Tensor:
    """OIHW weights rounded to whole numbers up to 63 times a scale per output channel."""
    largest = weight.detach().abs().amax(dim=(1, 2, 3), keepdim=True).clamp_min(1e-12)
    scale = largest / LARGEST_CODE
    return (weight.detach() / scale).round() * scale


class ColorSkip(RoundableConv):
    """A 1x1 convolution of three colors, done to every pixel of a fine cell."""

    def forward(self, x: Tensor) -> Tensor:
        count, _, rows, columns = x.shape
        pixels = x.reshape(count * FINE**2, 3, rows, columns)
        return super().forward(pixels).reshape(count, PIXELS, rows, columns)

    def folded(self) -> nn.Conv2d:
        """The same function as one convolution of whole cells."""
        conv = RoundableConv(PIXELS, PIXELS, 1)
        conv.rounding = self.rounding
        assert self.bias is not None and conv.bias is not None
        with torch.no_grad():
            every = torch.kron(torch.eye(FINE**2), self.weight[:, :, 0, 0])
            conv.weight.copy_(every.view(PIXELS, PIXELS, 1, 1))
            conv.bias.copy_(self.bias.repeat(FINE**2))
        return conv


class ConvNorm(nn.Module):
    """A convolution with a batch norm behind it, which `fold` takes away again."""

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
        """The same function as one convolution, with the running statistics."""
        conv = nn.utils.fuse_conv_bn_eval(self.conv.eval(), self.norm.eval())
        conv.padding_mode = "zeros"
        return conv


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


def mirror_borders(generator: nn.Module) -> None:
    """From here on, compute as if each convolution's input went on mirrored; folding undoes it.

    With zeros around it, a network sees how far the border is, and learned to put much of the
    painting's palette into a band that nobody sees later: pictures are mirrored before they are
    painted. That band was more than half of what the losses saw of a crop.
    """
    for module in generator.modules():
        if isinstance(module, RoundableConv):
            module.padding_mode = "reflect"


def round_weights(generator: nn.Module) -> None:
    """From here on, compute with weights rounded as in the file and learn through the rounding.

    The straight-through estimator of Bengio et al. (arXiv:1308.3432). A norm behind a convolution
    scales whole output channels, so rounding before or after folding it is the same.
    """
    for module in generator.modules():
        if isinstance(module, RoundableConv):
            module.rounding = True


def start_from(generator: Generator, weights: dict[str, Tensor], images: Tensor) -> None:
    """Take over another generator's folded weights; on `images` it then does the same.

    A norm normalizes whatever comes, so each gets the spread and the mean that its convolution
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
        if module is generator.skip and weight is not None and bias is not None:
            weight, bias = weight[:3, :3], bias[:3]  # all pixels of a cell get the same
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
