"""Muon: each kernel moves by the orthogonal matrix nearest to its momentum."""

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor
from torch.nn import Parameter

MOMENTUM = 0.95
ROOT_MEAN_SQUARE = 0.2  # of a step over the learning rate; Adam's steps have about that
ITERATIONS = 5


class Muon(torch.optim.Optimizer):
    """Steps in which no direction of a kernel's output is favored, for convolutions.

    Of Jordan et al. (2024), with the step size of Liu et al. (arXiv:2502.16982) and without their
    weight decay. torch.optim.Muon is the same for matrices, and refuses the four dimensions of a
    kernel. models/README.md says what it gains over Adam here.
    """

    def __init__(self, kernels: Iterable[Parameter], learning_rate: float) -> None:
        """Take over kernels (each OxIxKxK)."""
        super().__init__(kernels, {"lr": learning_rate})

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> None:  # type: ignore[override]
        """Move all kernels that have a gradient."""
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
        matrix = gradient.lerp(momentum, MOMENTUM).flatten(1)  # Nesterov's look ahead
        scale = ROOT_MEAN_SQUARE * max(matrix.shape) ** 0.5
        change: Tensor = scale * orthogonalised(matrix).view_as(kernel)
        return change


def orthogonalised(matrix: Tensor) -> Tensor:
    """The matrix (RxC) with all its singular values brought to about 1, by Newton-Schulz.

    The quintic of Jordan et al. (2024) is steep at zero and swings between 0.7 and 1.2 near one,
    which does as well as exactly one and takes five iterations.
    """
    x = matrix / (matrix.norm() + 1e-7)
    if x.shape[0] > x.shape[1]:
        return _iterated(x.T).T
    return _iterated(x)


def _iterated(x: Tensor) -> Tensor:
    for _ in range(ITERATIONS):
        square = x @ x.T
        x = 3.4445 * x + (-4.7750 * square + 2.0315 * square @ square) @ x
    return x
