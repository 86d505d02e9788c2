"""Weight predictor (PyTorch): from numbers that describe a painting to a generator's weights.

The kernels of each convolution are a mean plus a sum of basis kernels, W(s) = W0 + sum a_k(s) B_k,
with coefficients by a small network from the painting's numbers. Shen et al. (arXiv:1709.04111)
predict kernels from features of VGG in the same way; scales and shifts alone (Dumoulin et al.,
arXiv:1610.07629), with kernels in common, painted poorly at this size.

A painting's colors are not predicted: the painting head works in units of their spread, and a
linear map that is known in closed form leads from there, see `ColorFold`.
"""

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional

from vidstyle.network.architecture import FINE, SIZE_CLASSES
from vidstyle.network.generator import (
    ConvNorm,
    Generator,
    as_cells,
    from_cells,
    mirror_borders,
    start_from,
    with_equal_sums,
)
from vidstyle.stylize.predictor import SPREAD

ARCHITECTURE = SIZE_CLASSES["55k"]
COMPONENTS = 40  # principal components of a painting's numbers
WIDEST = 3.0  # standard deviations of a component; beyond, it is clipped
HIDDEN = 96
BASES = 24  # of each convolution
PALETTE_NUMBERS = 3  # the last ones of a painting's numbers
PALETTE_WEIGHT = 4.0  # in the choice of components
CHANGE = 0.3  # of norms, and the next of colors and offsets, for an output of one
SMALL_CHANGE = 0.1
EPSILON = 1e-5  # of batch norms
NORMED = (
    "stem",
    *(
        f"blocks.{n}.{part}"
        for n in range(len(ARCHITECTURE.dilations))
        for part in ("narrow", "wide")
    ),
    "decision",
    "detail",
)

Weights = dict[str, Tensor]
Statistics = dict[str, tuple[Tensor, Tensor]]  # mean and variance of each channel


class StyleNumbers(nn.Module):
    """Principal components of paintings' numbers, each with a spread of about one."""

    def __init__(self, count: int) -> None:
        """Prepare for so many numbers; `fit` or a state computes the components."""
        super().__init__()
        self.mean: Tensor
        self.projection: Tensor
        self.register_buffer("mean", torch.zeros(count))
        self.register_buffer("projection", torch.zeros(count, COMPONENTS))

    def fit(self, numbers: Tensor) -> None:
        """Compute the components of NxC numbers of paintings."""
        deviation = numbers.std(dim=0) + 1e-3
        deviation[-PALETTE_NUMBERS:] /= PALETTE_WEIGHT
        self.mean.copy_(numbers.mean(dim=0))
        _, values, vectors = torch.linalg.svd(
            (numbers - self.mean) / deviation, full_matrices=False
        )
        spreads = values / len(numbers) ** 0.5
        gains = (spreads[:COMPONENTS].square() + spreads[COMPONENTS].square()).rsqrt()
        self.projection.copy_(vectors[:COMPONENTS].T * gains / deviation[:, None])

    def forward(self, numbers: Tensor) -> Tensor:
        """Return the components of paintings' numbers, clipped; any leading axes."""
        components: Tensor = (numbers - self.mean) @ self.projection
        return components.clamp(-WIDEST, WIDEST)


