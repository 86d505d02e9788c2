"""Feature network with random weights: an independent judge of texture."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from vidstyle.perceptual.features import FeatureNetwork, channels_last
from vidstyle.perceptual.losses import centered

WIDTHS = (64, 96, 128, 160)  # channels at strides 1, 2, 4 and 8
KERNEL = 5
LAYERS = tuple(f"random{block}" for block in range(1, len(WIDTHS) + 1))


class RandomFeatures(FeatureNetwork):
    """Convolutions with fixed random weights, ReLU and average pooling.

    Such features suffice to synthesize textures (Ustyuzhaninov et al., arXiv:1606.00021; He et al.,
    arXiv:1606.04801). Filters have zero mean, and style is measured by covariances, since random
    filters otherwise respond to brightness mostly.
    """

    style_layers = LAYERS
    content_layers = LAYERS[-1:]
    patch_layers = ()

    def __init__(self) -> None:
        super().__init__()
        random = torch.Generator().manual_seed(0)
        inputs = 3
        for name, width in zip(LAYERS, WIDTHS, strict=True):
            conv = nn.Conv2d(inputs, width, KERNEL, padding=KERNEL // 2, bias=False)
            weight = torch.randn(conv.weight.shape, generator=random)
            weight -= weight.mean(dim=(1, 2, 3), keepdim=True)
            conv.weight.data = weight * (2 / (inputs * KERNEL**2)) ** 0.5  # of He et al.
            self.add_module(name, conv)
            inputs = width
        channels_last(self)
        self.requires_grad_(False)

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        """Return the activations by layer. Takes Nx3xHxW float32 RGB 0..1."""
        x, seen = images, {}
        for name in LAYERS:
            x = functional.relu(self.get_submodule(name)(x))
            seen[name] = x
            x = functional.avg_pool2d(x, 2)
        return seen

    def grams(self, seen: dict[str, Tensor]) -> dict[str, Tensor]:
        """Covariances (NxCxC) by layer, from the activations of `forward`."""
        means = self.means(seen)
        return {name: centered(gram, means[name]) for name, gram in super().grams(seen).items()}
