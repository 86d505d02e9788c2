"""A feature network's weight file with random numbers in it."""

from pathlib import Path

import numpy as np

FIRES = {  # name: input, squeeze, expand
    "fire2": (96, 16, 64),
    "fire3": (128, 16, 64),
    "fire4": (128, 32, 128),
    "fire5": (256, 32, 128),
    "fire6": (256, 48, 192),
    "fire7": (384, 48, 192),
    "fire8": (384, 64, 256),
}


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
            arrays[f"{name}/{part}.bias"] = np.zeros(len(weight), np.float32)
    np.savez(file, allow_pickle=False, **arrays)
