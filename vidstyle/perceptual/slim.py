"""The feature network that ships: small, and taught to see what SqueezeNet sees."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from vidstyle.errors import StyleError, reason
from vidstyle.perceptual.features import Branch, FeatureNetwork, channels_last
from vidstyle.perceptual.losses import gram_matrix
from vidstyle.perceptual.squeezenet import (
    CONV1_CHANNELS,
    FIRES,
    LAYERS,
    POOL_BEFORE,
    Fire,
    layer_at,
)

FINE_STAGES = {"stage1": (16, 16), "stage2": (32, 32)}  # channels, at strides 1 and 2
SKETCH = 32  # filters that stand for the teacher's first 96: they are nearly combinations of these
# Which stage stands for which of SqueezeNet's layers at its first stride of 1; at 2, there is one
# for each (conv1/2, fire2/2 ... fire8/2).
HEADS = {"conv1": "stage1", "fire2": "stage2", "fire3": "stage2", "fire4": "stage2"}
COARSE_LAYERS = tuple(layer_at(2, name) for name in LAYERS)
MEAN_RGB = (0.47, 0.44, 0.40)  # of photos
SPREAD = 0.25


def _plain_conv(inputs: int, outputs: int) -> nn.Module:
    return nn.Conv2d(inputs, outputs, 3, padding=1)


class SlimBody(nn.Module):
    """A fine branch like VGG at strides 1 and 2, and a coarse one like SqueezeNet at 2, 4 and 8.

    The fine branch, 3x3 convolutions with ReLU (Simonyan and Zisserman, arXiv:1409.1556), sees
    every pixel. The coarse one has the teacher's fire modules behind a first 7x7 convolution that
    is split in two: plain 3x3 convolutions behind the fine branch cost as much and missed most of
    what the deep layers see. Both pool by averages, which Gatys et al. (arXiv:1508.06576) found to
    give cleaner gradients; SqueezeNet takes maxima.
    """

    def __init__(self, conv: Callable[[int, int], nn.Module] = _plain_conv) -> None:
        """Build it untrained; `conv` makes a 3x3 convolution of the fine branch."""
        super().__init__()
        inputs = 3
        for name, widths in FINE_STAGES.items():
            sizes = zip((inputs, *widths), widths, strict=False)
            self.add_module(name, nn.ModuleList(conv(i, o) for i, o in sizes))
            inputs = widths[-1]
        self.sketch = nn.Conv2d(3, SKETCH, 7, stride=2)
        self.conv1 = nn.Conv2d(SKETCH, CONV1_CHANNELS, 1)
        for name, (inputs, squeezed, expanded) in FIRES.items():
            fire = Fire(
                nn.Conv2d(inputs, squeezed, 1),
                nn.Conv2d(squeezed, expanded, 1),
                nn.Conv2d(squeezed, expanded, 3, padding=1),
            )
            self.add_module(name, fire)
        self.mean: Tensor
        self.register_buffer("mean", torch.tensor(MEAN_RGB).view(1, 3, 1, 1), persistent=False)

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        """Return the fine stages and the coarse layers; images are Nx3xHxW float32, RGB, 0..1."""
        return self.fine(images) | self.coarse(images)

    def fine(self, images: Tensor) -> dict[str, Tensor]:
        """Only the fine stages."""
        x = (images - self.mean) / SPREAD
        activations: dict[str, Tensor] = {}
        for name in FINE_STAGES:
            x = functional.avg_pool2d(x, 2) if activations else x
            for conv in self.get_submodule(name).children():
                x = functional.relu(conv(x), inplace=True)
            activations[name] = x
        return activations

    def coarse(self, images: Tensor) -> dict[str, Tensor]:
        """Only the coarse layers."""
        images = (images - self.mean) / SPREAD
        x = functional.relu(self.conv1(self.sketch(images)), inplace=True)
        activations = {"conv1/2": x}
        for name in FIRES:
            x = self.get_submodule(name)(pooled(x) if name in POOL_BEFORE else x)
            activations[layer_at(2, name)] = x
        return activations


def pooled(x: Tensor) -> Tensor:
    """Half as many cells, where SqueezeNet's lie that takes maxima."""
    return functional.avg_pool2d(x, 3, 2, ceil_mode=True)


