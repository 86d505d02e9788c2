"""VGG-16 and VGG-19 feature networks, truncated after the deepest layer in use."""

from pathlib import Path
from typing import Literal

from torch import Tensor
from torch.nn import functional

from vidstyle.errors import StyleError
from vidstyle.perceptual.arrays import read_convolutions
from vidstyle.perceptual.features import FeatureNetwork, ImageNetNormalization, frozen_conv

Kind = Literal["vgg16", "vgg19"]
Pooling = Literal["max", "average"]

WIDTHS = (64, 128, 256, 512, 512)  # channels of each block
DEPTHS: dict[Kind, tuple[int, ...]] = {  # convolutions in each block
    "vgg16": (2, 2, 3, 3, 3),
    "vgg19": (2, 2, 4, 4, 4),
}


class Vgg(FeatureNetwork):
    """VGG-16 or VGG-19 (Simonyan and Zisserman, arXiv:1409.1556), frozen, without classifier.

    Layers are named as in the papers: `conv4_2` is the second convolution of the fourth block
    before its ReLU, `relu4_2` the same after it, `pool4` the end of the block. Weights after the
    deepest layer in use are not loaded.

    Style layers are after the ReLU, content layers before it. Gatys et al. (arXiv:1508.06576) name
    both conv, but their Caffe network applied the ReLU in place, so that they used relu1_1 ...
    relu5_1 and relu4_2. Before the ReLU, the content loss includes negative activations too.
    """

    def __init__(
        self,
        kind: Kind,
        weight_file: Path,
        *,
        pooling: Pooling = "max",
        style_layers: tuple[str, ...] = ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1"),
        content_layers: tuple[str, ...] = ("conv4_2",),
        patch_layers: tuple[str, ...] = ("relu3_1", "relu4_1"),
    ) -> None:
        """Load the weights that the layers need.

        Args:
            kind: "vgg16" or "vgg19", the network of the weights.
            weight_file: torchvision's .pth, or an .npz with the same names (features.0.weight).
            pooling: "max" as trained; Gatys et al. found "average" to look better.
            style_layers: layers of the Gram matrices.
            content_layers: layers of content losses.
            patch_layers: layers of patch losses.

        Raises:
            StyleError: no such layer, or the file does not hold these weights.
            ValueError: another kind of pooling.
        """
        super().__init__()
        if pooling not in ("max", "average"):
            raise ValueError(f"pooling is max or average, not {pooling!r}")
        self.pooling = pooling
        self.style_layers, self.content_layers = style_layers, content_layers
        self.patch_layers = patch_layers
        self.taps = {*style_layers, *content_layers, *patch_layers}
        self.layers = _down_to_the_deepest(kind, self.taps)
        self._load(kind, weight_file)
        self.normalized = ImageNetNormalization()

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        """Return the activations of the layers in use, the shallowest first.

        Args:
            images: Nx3xHxW float32 RGB 0..1.
        """
        x = self.normalized(images)
        activations = {}
        for name in self.layers:
            x = self._through(name, x)
            if name in self.taps:
                activations[name] = x
        return activations

    def _through(self, name: str, x: Tensor) -> Tensor:
        if name.startswith("conv"):
            return self.get_submodule(name)(x)  # type: ignore[no-any-return]
        if name.startswith("relu"):
            return functional.relu(x)  # not in place: the convolution may be a layer in use
        return functional.max_pool2d(x, 2) if self.pooling == "max" else functional.avg_pool2d(x, 2)

    def _load(self, kind: Kind, weight_file: Path) -> None:
        keys, shapes = {}, {}
        inputs = 3
        for place, name in enumerate(self.layers):  # torchvision counts all layers from 0
            if name.startswith("conv"):
                width = WIDTHS[int(name[4]) - 1]
                keys[name] = f"features.{place}"
                shapes[keys[name]] = (width, inputs, 3, 3)
                inputs = width
        arrays = read_convolutions(weight_file, shapes, kind)
        for name, key in keys.items():
            self.add_module(name, frozen_conv(*arrays[key], padding=1))


def layer_names(kind: Kind) -> tuple[str, ...]:
    """Return all layer names in order: conv1_1, relu1_1, conv1_2, relu1_2, pool1, conv2_1, ..."""
    names = []
    for block, depth in enumerate(DEPTHS[kind], start=1):
        for i in range(1, depth + 1):
            names += [f"conv{block}_{i}", f"relu{block}_{i}"]
        names.append(f"pool{block}")
    return tuple(names)


def _down_to_the_deepest(kind: Kind, taps: set[str]) -> tuple[str, ...]:
    names = layer_names(kind)
    if unknown := sorted(taps - set(names)):
        raise StyleError(
            f"{kind} has no layer {', '.join(map(repr, unknown))}. It has: {', '.join(names)}."
        )
    return names[: max(names.index(tap) for tap in taps) + 1]