class WeightPredictor(nn.Module):
    """Coefficients of basis kernels, and scales and shifts, from a painting's components."""

    def __init__(self, start: Mapping[str, Tensor]) -> None:
        """Start so that all paintings get the weights of one generator.

        Args:
            start: its weights, as `start_weights` returns them.
        """
        super().__init__()
        self.hidden = nn.Sequential(
            nn.Linear(COMPONENTS, HIDDEN), nn.SiLU(), nn.Linear(HIDDEN, HIDDEN), nn.SiLU()
        )
        self.kernels, self.bases = nn.ParameterDict(), nn.ParameterDict()
        self.norms, self.heads = nn.ParameterDict(), nn.ModuleDict()
        for name in (*NORMED, "paint"):
            kernel = start[f"{name}.weight"]
            self.kernels[_key(name)] = nn.Parameter(kernel.clone())
            self.bases[_key(name)] = nn.Parameter(torch.zeros(BASES, *kernel.shape))
            self.heads[_key(name)] = _coefficients()
        for name in NORMED:
            norm = torch.stack([start[f"{name}.scale"], start[f"{name}.shift"]])
            self.norms[_key(name)] = nn.Parameter(norm)
            self.heads[_key(name, "norm")] = _nothing_at_first(norm.numel())
        self.offset = nn.Parameter(start["paint.bias"].reshape(FINE**2, 3).mean(dim=0))
        self.heads["offset"] = _nothing_at_first(3)
        self.colors = nn.Parameter(torch.eye(3))
        self.heads["colors"] = _nothing_at_first(9)

    def forward(self, components: Tensor) -> Weights:
        """Return weights before batch norms are folded and colors are known.

        Args:
            components: of one painting, as from `StyleNumbers`.
        """
        return self.weights(self.hidden(components))

    def weights(self, hidden: Tensor) -> Weights:
        """Weights by the outputs of the hidden layers: coefficients are linear in these.

        So the mean over several paintings' outputs has the mean of their coefficients.
        """
        weights = {
            "offset": self.offset + SMALL_CHANGE * self.heads["offset"](hidden),
            "colors": self.colors + SMALL_CHANGE * self.heads["colors"](hidden).view(3, 3),
        }
        for name in (*NORMED, "paint"):
            coefficients = self.heads[_key(name)](hidden)
            change = torch.einsum("k,koiyx->oiyx", coefficients, self.bases[_key(name)])
            weights[name] = self.kernels[_key(name)] + change
        for name in NORMED:
            norm = self.norms[_key(name)]
            change = self.heads[_key(name, "norm")](hidden).view_as(norm)
            weights[f"{name}.norm"] = norm + CHANGE * change
        return weights


def _key(name: str, kind: str = "") -> str:
    return f"{name}.{kind}".strip(".").replace(".", "_")


def _coefficients() -> nn.Linear:
    head = nn.Linear(HIDDEN, BASES)
    nn.init.normal_(head.weight, std=3 / (HIDDEN * BASES) ** 0.5)
    nn.init.normal_(head.bias, std=0.3 / BASES**0.5)
    return head


def _nothing_at_first(outputs: int) -> nn.Linear:
    head = nn.Linear(HIDDEN, outputs)
    nn.init.zeros_(head.weight)
    nn.init.zeros_(head.bias)
    return head


def start_weights(folded: dict[str, Tensor], photos: Tensor) -> Weights:
    """Weights of a generator with batch norms that cancel on these photos.

    Args:
        folded: of the generator, as from `folded_weights`.
        photos: Nx3xHxW RGB 0..1.
    """
    generator = Generator(ARCHITECTURE)
    mirror_borders(generator)
    start_from(generator, folded, photos)
    weights = {"paint.weight": generator.paint.weight.detach()}
    assert generator.paint.bias is not None
    weights["paint.bias"] = generator.paint.bias.detach()
    for name in NORMED:
        module = generator.get_submodule(name)
        assert isinstance(module, ConvNorm)
        weights[f"{name}.weight"] = module.conv.weight.detach()
        weights[f"{name}.scale"] = module.norm.weight.detach()
        weights[f"{name}.shift"] = module.norm.bias.detach()
    return weights


def features_of(weights: Weights, photos: Tensor, statistics: Statistics | None = None) -> Tensor:
    """Return the input of the painting head for Nx3xHxW photos, normalized over the batch.

    Args:
        weights: of one painting, as `WeightPredictor` returns them.
        photos: RGB 0..1, sides multiples of four.
        statistics: gets the mean and variance of each convolution's output.
    """

    def normed(name: str, x: Tensor, dilation: int = 1) -> Tensor:
        kernel = weights[name]
        border = dilation * (kernel.shape[-1] - 1) // 2
        x = functional.pad(x, (border,) * 4, mode="reflect") if border else x
        y = functional.conv2d(x, kernel, dilation=dilation)
        variance, mean = torch.var_mean(y, dim=(0, 2, 3), correction=0)
        if statistics is not None:
            statistics[name] = mean, variance
        scale, shift = weights[f"{name}.norm"]
        factor = scale * (variance + EPSILON).rsqrt()
        normal: Tensor = y * factor.view(1, -1, 1, 1) + (shift - factor * mean).view(1, -1, 1, 1)
        return normal

    pixels = as_cells(photos)
    x = functional.relu(normed("stem", as_cells(pixels)))
    for number, dilation in enumerate(ARCHITECTURE.dilations):
        change = functional.relu(normed(f"blocks.{number}.narrow", x, dilation))
        x = x + normed(f"blocks.{number}.wide", change)
    x = normed("decision", x)
    x = functional.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)
    return functional.relu(x + normed("detail", pixels))