class Slim(FeatureNetwork):
    """The body with its heads: each turns a fine stage into one layer of SqueezeNet.

    A head was learned as a linear map from a stage (and a constant) to all channels of the
    teacher's layer. Losses only ask for lengths and angles there, so the map's triangular factor
    (of its QR decomposition) does the same with as few channels as the stage has, plus one; and
    Gram matrices are turned by it instead of whole pictures.
    """

    style_layers = (*HEADS, *COARSE_LAYERS)
    content_layers = ("fire3/2", "fire5/2")
    patch_layers = ("fire3/2", "fire5/2")
    reach = 64

    def __init__(self, weight_file: Path) -> None:
        """Load what `pack` wrote.

        Raises:
            StyleError: the file is missing or something else.
        """
        super().__init__()
        self.body = SlimBody()
        try:
            # Opened here, because NumPy leaves a broken archive open.
            with weight_file.open("rb") as opened, np.load(opened) as arrays:
                state = {name: torch.from_numpy(arrays[name].astype(np.float32)) for name in arrays}
            heads = {layer: state.pop(f"{layer}.head") for layer in HEADS}
            self.body.load_state_dict(state)
            for layer, stage in HEADS.items():
                side = FINE_STAGES[stage][-1] + 1
                self.register_buffer(layer, heads[layer].view(side, side))
        except Exception as error:  # damaged archives raise whatever they like
            raise StyleError(
                f"{weight_file} is not a weight file of the slim features ({reason(error)})."
            ) from error
        channels_last(self.body)
        self.requires_grad_(False)

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        """Return the fine stages by their names, and the coarse layers by the teacher's.

        Args:
            images: Nx3xHxW float32, RGB, 0..1; sides of 32 pixels or more.
        """
        seen: dict[str, Tensor] = self.body(images)
        return seen

    @property
    def branches(self) -> tuple[Branch, ...]:
        """The fine branch and the coarse one."""
        return self.body.fine, self.body.coarse

    def seen_by(self, layer: str) -> str:
        """A fine layer is made of a stage."""
        return HEADS.get(layer, layer)

    def grams(self, seen: dict[str, Tensor]) -> dict[str, Tensor]:
        """The Gram matrices, NxCxC: of a fine layer in its head's channels, C the stage's and 1."""
        by_stage = {
            stage: gram_matrix(with_constant(seen[stage])) for stage in FINE_STAGES if stage in seen
        }
        grams = {}
        for layer, stage in HEADS.items():
            if stage in seen:
                head = self.get_buffer(layer)
                grams[layer] = head @ by_stage[stage] @ head.T
        return grams | {layer: gram_matrix(seen[layer]) for layer in COARSE_LAYERS if layer in seen}

    def means(self, seen: dict[str, Tensor]) -> dict[str, Tensor]:
        """The means of the Gram matrices' channels over each picture (NxC)."""
        means = {layer: seen[layer].mean(dim=(2, 3)) for layer in COARSE_LAYERS}
        for layer, stage in HEADS.items():
            of_stage = functional.pad(seen[stage].mean(dim=(2, 3)), (0, 1), value=1.0)
            means[layer] = of_stage @ self.get_buffer(layer).T
        return means


def pack(body: SlimBody, heads: dict[str, Tensor], file: Path) -> int:
    """Write body and heads as an .npz of float16 arrays; return its size in bytes.

    Args:
        body: as trained.
        heads: of the fine layers, Tx(C+1): the linear map from a stage's C channels and a
            constant 1 to the teacher's T channels.
        file: where to.
    """
    state = body.state_dict()
    arrays = {name: value.numpy().astype(np.float16) for name, value in state.items()}
    for layer, head in heads.items():
        triangle = torch.linalg.qr(head.double(), mode="r").R
        arrays[f"{layer}.head"] = (triangle / triangle.norm()).numpy().astype(np.float16)
    np.savez_compressed(file, allow_pickle=False, **arrays)
    return file.stat().st_size


def with_constant(activations: Tensor) -> Tensor:
    """NxCxHxW and one more channel that is 1 everywhere: what a head is applied to."""
    return torch.cat([activations, torch.ones_like(activations[:, :1])], dim=1)
