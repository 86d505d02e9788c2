"""Optimizing generator, and the optimizer's setup: CPU or GPU, bfloat16, memory limits."""

import math
import time
from functools import partial
from pathlib import Path

import torch
from torch import Tensor

from vidstyle.frame import RGBImage, check_image
from vidstyle.hardware import memory_gb, usable_cores
from vidstyle.optimize.budget import affordable_scale
from vidstyle.optimize.cache import Cache
from vidstyle.optimize.limits import MemoryLimits
from vidstyle.optimize.objective import PictureLossWeights
from vidstyle.optimize.picture_optimizer import (
    COARSE_TO_FINE,
    NO_FINISH,
    SMOOTHING,
    PictureOptimizer,
    Stage,
    effort,
    memory_errors,
)
from vidstyle.optimize.style_target import StyleTarget
from vidstyle.options import AUTO
from vidstyle.perceptual.device import torch_device
from vidstyle.perceptual.features import Branch, FeatureNetwork
from vidstyle.perceptual.zoo import load_features
from vidstyle.stylize.finish import Finish
from vidstyle.stylize.generator import ImageGenerator


def open_optimizer(
    painting: RGBImage,
    features: str,
    feature_weights: str | None,
    threads: int | None,
    finish: Finish = NO_FINISH,
    own_chroma: float = 0.0,
    device: str = AUTO,
) -> PictureOptimizer:
    """Make a picture optimizer for this machine.

    Args:
        painting: HxWx3 uint8 RGB, the style image.
        features: name of the feature network.
        feature_weights: path of its weight file; None for the public one.
        threads: number of PyTorch threads; None for all cores.
        finish: of the paintings, where they are delivered.
        own_chroma: share of the photo's own chroma in what is delivered, 0..1.
        device: see `torch_device`.

    Raises:
        OptionError: the device is missing.
        StyleError: the feature network or its weights cannot be loaded.
    """
    torch.set_num_threads(threads or usable_cores())
    place = torch_device(device)
    network = load_features(features, Path(feature_weights) if feature_weights else None).to(place)
    if place.type == "cuda":
        network = HalfPrecision(network)
    return PictureOptimizer(
        network,
        StyleTarget(painting, network, Cache()),
        MemoryLimits.within(_memory_gb(place)),
        PictureLossWeights(),
        finish,
        own_chroma,
    )


def _memory_gb(device: torch.device) -> float | None:
    if device.type == "cuda":
        return float(torch.cuda.get_device_properties(device).total_memory / 1e9)
    return memory_gb()


class HalfPrecision(FeatureNetwork):
    """Feature network with convolutions in bfloat16, for a GPU.

    On a CPU with bfloat16 instructions but without AMX it was slower than float32.
    """

    def __init__(self, features: FeatureNetwork) -> None:
        """Wrap a feature network, which is used and not copied."""
        super().__init__()
        self._network = features
        self.style_layers = features.style_layers
        self.content_layers = features.content_layers
        self.patch_layers, self.reach = features.patch_layers, features.reach

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        """Return the network's activations by layer, Nx3xHxW float32 in, float32 out."""
        return _in_half(self._network, images)

    @property
    def branches(self) -> tuple[Branch, ...]:
        return tuple(partial(_in_half, branch) for branch in self._network.branches)

    def grams(self, activations: dict[str, Tensor]) -> dict[str, Tensor]:
        return self._network.grams(activations)

    def means(self, activations: dict[str, Tensor]) -> dict[str, Tensor]:
        return self._network.means(activations)

    def source_layer(self, layer: str) -> str:
        return self._network.source_layer(layer)


def _in_half(branch: Branch, images: Tensor) -> dict[str, Tensor]:
    with torch.autocast(images.device.type, torch.bfloat16):
        activations = branch(images)
    return {name: layer.float() for name, layer in activations.items()}


class OptimizingGenerator(ImageGenerator):
    """`ImageGenerator` that optimizes the pixels of each image.

    Images beyond the memory limits or the time budget are painted smaller and enlarged; `remarks`
    holds a message on each.
    """

    smoothing = SMOOTHING

    def __init__(
        self, optimizer: PictureOptimizer, seconds: float | None, coarse: bool = False
    ) -> None:
        """Make a generator.

        Args:
            optimizer: paints the images.
            seconds: time limit per image; None without one.
            coarse: True to skip the last stage, for a quick preview at half the size.
        """
        self._optimizer, self._seconds = optimizer, seconds
        self.finish, self.own_chroma = optimizer.finish, optimizer.own_chroma
        self._stages = COARSE_TO_FINE[:-1] if coarse else COARSE_TO_FINE
        self.remarks: list[str] = []  # on images that were painted smaller than requested

    def paint(self, image: RGBImage) -> RGBImage:
        check_image(image)
        ends_s = time.monotonic() + (math.inf if self._seconds is None else self._seconds)
        height, width = image.shape[:2]
        scale = min(1.0, math.sqrt(self._optimizer.limits.picture / (height * width)))
        if scale < 1:
            self._remark(scale, image, "this machine's memory allows no more")
        if self._seconds is not None:
            evaluation_s = self._optimizer.evaluation_s(image)
            affordable = affordable_scale(effort(self._stages), evaluation_s, self._seconds)
            if affordable < scale:
                scale = affordable
                self._remark(scale, image, "the time budget allows no more")
        stages = [Stage(scale * each.scale, each.evaluations) for each in self._stages]
        with memory_errors(image):
            return self._optimizer.paint(image, stages, ends_s - time.monotonic())

    def _remark(self, scale: float, image: RGBImage, reason: str) -> None:
        height, width = (round(scale * side) for side in image.shape[:2])
        self.remarks.append(f"painted at {width}x{height} and enlarged: {reason}")
