"""Batch norms of published networks, folded into the convolutions before them."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from vidstyle.perceptual.arrays import Array

PARTS = ("weight", "bias", "running_mean", "running_var")


@dataclass(frozen=True, slots=True)
class NormedConv:
    """Convolution without bias, and the batch norm behind it, by their names in a weight file.

    Folded, the norm is frozen as in evaluation mode: it uses the mean and variance of the training
    set (Ioffe and Szegedy, arXiv:1502.03167), and `train()` changes nothing.
    """

    conv: str
    norm: str
    shape: tuple[int, int, int, int]  # of the weight, OIHW

    def array_shapes(self) -> dict[str, tuple[int, ...]]:
        """Return the shapes of the arrays that `folded` needs, by name."""
        shapes: dict[str, tuple[int, ...]] = {f"{self.conv}.weight": self.shape}
        return shapes | {f"{self.norm}.{part}": self.shape[:1] for part in PARTS}

    def folded(self, arrays: Mapping[str, Array], epsilon: float) -> tuple[Array, Array]:
        """Return weight (OIHW) and bias (O) of one convolution that does the same, float32.

        Args:
            arrays: those of `array_shapes`.
            epsilon: added to the variance before the root, as in training.
        """
        scale, shift, mean, variance = (
            arrays[f"{self.norm}.{part}"].astype(np.float64) for part in PARTS
        )
        with np.errstate(invalid="ignore"):  # a negative variance gives NaN, which loading refuses
            gain = scale / np.sqrt(variance + epsilon)
        weight = arrays[f"{self.conv}.weight"] * gain[:, None, None, None]
        return weight.astype(np.float32), (shift - mean * gain).astype(np.float32)
