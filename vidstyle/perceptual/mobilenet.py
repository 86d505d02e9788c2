"""MobileNetV3-Large feature network, without its last blocks and classifier."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor, nn
from torch.nn import functional

from vidstyle.perceptual.arrays import Array, read_arrays
from vidstyle.perceptual.batch_norm import NormedConv
from vidstyle.perceptual.features import FeatureNetwork, ImageNetNormalization, frozen_conv

STEM_CHANNELS = 16
EPSILON = 1e-3  # of the batch norms
WINDOW = 28  # cells of 8 px: the pictures of the training had 224 px


@dataclass(frozen=True, slots=True)
class Bneck:
    """Row "bneck" of the paper's Table 1."""

    kernel: int
    expanded: int  # channels inside
    outputs: int
    stride: int = 1
    squeezed: int = 0  # channels inside squeeze-and-excitation; 0 without
    hard_swish: bool = False  # instead of ReLU


BLOCKS = (  # features.1 to features.10 in torchvision; the paper has five more
    Bneck(3, 16, 16),
    Bneck(3, 64, 24, stride=2),
    Bneck(3, 72, 24),
    Bneck(5, 72, 40, stride=2, squeezed=24),
    Bneck(5, 120, 40, squeezed=32),
    Bneck(5, 120, 40, squeezed=32),
    Bneck(3, 240, 80, stride=2, hard_swish=True),
    Bneck(3, 200, 80, hard_swish=True),
    Bneck(3, 184, 80, hard_swish=True),
    Bneck(3, 184, 80, hard_swish=True),
)
TAPS = (1, 3, 6, 10)  # the last blocks at strides 2, 4, 8 and 16


class MobileNetV3(FeatureNetwork):
    """MobileNetV3-Large (Howard et al., arXiv:1905.02244) down to its tenth block, frozen.

    Layers are `conv1` after its activation, and `block1`, `block3`, `block6` and `block10`, the
    ends of the blocks at strides 2, 4, 8 and 16, which have no activation. The later blocks are not
    loaded: they look further, or at a stride of 32, which exceeds the grid of the tiles.

    Departs from the published network in two places. `conv1` is computed at a stride of 1, so that
    it sees the pixel grid; the blocks get every second row and column, as published. And
    squeeze-and-excitation takes its means over windows of 224x224 px, the size of the pictures in
    training, instead of the whole picture (see `window_mean`). Batch norms are folded into the
    convolutions (`NormedConv`).
    """

    style_layers = ("conv1", *(f"block{tap}" for tap in TAPS))
    content_layers = ("block6",)
    patch_layers = ("block3", "block6")
    reach = 432

    def __init__(self, weight_file: Path) -> None:
        """Load the weights.

        Args:
            weight_file: torchvision's .pth, or an .npz with the same names (features.0.0.weight).

        Raises:
            StyleError: the file is missing or does not hold these arrays.
        """
        super().__init__()
        stem = NormedConv("features.0.0", "features.0.1", (STEM_CHANNELS, 3, 3, 3))
        inputs = (STEM_CHANNELS, *(bneck.outputs for bneck in BLOCKS))
        sources = [
            _BlockSource(place, bneck, inputs[place - 1])
            for place, bneck in enumerate(BLOCKS, start=1)
        ]
        shapes = stem.array_shapes()
        for source in sources:
            shapes |= source.array_shapes()
        arrays = read_arrays(weight_file, shapes, "MobileNetV3-Large")
        self.conv1 = frozen_conv(*stem.folded(arrays, EPSILON), padding=1)
        self.blocks = nn.ModuleList(source.block(arrays) for source in sources)
        self.normalized = ImageNetNormalization()

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        """Return the activations of the layers, the shallowest first.

        Args:
            images: Nx3xHxW float32 RGB 0..1.
        """
        x = functional.hardswish(self.conv1(self.normalized(images)))
        activations = {"conv1": x}
        x = x[..., ::2, ::2]
        for place, block in enumerate(self.blocks, start=1):
            x = block(x)
            if place in TAPS:
                activations[f"block{place}"] = x
        return activations


class InvertedResidual(nn.Module):
    """Inverted residual: 1x1 to many channels, depthwise, gate, 1x1 to few, plus the input."""

    def __init__(
        self,
        expand: nn.Module,
        depthwise: nn.Conv2d,
        gate: nn.Module,
        project: nn.Conv2d,
        *,
        residual: bool,
        hard_swish: bool,
    ) -> None:
        super().__init__()
        self.expand, self.depthwise, self.gate, self.project = expand, depthwise, gate, project
        self.residual = residual
        self.activation = functional.hardswish if hard_swish else functional.relu

    def forward(self, x: Tensor) -> Tensor:
        inner = self.activation(self.depthwise(self.expand(x)))
        projected: Tensor = self.project(self.gate(inner))
        return x + projected if self.residual else projected