def painted(weights: Weights, photos: Tensor, colors: "ColorFold") -> Tensor:
    """Paint Nx3xHxW photos, RGB 0..1, with weights in training."""
    x = functional.pad(features_of(weights, photos), (1, 1, 1, 1), mode="reflect")
    kernel, bias = colors.head(with_equal_sums(weights["paint"]), weights["offset"])
    matrix, offset = colors.skip(weights["colors"])
    recolored = torch.einsum("ij,njhw->nihw", matrix, photos) + offset.view(1, 3, 1, 1)
    return from_cells(functional.conv2d(x, kernel, bias)) + recolored


class ColorFold:
    """Colors of a painting, folded into the head and the color skip of a generator."""

    def __init__(
        self, covariance: Tensor, matrix: Tensor, offset: Tensor, photo_mean: Tensor
    ) -> None:
        """Prepare for a painting.

        Args:
            covariance: 3x3, of its colors.
            matrix: 3x3 and the next, the color map from photos to the painting.
            offset: 3.
            photo_mean: 3, mean color of photos.
        """
        values, vectors = torch.linalg.eigh(covariance.double())
        root = vectors @ torch.diag(values.clamp_min(EPSILON).sqrt()) @ vectors.T
        self._root = root.float() / SPREAD
        self._matrix, self._mean = matrix, photo_mean
        self._mapped_mean = matrix @ photo_mean + offset

    def head(self, kernel: Tensor, offset: Tensor) -> tuple[Tensor, Tensor]:
        """Kernel and bias of the painting head, for the pixels of a fine cell."""
        by_color = kernel.reshape(FINE**2, 3, *kernel.shape[1:])
        colored = torch.einsum("ab,pbiyx->paiyx", self._root, by_color)
        return colored.reshape(kernel.shape), (self._root @ offset).repeat(FINE**2)

    def skip(self, colors: Tensor) -> tuple[Tensor, Tensor]:
        """Matrix and offset of the color skip; photos' mean color stays where the map puts it."""
        matrix = self._matrix @ colors
        return matrix, self._mapped_mean - matrix @ self._mean


class Prediction(nn.Module):
    """From the numbers of a painting, or of several that are mixed, to folded weights.

    One graph for ONNX. A mix has the mean of its paintings' coefficients.
    """

    def __init__(self, numbers: StyleNumbers, predictor: WeightPredictor) -> None:
        super().__init__()
        self.numbers, self.predictor = numbers, predictor

    def forward(self, numbers: Tensor, shares: Tensor, photos: Tensor) -> tuple[Tensor, ...]:
        """Return the tensors that `names` names.

        Args:
            numbers: of P paintings, PxC float32.
            shares: P float32, of the paintings in the mix; they add up to 1.
            photos: Nx3xHxW RGB 0..1, over which batch norms are measured.
        """
        weights = self.predictor.weights(shares @ self.predictor.hidden(self.numbers(numbers)))
        statistics: Statistics = {}
        features_of(weights, photos, statistics)
        tensors = []
        for name in NORMED:
            (mean, variance), (scale, shift) = statistics[name], weights[f"{name}.norm"]
            factor = scale * (variance + EPSILON).rsqrt()
            tensors += [weights[name] * factor.view(-1, 1, 1, 1), shift - factor * mean]
        head = with_equal_sums(weights["paint"])
        return (*tensors, head, weights["offset"], weights["colors"])

    names = (
        *(f"{name}.{part}" for name in NORMED for part in ("weight", "bias")),
        "paint.weight",
        "paint.offset",
        "skip.colors",
    )
