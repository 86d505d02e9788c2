"""Solvers: Adam and L-BFGS for the pixels of a picture, with a time limit and plateau detection.

The optimizers of torch.optim import PyTorch's compiler when they are made: 75 MB and 1.5 s.
"""

import math
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from statistics import median
from typing import Protocol

import torch
from torch import Tensor

RATE, LAST_RATE = 0.01, 0.001  # Adam's learning rate at first and at last, for pixels 0..1
BETAS, EPSILON = (0.9, 0.999), 1e-8  # of Adam, as published
RATE_DROP = 3.0  # divisor of the learning rate at a plateau
PLATEAUS = 2  # number of plateaus after which a solver stops
WINDOW = 8  # steps whose median loss is compared; with jitter it varies from step to step
MIN_PROGRESS = 0.02  # share by which a window must lower the median loss; less is a plateau
MIN_S = 1e-9  # floor of a time limit, as a divisor
HISTORY = 8  # pairs of step and gradient change in L-BFGS, each of two pictures
FIRST_STEP = 0.01  # of L-BFGS, RMS in pixels 0..1, before there is a history
ARMIJO, CURVATURE = 1e-4, 0.9  # constants of the Wolfe conditions, as usual for L-BFGS


class Loss(Protocol):
    """Interface between a solver and an objective."""

    def evaluate(self, image: Tensor) -> float:
        """Return the loss of `image` and store its gradient in `image.grad`.

        A solver calls it once per step, in its own thread.

        Args:
            image: leaf tensor with `requires_grad`, 1x3xHxW float32, about 0..1.
        """


@dataclass(frozen=True, slots=True)
class Effort:
    """Limit of a solver in steps and time; with 0 seconds or less it returns the start."""

    steps: int  # largest number of evaluations of loss and gradient
    seconds: float = math.inf


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """Optimized picture and loss curve of a solver."""

    image: Tensor  # of the start's shape, 1x3xHxW float32 0..1
    curve: list[float]  # loss of every evaluation


def adam(loss: Loss, start: Tensor, effort: Effort) -> Outcome:
    """Adam (Kingma and Ba, arXiv:1412.6980) with a cosine learning rate schedule.

    At a plateau of the loss the rate drops by `RATE_DROP`, at the next one the solver stops. The
    tensor `start` is overwritten, which saves the memory of a copy.
    """
    image = start.detach().requires_grad_()
    mean, square = torch.zeros_like(start), torch.zeros_like(start)
    progress = _Progress(effort)
    while not progress.ended:
        share = progress.share
        progress.note(loss.evaluate(image))
        rate = LAST_RATE + (RATE - LAST_RATE) * (1 + math.cos(math.pi * share)) / 2
        rate /= RATE_DROP**progress.plateaus
        assert image.grad is not None
        mean.lerp_(image.grad, 1 - BETAS[0])
        square.mul_(BETAS[1]).addcmul_(image.grad, image.grad, value=1 - BETAS[1])
        unbiased, unbiased_square = (1 - beta ** len(progress.curve) for beta in BETAS)
        spread = (square / unbiased_square).sqrt_().add_(EPSILON)
        with torch.no_grad():
            image.addcdiv_(mean, spread, value=-rate / unbiased).clamp_(0, 1)
    return Outcome(image.detach(), progress.curve)


def lbfgs(loss: Loss, start: Tensor, effort: Effort) -> Outcome:
    """L-BFGS (Liu and Nocedal, 1989) with a short history and a line search.

    Stops at the effort's limit or at the second plateau, also within a line search, so it returns
    the picture of the lowest loss among all evaluations.
    """
    progress = _Progress(effort)
    best = _Point(start.detach(), math.inf, torch.empty(0))

    def evaluate_at(image: Tensor) -> _Point:
        nonlocal best
        if progress.ended:
            raise _Ended
        leaf = image.requires_grad_()
        value = loss.evaluate(leaf)
        assert leaf.grad is not None
        progress.note(value)
        point = _Point(leaf.detach(), value, leaf.grad)
        best = min(best, point, key=lambda each: each.value)
        return point

    history = deque[tuple[Tensor, Tensor]](maxlen=HISTORY)
    with suppress(_Ended):
        here = evaluate_at(start.detach())
        while here.gradient.any():
            direction = -_quasi_newton(here.gradient, history)
            step = 1.0 if history else FIRST_STEP / float(direction.square().mean().sqrt())
            there = _line_search(evaluate_at, here, direction, step)
            history.append((there.image - here.image, there.gradient - here.gradient))
            here = there
    return Outcome(best.image.clamp(0, 1), progress.curve)


def _quasi_newton(gradient: Tensor, history: Sequence[tuple[Tensor, Tensor]]) -> Tensor:
    """Product of the L-BFGS inverse Hessian and a gradient.

    The two-loop recursion of Nocedal and Wright (Numerical Optimization, 2006, algorithm 7.4).
    """
    result, shares = gradient.clone(), []
    for step, change in reversed(history):
        shares.append(_dot(step, result) / _dot(step, change))
        result.sub_(change, alpha=shares[-1])
    if history:
        step, change = history[-1]
        result.mul_(_dot(step, change) / _dot(change, change))
    for step, change in history:
        result.add_(step, alpha=shares.pop() - _dot(change, result) / _dot(step, change))
    return result


def _line_search(
    evaluate_at: Callable[[Tensor], "_Point"], here: "_Point", direction: Tensor, step: float
) -> "_Point":
    """Line search for a point that satisfies the weak Wolfe conditions, by doubling and bisection.

    After Lewis and Overton (Mathematical Programming, 2013, algorithm 2.6).
    """
    slope = _dot(here.gradient, direction)
    short, long = 0.0, math.inf
    while True:
        there = evaluate_at(here.image + step * direction)
        if not there.value <= here.value + ARMIJO * step * slope:
            long = step
        elif _dot(there.gradient, direction) < CURVATURE * slope:
            short = step
        else:
            return there
        step = 2 * short if long == math.inf else (short + long) / 2


def _dot(one: Tensor, other: Tensor) -> float:
    return float(torch.dot(one.flatten(), other.flatten()))


@dataclass(frozen=True, slots=True, eq=False)
class _Point:
    image: Tensor
    value: float
    gradient: Tensor


class _Ended(Exception):  # noqa: N818 - control flow, not an error
    """The effort is spent; leaves `lbfgs` from within a line search."""


class _Progress:
    """Loss curve of a solver, its share of the effort, and the plateaus found so far."""

    def __init__(self, effort: Effort) -> None:
        self._effort = effort
        self._started = time.monotonic()
        self.curve: list[float] = []
        self.plateaus = 0

    @property
    def share(self) -> float:
        """Share of the effort spent, in steps or time, the larger; 1 or more at the limit."""
        elapsed_s = time.monotonic() - self._started
        of_time = elapsed_s / max(self._effort.seconds, MIN_S)
        return max(len(self.curve) / self._effort.steps, of_time)

    @property
    def ended(self) -> bool:
        return self.plateaus == PLATEAUS or self.share >= 1

    def note(self, loss: float) -> None:
        self.curve.append(loss)
        if len(self.curve) % WINDOW == 0 and len(self.curve) > WINDOW:
            before, now = self.curve[-2 * WINDOW : -WINDOW], self.curve[-WINDOW:]
            if median(now) > (1 - MIN_PROGRESS) * median(before):
                self.plateaus += 1
