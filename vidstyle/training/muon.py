"""Muon optimizer for convolutions: momentum orthogonalized by Newton-Schulz iteration."""

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor
from torch.nn import Parameter

MOMENTUM = 0.95
ROOT_MEAN_SQUARE = 0.2  # of a step over the learning rate; about that of Adam's steps
ITERATIONS = 5  # of Newton-Schulz


class Muon(torch.optim.Optimizer):
    """Muon for convolution kernels: each step is the orthogonal matrix nearest to the momentum.

    By Jordan et al. (2024), with the step size of Liu et al. (arXiv:2502.16982) and without their
    weight decay. torch.optim.Muon is the same for matrices, but refuses four-dimensional kernels.
    docs/training.md compares it with Adam.
    """

    def __init__(self, kernels: Iterable[Parameter], learning_rate: float) -> None:
        """Optimize kernels, each OxIxKxK, with a learning rate."""
        super().__init__(kernels, {"lr": learning_rate})

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> None:  # type: ignore[override]
        """Update all kernels that have a gradient; takes no closure."""
        assert closure is None
        for group in self.param_groups:
            for kernel in group["params"]:
                if kernel.grad is not None:
                    kernel.sub_(group["lr"] * self._change(kernel, kernel.grad))

    def _change(self, kernel: Tensor, gradient: Tensor) -> Tensor:
        state = self.state[kernel]
        if not state:
            state["momentum"] = torch.zeros_like(kernel)
        momentum = state["momentum"].lerp_(gradient, 1 - MOMENTUM)
        return self._orthogonal(gradient.lerp(momentum, MOMENTUM))  # Nesterov momentum

    def _orthogonal(self, change: Tensor) -> Tensor:
        matrix = change.flatten(1)
        scale = ROOT_MEAN_SQUARE * max(matrix.shape) ** 0.5
        scaled: Tensor = scale * orthogonalized(matrix).view_as(change)
        return scaled


def orthogonalized(matrix: Tensor) -> Tensor:
    """Orthogonalize a matrix (RxC): all singular values become about 1, by Newton-Schulz.

    The quintic of Jordan et al. (2024) is steep at zero and oscillates between 0.7 and 1.2 near
    one, which works as well as exactly one and takes five iterations.
    """
    x = matrix / (matrix.norm() + 1e-7)
    if x.shape[0] > x.shape[1]:
        return _newton_schulz(x.T).T
    return _newton_schulz(x)


def _newton_schulz(x: Tensor) -> Tensor:
    for _ in range(ITERATIONS):
        square = x @ x.T
        x = 3.4445 * x + (-4.7750 * square + 2.0315 * square @ square) @ x
    return x
