"""Muon for stacks of kernels: each kernel of a stack is orthogonalized by itself."""

import torch
from torch import Tensor

from vidstyle.training.muon import Muon


class StackedMuon(Muon):
    """Muon for basis kernels, each stack KxOxIxHxW: one orthogonal matrix for each of K."""

    def _orthogonal(self, change: Tensor) -> Tensor:
        return torch.stack([super(StackedMuon, self)._orthogonal(kernel) for kernel in change])
