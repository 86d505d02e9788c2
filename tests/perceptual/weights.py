"""Weight files of feature networks with random numbers in them."""

from pathlib import Path

import numpy as np
import torch

from vidstyle.perceptual.slim import FINE_STAGES, HEADS, SlimBody, pack
from vidstyle.perceptual.vgg import WIDTHS, Kind, layer_names

FIRES = {  # name: input, squeeze, expand
    "fire2": (96, 16, 64),
    "fire3": (128, 16, 64),
    "fire4": (128, 32, 128),
    "fire5": (256, 32, 128),
    "fire6": (256, 48, 192),
    "fire7": (384, 48, 192),
    "fire8": (384, 64, 256),
}
FIRE_PARTS = {"conv1x1_1": "squeeze", "conv1x1_2": "expand1x1", "conv3x3_2": "expand3x3"}
MEAN_RGB, SPREAD_RGB = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])


def write_random_weights(file: Path) -> None:
    """Write SqueezeNet v1.0's arrays, scaled so that activations neither die nor explode."""
    random = np.random.default_rng(0)

    def conv(outputs: int, inputs: int, kernel: int, gain: float = 1.0) -> np.ndarray:
        spread = gain * np.sqrt(2 / (inputs * kernel**2))
        return random.normal(0, spread, (outputs, inputs, kernel, kernel)).astype(np.float32)

    arrays = {"conv1.weight": conv(96, 3, 7, 0.01), "conv1.bias": np.zeros(96, np.float32)}
    for name, (inputs, squeeze, expand) in FIRES.items():
        for part, weight in (
            ("conv1x1_1", conv(squeeze, inputs, 1)),
            ("conv1x1_2", conv(expand, squeeze, 1)),
            ("conv3x3_2", conv(expand, squeeze, 3)),
        ):
            arrays[f"{name}/{part}.weight"] = weight
            arrays[f"{name}/{part}.bias"] = random.normal(0, 0.1, len(weight)).astype(np.float32)
    np.savez(file, allow_pickle=False, **arrays)


def write_as_torchvision(caffe: Path, file: Path) -> None:
    """Write the same function as a SqueezeNet of torchvision: other names, RGB, other scale.

    w * (255 rgb - mean) is w' * (rgb - mean') / spread' + b' with w' = 255 w spread' and with b'
    making up for the means.
    """
    arrays = dict(np.load(caffe))
    weight = arrays.pop("conv1.weight")[:, ::-1].astype(np.float64)
    offset = (255 * MEAN_RGB - np.array([123.0, 117.0, 104.0]))[:, None, None]
    state = {
        "features.0.weight": 255 * weight * SPREAD_RGB[:, None, None],
        "features.0.bias": arrays.pop("conv1.bias") + (weight * offset).sum(axis=(1, 2, 3)),
    }
    places = dict(zip(FIRES, (3, 4, 5, 7, 8, 9, 10), strict=True))
    for key, array in arrays.items():
        fire, _, rest = key.partition("/")
        part, _, kind = rest.partition(".")
        state[f"features.{places[fire]}.{FIRE_PARTS[part]}.{kind}"] = array
    torch.save({name: torch.tensor(array).float() for name, array in state.items()}, file)


def random_vgg(kind: Kind, deepest: str) -> dict[str, torch.Tensor]:
    """A state dict of torchvision's form down to the layer `deepest`, all in the same scale."""
    random = torch.Generator().manual_seed(0)
    names = layer_names(kind)
    state, inputs = {}, 3
    for place, name in enumerate(names[: names.index(deepest) + 1]):
        if name.startswith("conv"):
            outputs = WIDTHS[int(name[4]) - 1]
            weight = torch.randn((outputs, inputs, 3, 3), generator=random)
            state[f"features.{place}.weight"] = weight * (2 / (9 * inputs)) ** 0.5
            state[f"features.{place}.bias"] = torch.randn(outputs, generator=random) / 10
            inputs = outputs
    return state


def write_random_slim(file: Path) -> None:
    """Write a slim feature network whose heads are triangles of random numbers."""
    torch.manual_seed(0)
    heads = {layer: torch.randn(200, FINE_STAGES[stage][-1] + 1) for layer, stage in HEADS.items()}
    pack(SlimBody(), heads, file)
