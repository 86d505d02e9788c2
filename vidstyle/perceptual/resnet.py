"""ResNet-50 feature network, without its last stage and classifier."""

from collections.abc import Mapping
from pathlib import Path

from torch import Tensor, nn
from torch.nn import functional

from vidstyle.perceptual.arrays import Array, read_arrays
from vidstyle.perceptual.batch_norm import NormedConv
from vidstyle.perceptual.features import FeatureNetwork, ImageNetNormalization, frozen_conv

STEM_CHANNELS = 64
STAGES = {"layer1": (3, 64), "layer2": (4, 128), "layer3": (6, 256)}  # blocks, inner channels
EXPANSION = 4  # channels of a block's output over its inner channels
EPSILON = 1e-5  # of the batch norms


class ResNet50(FeatureNetwork):
    """ResNet-50 (He et al., arXiv:1512.03385) down to layer3, frozen.

    As in torchvision, the stride of a stage is in the 3x3 convolution of its first block (the paper
    has it in the 1x1 convolution before). Layers are named as there: `conv1` after its ReLU, and
    the ends of the stages, `layer1` to `layer3`, at strides 4, 8 and 16. layer4 is not loaded: its
    stride of 32 exceeds the grid of the tiles.

    Departs from the published network in `conv1`, which is computed at a stride of 1, so that it
    sees the pixel grid; the layers behind it get every second row and column, as published. Batch
    norms are folded into the convolutions (`NormedConv`).
    """

    style_layers = ("conv1", *STAGES)
    content_layers = ("layer2",)
    patch_layers = ("layer1", "layer2")
    reach = 144

    def __init__(self, weight_file: Path) -> None:
        """Load the weights.

        Args:
            weight_file: torchvision's .pth, or an .npz with the same names (layer1.0.conv1.weight).

        Raises:
            StyleError: the file is missing or does not hold these arrays.
        """
        super().__init__()
        convolutions = _convolutions()
        shapes: dict[str, tuple[int, ...]] = {}
        for conv in convolutions.values():
            shapes |= conv.array_shapes()
        arrays = read_arrays(weight_file, shapes, "ResNet-50")
        self.conv1 = frozen_conv(*convolutions["conv1"].folded(arrays, EPSILON), padding=3)
        for stage, (depth, _) in STAGES.items():
            blocks = (_block(f"{stage}.{i}", convolutions, arrays) for i in range(depth))
            self.add_module(stage, nn.Sequential(*blocks))
        self.normalized = ImageNetNormalization()

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        """Return the activations of conv1 and of the stages, the shallowest first.

        Args:
            images: Nx3xHxW float32 RGB 0..1.
        """
        x = functional.relu(self.conv1(self.normalized(images)))
        activations = {"conv1": x}
        x = functional.max_pool2d(x[..., ::2, ::2], 3, 2, padding=1)
        for stage in STAGES:
            x = self.get_submodule(stage)(x)
            activations[stage] = x
        return activations


class Bottleneck(nn.Module):
    """Residual block: 1x1 convolution to few channels, 3x3, 1x1 to many, plus the shortcut."""

    def __init__(
        self, narrow: nn.Conv2d, middle: nn.Conv2d, wide: nn.Conv2d, shortcut: nn.Module
    ) -> None:
        super().__init__()
        self.narrow, self.middle, self.wide, self.shortcut = narrow, middle, wide, shortcut

    def forward(self, x: Tensor) -> Tensor:
        inner = functional.relu(self.middle(functional.relu(self.narrow(x))))
        return functional.relu(self.wide(inner) + self.shortcut(x))


def _block(
    name: str, convolutions: Mapping[str, NormedConv], arrays: Mapping[str, Array]
) -> Bottleneck:
    def conv(part: str, padding: int = 0, stride: int = 1) -> nn.Conv2d:
        folded = convolutions[f"{name}.{part}"].folded(arrays, EPSILON)
        return frozen_conv(*folded, padding, stride=stride)

    first, stride = name.endswith(".0"), _stride(name)
    shortcut = conv("downsample.0", stride=stride) if first else nn.Identity()
    return Bottleneck(conv("conv1"), conv("conv2", 1, stride), conv("conv3"), shortcut)


def _stride(block: str) -> int:
    return 2 if block in ("layer2.0", "layer3.0") else 1


def _convolutions() -> dict[str, NormedConv]:
    """All convolutions down to layer3, by their names in torchvision."""
    found = [NormedConv("conv1", "bn1", (STEM_CHANNELS, 3, 7, 7))]
    inputs = STEM_CHANNELS
    for stage, (depth, inner) in STAGES.items():
        outputs = EXPANSION * inner
        for block in (f"{stage}.{i}" for i in range(depth)):
            found += [
                NormedConv(f"{block}.conv1", f"{block}.bn1", (inner, inputs, 1, 1)),
                NormedConv(f"{block}.conv2", f"{block}.bn2", (inner, inner, 3, 3)),
                NormedConv(f"{block}.conv3", f"{block}.bn3", (outputs, inner, 1, 1)),
            ]
            if inputs != outputs:
                shape = (outputs, inputs, 1, 1)
                found.append(NormedConv(f"{block}.downsample.0", f"{block}.downsample.1", shape))
            inputs = outputs
    return {conv.conv: conv for conv in found}
