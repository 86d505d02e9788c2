"""Tests of the optimizer for kernels, against singular value decompositions."""

from collections.abc import Callable, Iterable

import pytest
import torch
from torch.nn import Parameter

from vidstyle.training.muon import ROOT_MEAN_SQUARE, Muon, orthogonalized


@pytest.mark.parametrize("shape", [(12, 144), (64, 16), (32, 32)])
def test_orthogonalised_keeps_directions_and_evens_out_their_sizes(
    shape: tuple[int, int],
) -> None:
    matrix = torch.randn(shape, generator=torch.Generator().manual_seed(1))
    left, sizes, right = torch.linalg.svd(matrix, full_matrices=False)
    evened = orthogonalized(matrix)
    along = torch.einsum("ri,rc,ic->i", left, evened, right)
    strong = sizes > 0.05 * sizes[0]
    assert along[strong].min() > 0.5 and along.max() < 1.3
    assert (evened - left @ torch.diag(along) @ right).abs().max() < 1e-4


def test_a_step_has_the_size_that_was_asked_for_however_large_the_gradient() -> None:
    for size in (1e-4, 1.0, 1e4):
        kernel = Parameter(torch.zeros(16, 8, 3, 3))
        optimizer = Muon([kernel], learning_rate=0.01)
        kernel.grad = size * torch.randn(kernel.shape, generator=torch.Generator().manual_seed(2))
        optimizer.step()
        moved = kernel.detach().square().mean().sqrt()
        assert float(moved) == pytest.approx(0.01 * ROOT_MEAN_SQUARE, rel=0.25)
        assert (kernel * kernel.grad).sum() < 0


def test_it_finds_a_kernel_of_unlike_scales_that_plain_descent_of_that_pace_does_not() -> None:
    random = torch.Generator().manual_seed(3)
    wanted = torch.randn(8, 4, 3, 3, generator=random)
    pictures = torch.randn(4, 4, 12, 12, generator=random)
    pictures *= torch.tensor([1.0, 0.1, 0.03, 0.01]).view(1, 4, 1, 1)

    def distance_after(make: Callable[[Parameter], torch.optim.Optimizer]) -> float:
        kernel = Parameter(torch.zeros_like(wanted))
        optimizer = make(kernel)
        target = torch.conv2d(pictures, wanted)
        for _ in range(200):
            optimizer.zero_grad()
            loss = (torch.conv2d(pictures, kernel) - target).square().mean()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
        return float((kernel.detach() - wanted).square().mean())

    plain = distance_after(lambda kernel: torch.optim.SGD([kernel], 0.1))
    assert distance_after(lambda kernel: Muon([kernel], 0.1)) < plain / 4


def test_it_goes_on_from_its_state_as_if_never_interrupted() -> None:
    gradients = torch.randn(4, 6, 6, 3, 3, generator=torch.Generator().manual_seed(4))

    def steps(kernel: Parameter, optimizer: Muon, which: Iterable[int]) -> None:
        for n in which:
            kernel.grad = gradients[n].clone()
            optimizer.step()

    whole, broken = (Parameter(torch.ones(6, 6, 3, 3)) for _ in range(2))
    steps(whole, Muon([whole], 0.01), range(4))
    first, second = Muon([broken], 0.01), Muon([broken], 0.01)
    steps(broken, first, range(2))
    second.load_state_dict(first.state_dict())
    steps(broken, second, range(2, 4))
    assert torch.equal(whole, broken)
