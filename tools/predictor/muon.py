"""Muon for stacks of kernels: each kernel of a stack is orthogonalized by itself."""

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor
from torch.nn import Parameter

from vidstyle.training.muon import MOMENTUM, ROOT_MEAN_SQUARE, orthogonalized


class StackedMuon(torch.optim.Optimizer):
    """`training.muon.Muon` for basis kernels, KxOxIxHxW: one orthogonal matrix for each of K."""

    def __init__(self, stacks: Iterable[Parameter], learning_rate: float) -> None:
        """Optimize stacks of kernels with a learning rate."""
        super().__init__(stacks, {"lr": learning_rate})

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> None:  # type: ignore[override]
        """Update all stacks that have a gradient; takes no closure."""
        assert closure is None
        for group in self.param_groups:
            for stack in group["params"]:
                if stack.grad is not None:
                    stack.sub_(group["lr"] * self._change(stack, stack.grad))

    def _change(self, stack: Tensor, gradient: Tensor) -> Tensor:
        state = self.state[stack]
        if not state:
            state["momentum"] = torch.zeros_like(stack)
        momentum = state["momentum"].lerp_(gradient, 1 - MOMENTUM)
        matrices = gradient.lerp(momentum, MOMENTUM).flatten(2)
        scale = ROOT_MEAN_SQUARE * max(matrices.shape[1:]) ** 0.5
        changes = torch.stack([orthogonalized(matrix) for matrix in matrices])
        change: Tensor = scale * changes.view_as(stack)
        return change
