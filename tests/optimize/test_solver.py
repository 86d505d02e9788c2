"""Both solvers find the bottom of a bowl, and know when to stop."""

import time
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from vidstyle.optimize import solver
from vidstyle.optimize.solver import PLATEAUS, WINDOW, Effort, Loss, Outcome, adam, lbfgs

BOTTOM = torch.linspace(0.2, 0.8, 48).view(1, 3, 4, 4)
Solver = Callable[[Loss, Tensor, Effort], Outcome]
BOTH = pytest.mark.parametrize("solve", [adam, lbfgs])


def center() -> Tensor:
    """Away from the bottom."""
    return torch.full((1, 3, 4, 4), 0.5)


class Bowl:
    """A sum of squares, steeper along some pixels than along others."""

    def __init__(self, floor: float = 0.0, delay_s: float = 0.0) -> None:
        self.steepness = torch.linspace(1, 30, 48).view(1, 3, 4, 4)
        self.floor, self.delay_s = floor, delay_s

    def evaluate(self, image: Tensor) -> float:
        time.sleep(self.delay_s)
        image.grad = None
        loss = (self.steepness * (image - BOTTOM) ** 2).sum() + self.floor
        loss.backward()  # type: ignore[no-untyped-call]
        return float(loss.detach())


@BOTH
def test_the_bottom_is_found(solve: Solver) -> None:
    outcome = solve(Bowl(), center(), Effort(200))
    assert (outcome.image - BOTTOM).abs().max() < 0.01
    assert min(outcome.curve) < 1e-3 * outcome.curve[0]


@BOTH
def test_a_plateau_ends_the_work(solve: Solver) -> None:
    outcome = solve(Bowl(floor=1e5), center(), Effort(500))
    assert len(outcome.curve) == (1 + PLATEAUS) * WINDOW


def test_a_loss_that_differs_from_one_step_to_the_next_is_no_plateau() -> None:
    class Uneven(Bowl):
        turn = 0

        def evaluate(self, image: Tensor) -> float:
            self.turn += 1
            return super().evaluate(image) * (1 + 0.5 * (self.turn % 4))

    outcome = adam(Uneven(), center(), Effort(40))
    assert len(outcome.curve) == 40


@BOTH
def test_so_many_evaluations_are_the_limit(solve: Solver) -> None:
    assert len(solve(Bowl(), center(), Effort(5)).curve) == 5


@BOTH
def test_time_is_a_limit_too(solve: Solver) -> None:
    assert len(solve(Bowl(delay_s=0.02), center(), Effort(500, seconds=0.1)).curve) <= 6


@BOTH
def test_without_time_the_start_stays(solve: Solver) -> None:
    outcome = solve(Bowl(), center(), Effort(500, seconds=0.0))
    assert torch.equal(outcome.image, center())
    assert outcome.curve == []


@BOTH
def test_the_picture_stays_within_its_range(solve: Solver) -> None:
    class Slope(Bowl):
        def evaluate(self, image: Tensor) -> float:
            image.grad = torch.full_like(image, -1.0)
            return float(-image.detach().sum())

    image = solve(Slope(), center(), Effort(60)).image
    assert image.max() <= 1


def test_adam_is_that_of_pytorch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(solver, "LAST_RATE", solver.RATE)  # theirs stays as it is
    expected = center().requires_grad_()
    optimizer = torch.optim.Adam([expected], lr=solver.RATE)
    for steps in range(1, 9):
        Bowl().evaluate(expected)
        optimizer.step()
        assert torch.allclose(adam(Bowl(), center(), Effort(steps)).image, expected, atol=1e-6)


def test_lbfgs_needs_fewer_looks_than_adam() -> None:
    curves = (solve(Bowl(), center(), Effort(200)).curve for solve in (lbfgs, adam))
    looks = [sum(value > 1e-3 for value in curve) for curve in curves]
    assert looks[0] < 0.5 * looks[1]


def test_a_picture_at_the_bottom_stays_there() -> None:
    outcome = lbfgs(Bowl(), BOTTOM, Effort(200))
    assert torch.equal(outcome.image, BOTTOM)
    assert len(outcome.curve) == 1


def test_what_lbfgs_returns_is_the_best_it_has_seen() -> None:
    for steps in range(1, 12):
        outcome = lbfgs(Bowl(), center(), Effort(steps))
        assert Bowl().evaluate(outcome.image.requires_grad_()) == pytest.approx(min(outcome.curve))


def test_adam_paints_over_the_start_and_lbfgs_does_not() -> None:
    start = center()
    assert adam(Bowl(), start, Effort(3)).image.data_ptr() == start.data_ptr()
    start = center()
    lbfgs(Bowl(), start, Effort(3))
    assert torch.equal(start, center())
