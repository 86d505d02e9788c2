"""Both solvers find the bottom of a bowl, and know when to stop."""

import itertools
import time

import pytest
import torch
from torch import Tensor

from vidstyle.optimize.solver import PLATEAUS, WINDOW, Effort, Solver, adam, lbfgs

BOTTOM = torch.linspace(0.2, 0.8, 48).view(1, 3, 4, 4)
START = torch.full((1, 3, 4, 4), 0.5)
BOTH = pytest.mark.parametrize("solver", [adam, lbfgs])


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
def test_the_bottom_is_found(solver: Solver) -> None:
    outcome = solver(Bowl(), START, Effort(200))
    assert (outcome.image - BOTTOM).abs().max() < 0.01
    assert min(outcome.curve) < 1e-3 * outcome.curve[0]


@BOTH
def test_a_plateau_ends_the_work(solver: Solver) -> None:
    outcome = solver(Bowl(floor=1e5), START, Effort(500))
    assert len(outcome.curve) == (1 + PLATEAUS) * WINDOW


def test_a_loss_that_differs_from_one_step_to_the_next_is_no_plateau() -> None:
    class Uneven(Bowl):
        turn = 0

        def evaluate(self, image: Tensor) -> float:
            self.turn += 1
            return super().evaluate(image) * (1 + 0.5 * (self.turn % 4))

    outcome = adam(Uneven(), START, Effort(40))
    assert len(outcome.curve) == 40


@BOTH
def test_so_many_evaluations_are_the_limit(solver: Solver) -> None:
    assert len(solver(Bowl(), START, Effort(5)).curve) == 5


@BOTH
def test_time_is_a_limit_too(solver: Solver) -> None:
    assert len(solver(Bowl(delay_s=0.02), START, Effort(500, seconds=0.1)).curve) <= 6


@BOTH
def test_without_time_the_start_stays(solver: Solver) -> None:
    outcome = solver(Bowl(), START, Effort(500, seconds=0.0))
    assert torch.equal(outcome.image, START)
    assert outcome.curve == []


@BOTH
def test_the_picture_stays_within_its_range(solver: Solver) -> None:
    class Slope(Bowl):
        def evaluate(self, image: Tensor) -> float:
            image.grad = torch.full_like(image, -1.0)
            return float(-image.detach().sum())

    image = solver(Slope(), START, Effort(60)).image
    assert image.max() <= 1


def test_what_lbfgs_returns_is_the_best_it_has_seen() -> None:
    for steps in range(1, 12):
        outcome = lbfgs(Bowl(), START, Effort(steps))
        assert Bowl().evaluate(outcome.image.requires_grad_()) == pytest.approx(min(outcome.curve))


def test_the_start_is_not_painted_over() -> None:
    before = START.clone()
    for solver, steps in itertools.product((adam, lbfgs), (1, 3)):
        solver(Bowl(), START, Effort(steps))
    assert torch.equal(START, before)
