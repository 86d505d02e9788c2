"""The feature network that ships: small, VGG-like, and taught to see what SqueezeNet sees."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from vidstyle.errors import StyleError, reason
from vidstyle.perceptual.features import FeatureNetwork
from vidstyle.perceptual.losses import gram_matrix

STAGES = {"stage1": (16, 16), "stage2": (32, 32), "stage3": (64, 64, 64), "stage4": (128, 128, 128)}
# Which stage stands for which of SqueezeNet's layers, at its first stride of 1 and (/2) of 2.
HEADS = {
    "conv1": "stage1",
    "fire2": "stage2", "fire3": "stage2", "fire4": "stage2",
    "fire5": "stage3", "fire6": "stage3", "fire7": "stage3", "fire8": "stage3",
    "conv1/2": "stage2",
    "fire2/2": "stage3", "fire3/2": "stage3", "fire4/2": "stage3",
    "fire5/2": "stage4", "fire6/2": "stage4", "fire7/2": "stage4", "fire8/2": "stage4",
}  # fmt: skip
MEAN_RGB = (0.47, 0.44, 0.40)  # of photos
SPREAD = 0.25


def _plain_conv(inputs: int, outputs: int) -> nn.Module:
    return nn.Conv2d(inputs, outputs, 3, padding=1)


class SlimBody(nn.Module):
    """3x3 convolutions with ReLU at strides 1, 2, 4 and 8, average pooling between the stages.

    The shape of VGG (Simonyan and Zisserman, arXiv:1409.1556) with a sixteenth of its widths and
    average pooling, which Gatys et al. (arXiv:1508.06576) found to give cleaner gradients.
    """

    def __init__(self, conv: Callable[[int, int], nn.Module] = _plain_conv) -> None:
        """Build it untrained; `conv` makes a 3x3 convolution from its inputs and outputs."""
        super().__init__()
        inputs = 3
        for name, widths in STAGES.items():
            sizes = zip((inputs, *widths), widths, strict=False)
            self.add_module(name, nn.ModuleList(conv(i, o) for i, o in sizes))
            inputs = widths[-1]
        self.mean: Tensor
        self.register_buffer("mean", torch.tensor(MEAN_RGB).view(1, 3, 1, 1), persistent=False)

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        """Return what each stage ends with; images are Nx3xHxW float32, RGB, 0..1."""
        x = (images - self.mean) / SPREAD
        activations: dict[str, Tensor] = {}
        for name in STAGES:
            if activations:
                x = functional.avg_pool2d(x, 2)
            for conv in self.get_submodule(name).children():
                x = functional.relu(conv(x))
            activations[name] = x
        return activations


class Slim(FeatureNetwork):
    """The body with its heads: each turns a stage into one layer of SqueezeNet, seen from afar.

    A head was learned as a linear map from a stage (and a constant) to all channels of the
    teacher's layer. Losses only ask for lengths and angles there, so the map's triangular factor
    (of its QR decomposition) does the same with as few channels as the stage has, plus one; and
    Gram matrices are turned by it instead of whole pictures.
    """

    style_layers = tuple(HEADS)
    content_layers = ("fire3/2", "fire5/2")
    patch_layers = ("fire3/2", "fire5/2")

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
                side = STAGES[stage][-1] + 1
                self.register_buffer(layer, heads[layer].view(side, side))
        except Exception as error:  # damaged archives raise whatever they like
            raise StyleError(
                f"{weight_file} is not a weight file of the slim features ({reason(error)})."
            ) from error
        self.requires_grad_(False)

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        """Return every stage by its name, and content and patch layers by the teacher's.

        Args:
            images: Nx3xHxW float32, RGB, 0..1; sides of 32 pixels or more.
        """
        seen: dict[str, Tensor] = self.body(images)
        for layer in self.content_layers:
            head, stage = self.get_buffer(layer), seen[HEADS[layer]]
            seen[layer] = functional.conv2d(stage, head[:, :-1, None, None], head[:, -1])
        return seen

    def grams(self, seen: dict[str, Tensor]) -> dict[str, Tensor]:
        """The Gram matrices of all layers in `HEADS`, Nx(C+1)x(C+1), C the stage's channels."""
        by_stage = {stage: gram_matrix(with_constant(seen[stage])) for stage in STAGES}
        heads = {layer: self.get_buffer(layer) for layer in HEADS}
        return {layer: head @ by_stage[HEADS[layer]] @ head.T for layer, head in heads.items()}


def pack(body: SlimBody, heads: dict[str, Tensor], file: Path) -> int:
    """Write body and heads as an .npz of float16 arrays; return its size in bytes.

    Args:
        body: as trained.
        heads: by layer, Tx(C+1): the linear map from a stage's C channels and a constant 1 to
            the teacher's T channels.
        file: where to.
    """
    arrays: dict[str, NDArray[np.float16]] = {}
    for stage, widths in STAGES.items():
        for i, conv in enumerate(body.get_submodule(stage).children()):
            assert i < len(widths) and isinstance(conv, nn.Conv2d) and conv.bias is not None
            arrays[f"{stage}.{i}.weight"] = conv.weight.detach().numpy().astype(np.float16)
            arrays[f"{stage}.{i}.bias"] = conv.bias.detach().numpy().astype(np.float16)
    for layer, head in heads.items():
        triangle = torch.linalg.qr(head.double(), mode="r").R
        arrays[f"{layer}.head"] = (triangle / triangle.norm()).numpy().astype(np.float16)
    np.savez_compressed(file, allow_pickle=False, **arrays)
    return file.stat().st_size


def with_constant(activations: Tensor) -> Tensor:
    """NxCxHxW and one more channel that is 1 everywhere: what a head is applied to."""
    return torch.cat([activations, torch.ones_like(activations[:, :1])], dim=1)