class Gate(nn.Module):
    """Squeeze-and-excitation (Hu et al., arXiv:1709.01507): weights for channels, by their means.

    As in MobileNetV3, the weights are a hard sigmoid.
    """

    def __init__(self, squeeze: nn.Conv2d, excite: nn.Conv2d) -> None:
        super().__init__()
        self.squeeze, self.excite = squeeze, excite

    def forward(self, x: Tensor) -> Tensor:
        squeezed = functional.relu(self.squeeze(window_mean(x)))
        return x * functional.hardsigmoid(self.excite(squeezed))


def window_mean(x: Tensor, window: int = WINDOW) -> Tensor:
    """Return the mean around each position, NxCxHxW, over `window` x `window` positions.

    At the border the window moves inside; a picture no larger than the window has a single mean, as
    in the published network. Means over pictures larger than those of the training have another
    distribution (Chu et al., arXiv:2112.04491), and would differ from tile to tile.
    """
    height, width = (min(window, side) for side in x.shape[2:])
    means = functional.avg_pool2d(functional.avg_pool2d(x, (height, 1), 1), (1, width), 1)
    above, left = (height - 1) // 2, (width - 1) // 2
    edges = (left, width - 1 - left, above, height - 1 - above)
    return functional.pad(means, edges, mode="replicate")


class _BlockSource:
    """Names and shapes of one block's arrays in the weight file."""

    def __init__(self, place: int, bneck: Bneck, inputs: int) -> None:
        """Name the parts; torchvision counts those that a block has from 0."""
        present = {
            "expand": bneck.expanded != inputs,
            "depthwise": True,
            "gate": bneck.squeezed > 0,
            "project": True,
        }
        parts = (part for part, there in present.items() if there)
        names = {part: f"features.{place}.block.{i}" for i, part in enumerate(parts)}
        shapes = {
            "expand": (bneck.expanded, inputs, 1, 1),
            "depthwise": (bneck.expanded, 1, bneck.kernel, bneck.kernel),
            "project": (bneck.outputs, bneck.expanded, 1, 1),
        }
        self._convolutions = {
            part: NormedConv(f"{names[part]}.0", f"{names[part]}.1", shape)
            for part, shape in shapes.items()
            if part in names
        }
        self._gate, self._bneck = names.get("gate"), bneck
        self._residual = bneck.stride == 1 and bneck.outputs == inputs

    def array_shapes(self) -> dict[str, tuple[int, ...]]:
        """Return the shapes of all arrays by name."""
        shapes: dict[str, tuple[int, ...]] = {}
        for conv in self._convolutions.values():
            shapes |= conv.array_shapes()
        if self._gate:
            squeezed, expanded = self._bneck.squeezed, self._bneck.expanded
            shapes[f"{self._gate}.fc1.weight"] = (squeezed, expanded, 1, 1)
            shapes[f"{self._gate}.fc1.bias"] = (squeezed,)
            shapes[f"{self._gate}.fc2.weight"] = (expanded, squeezed, 1, 1)
            shapes[f"{self._gate}.fc2.bias"] = (expanded,)
        return shapes

    def block(self, arrays: Mapping[str, Array]) -> InvertedResidual:
        """Build the block from the arrays of the file."""
        bneck = self._bneck
        folded = {part: c.folded(arrays, EPSILON) for part, c in self._convolutions.items()}
        expand: nn.Module = nn.Identity()
        if "expand" in folded:
            activation = nn.Hardswish() if bneck.hard_swish else nn.ReLU()
            expand = nn.Sequential(frozen_conv(*folded["expand"]), activation)
        depthwise = frozen_conv(
            *folded["depthwise"], bneck.kernel // 2, stride=bneck.stride, groups=bneck.expanded
        )
        return InvertedResidual(
            expand,
            depthwise,
            self._squeeze_and_excitation(arrays),
            frozen_conv(*folded["project"]),
            residual=self._residual,
            hard_swish=bneck.hard_swish,
        )

    def _squeeze_and_excitation(self, arrays: Mapping[str, Array]) -> nn.Module:
        if self._gate is None:
            return nn.Identity()
        squeeze, excite = (
            frozen_conv(arrays[f"{self._gate}.{part}.weight"], arrays[f"{self._gate}.{part}.bias"])
            for part in ("fc1", "fc2")
        )
        return Gate(squeeze, excite)
