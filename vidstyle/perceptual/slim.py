"""Slim feature network: small, shipped with the package, distilled from SqueezeNet."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from vidstyle.errors import StyleError, reason
from vidstyle.perceptual.arrays import check_archive
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
SKETCH = 32  # filters that span nearly all of the teacher's 96 filters in conv1
# Stage that approximates each of SqueezeNet's layers at a first stride of 1. Its layers at stride 2
# (conv1/2, fire2/2 ... fire8/2) have a layer each in the coarse branch.
HEADS = {"conv1": "stage1", "fire2": "stage2", "fire3": "stage2", "fire4": "stage2"}
COARSE_LAYERS = tuple(layer_at(2, name) for name in LAYERS)
MEAN_RGB = (0.47, 0.44, 0.40)  # of photos, 0..1
SPREAD = 0.25  # divisor of the normalization


def _plain_conv(inputs: int, outputs: int) -> nn.Module:
    return nn.Conv2d(inputs, outputs, 3, padding=1)


class SlimBody(nn.Module):
    """Fine branch like VGG at strides 1 and 2, coarse branch like SqueezeNet at strides 2, 4, 8.

    The fine branch, 3x3 convolutions with ReLU (Simonyan and Zisserman, arXiv:1409.1556), covers
    every pixel. The coarse branch has the teacher's fire modules behind a 7x7 convolution that is
    split in two: plain 3x3 convolutions behind the fine branch cost as much and matched the deep
    layers poorly. Both use average pooling, which Gatys et al. (arXiv:1508.06576) found to give
    cleaner gradients; SqueezeNet uses max pooling.
    """

    def __init__(self, conv: Callable[[int, int], nn.Module] = _plain_conv) -> None:
        """Build an untrained body.

        Args:
            conv: makes a 3x3 convolution of the fine branch from input and output channels.
        """
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
        """Return activations of fine stages and coarse layers for Nx3xHxW float32 RGB 0..1."""
        return self.fine(images) | self.coarse(images)

    def fine(self, images: Tensor) -> dict[str, Tensor]:
        """Return activations of the fine stages only."""
        x = (images - self.mean) / SPREAD
        activations: dict[str, Tensor] = {}
        for name in FINE_STAGES:
            x = functional.avg_pool2d(x, 2) if activations else x
            for conv in self.get_submodule(name).children():
                x = functional.relu(conv(x), inplace=True)
            activations[name] = x
        return activations

    def coarse(self, images: Tensor) -> dict[str, Tensor]:
        """Return activations of the coarse layers only."""
        images = (images - self.mean) / SPREAD
        x = functional.relu(self.conv1(self.sketch(images)), inplace=True)
        activations = {"conv1/2": x}
        for name in FIRES:
            x = self.get_submodule(name)(pooled(x) if name in POOL_BEFORE else x)
            activations[layer_at(2, name)] = x
        return activations


def pooled(x: Tensor) -> Tensor:
    """Average-pool by two, aligned with SqueezeNet's max pooling (3x3, stride 2, ceil mode)."""
    return functional.avg_pool2d(x, 3, 2, ceil_mode=True)


class Slim(FeatureNetwork):
    """Slim body with heads, each of which maps a fine stage to one layer of SqueezeNet.

    A head was trained as a linear map from a stage (and a constant) to all channels of the
    teacher's layer. Losses depend only on inner products, so the triangular factor of the map's QR
    decomposition is equivalent, with as few channels as the stage plus one; it is applied to Gram
    matrices instead of activations.
    """

    style_layers = (*HEADS, *COARSE_LAYERS)
    content_layers = ("fire3/2", "fire5/2")
    patch_layers = ("fire3/2", "fire5/2")
    reach = 64

    def __init__(self, weight_file: Path) -> None:
        """Load a weight file written by `pack`.

        Raises:
            StyleError: the file is missing, damaged, or of another network.
        """
        super().__init__()
        self.body = SlimBody()
        try:
            check_archive(weight_file)
            # Opened here, because numpy.load does not close a damaged archive.
            with weight_file.open("rb") as opened, np.load(opened) as arrays:
                state = {name: torch.from_numpy(arrays[name].astype(np.float32)) for name in arrays}
            heads = {layer: state.pop(f"{layer}.head") for layer in HEADS}
            self.body.load_state_dict(state)
            for layer, stage in HEADS.items():
                side = FINE_STAGES[stage][-1] + 1
                self.register_buffer(layer, heads[layer].view(side, side))
        except Exception as error:  # a damaged archive can raise any exception
            raise StyleError(
                f"{weight_file} is not a weight file of the slim features ({reason(error)})."
            ) from error
        channels_last(self.body)
        self.requires_grad_(False)

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        """Return activations by layer: stage1, stage2, and coarse layers by the teacher's names.

        Args:
            images: Nx3xHxW float32 RGB 0..1; sides of 32 pixels or more.
        """
        activations: dict[str, Tensor] = self.body(images)
        return activations

    def content(self, images: Tensor) -> dict[str, Tensor]:
        """Return the activations of the coarse branch, which has all content layers."""
        return self.body.coarse(images)

    @property
    def branches(self) -> tuple[Branch, ...]:
        """The fine branch and the coarse one."""
        return self.body.fine, self.body.coarse

    def source_layer(self, layer: str) -> str:
        """Return the stage of a fine layer; a coarse layer is its own source."""
        return HEADS.get(layer, layer)

    def grams(self, activations: dict[str, Tensor]) -> dict[str, Tensor]:
        """Return the Gram matrices (NxCxC); C of a fine layer is its stage's channels plus one."""
        by_stage = {
            stage: gram_matrix(with_constant(activations[stage]))
            for stage in FINE_STAGES
            if stage in activations
        }
        grams = {}
        for layer, stage in HEADS.items():
            if stage in activations:
                head = self.get_buffer(layer)
                grams[layer] = head @ by_stage[stage] @ head.T
        return grams | {
            layer: gram_matrix(activations[layer])
            for layer in COARSE_LAYERS
            if layer in activations
        }

    def means(self, activations: dict[str, Tensor]) -> dict[str, Tensor]:
        """Return the mean of each channel of the Gram matrices over each picture (NxC)."""
        means = {layer: activations[layer].mean(dim=(2, 3)) for layer in COARSE_LAYERS}
        for layer, stage in HEADS.items():
            of_stage = functional.pad(activations[stage].mean(dim=(2, 3)), (0, 1), value=1.0)
            means[layer] = of_stage @ self.get_buffer(layer).T
        return means


def pack(body: SlimBody, heads: dict[str, Tensor], file: Path) -> int:
    """Write body and heads as an .npz of float16 arrays; return its size in bytes.

    Args:
        body: the trained body.
        heads: linear maps by fine layer, Tx(C+1), from a stage's C channels and a constant 1 to
            the teacher's T channels.
        file: path of the .npz to write.
    """
    state = body.state_dict()
    arrays = {name: value.numpy().astype(np.float16) for name, value in state.items()}
    for layer, head in heads.items():
        triangle = torch.linalg.qr(head.double(), mode="r").R
        arrays[f"{layer}.head"] = (triangle / triangle.norm()).numpy().astype(np.float16)
    np.savez_compressed(file, allow_pickle=False, **arrays)
    return file.stat().st_size


def with_constant(activations: Tensor) -> Tensor:
    """Append a channel of ones to NxCxHxW activations: the input of a head."""
    return torch.cat([activations, torch.ones_like(activations[:, :1])], dim=1)
