"""Two ways down a loss, and when to stop: when the loss itself has stopped falling.

Those of torch.optim import PyTorch's compiler when they are made: 75 MB, and a second and a half.
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

RATE, LOWEST_RATE = 0.01, 0.001  # Adam's first and last, of pixels 0..1
BETAS, EPSILON = (0.9, 0.999), 1e-8  # as published
SLOWER = 3.0  # what the rate is divided by on a plateau
PLATEAUS = 2  # after so many the work is done
WINDOW = 8  # steps over which progress is measured; a loss may differ from one to the next
LEAST_PROGRESS = 0.02  # share by which a window must lower the loss
SHORTEST_S = 1e-9  # no time at all: the start stays as it is
HISTORY = 8  # pairs that L-BFGS remembers; each is twice the size of the picture
FIRST_STEP = 0.01  # of L-BFGS, in pixels 0..1, before it knows any curvature
ENOUGH_FALL, ENOUGH_FLATTENING = 1e-4, 0.9  # Wolfe's conditions, as usual for L-BFGS


class Loss(Protocol):
    """Gives the loss of a leaf and leaves its gradient in it."""

    def evaluate(self, image: Tensor) -> float: ...


@dataclass(frozen=True, slots=True)
class Effort:
    """When to stop at the latest; without time, at once."""

    steps: int  # evaluations of loss and gradient
    seconds: float = math.inf


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """What came of it."""

    image: Tensor  # like the start, within 0..1
    curve: list[float]  # the loss at every evaluation


Solver = Callable[[Loss, Tensor, Effort], Outcome]


def adam(loss: Loss, start: Tensor, effort: Effort) -> Outcome:
    """Adam (Kingma and Ba, arXiv:1412.6980), its rate falling along a cosine.

    On a plateau of the loss the rate falls further at once, and on the next one the work ends.
    The start is painted over: a large picture leaves no memory for another one.
    """
    image = start.detach().requires_grad_()
    mean, square = torch.zeros_like(start), torch.zeros_like(start)
    progress = _Progress(effort)
    while not progress.ended:
        share = progress.share
        progress.note(loss.evaluate(image))
        rate = LOWEST_RATE + (RATE - LOWEST_RATE) * (1 + math.cos(math.pi * share)) / 2
        rate /= SLOWER**progress.plateaus
        assert image.grad is not None
        mean.lerp_(image.grad, 1 - BETAS[0])
        square.mul_(BETAS[1]).addcmul_(image.grad, image.grad, value=1 - BETAS[1])
        unbiased, unbiased_square = (1 - beta ** len(progress.curve) for beta in BETAS)
        spread = (square / unbiased_square).sqrt_().add_(EPSILON)
        with torch.no_grad():
            image.addcdiv_(mean, spread, value=-rate / unbiased).clamp_(0, 1)
    return Outcome(image.detach(), progress.curve)


def lbfgs(loss: Loss, start: Tensor, effort: Effort) -> Outcome:
    """L-BFGS (Liu and Nocedal, 1989) with a short history and a line search, until a plateau.

    Returns the best picture that was looked at: the line search may be stopped anywhere.
    """
    progress = _Progress(effort)
    best = _Point(start.detach(), math.inf, torch.empty(0))

    def look(image: Tensor) -> _Point:
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
        here = look(start.detach())
        while here.gradient.any():
            way = -_quasi_newton(here.gradient, history)
            step = 1.0 if history else FIRST_STEP / float(way.square().mean().sqrt())
            there = _further_down(look, here, way, step)
            history.append((there.image - here.image, there.gradient - here.gradient))
            here = there
    return Outcome(best.image.clamp(0, 1), progress.curve)


def _quasi_newton(gradient: Tensor, history: Sequence[tuple[Tensor, Tensor]]) -> Tensor:
    """The inverse Hessian that a history of steps and changes of gradient tells, times a gradient.

    The two loops of Nocedal and Wright (Numerical Optimization, 2006, algorithm 7.4).
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


def _further_down(
    look: Callable[[Tensor], "_Point"], here: "_Point", way: Tensor, step: float
) -> "_Point":
    """A point along a way with Wolfe's two conditions, by doubling and halving the step.

    After Lewis and Overton (Mathematical Programming, 2013, algorithm 2.6).
    """
    slope = _dot(here.gradient, way)
    short, long = 0.0, math.inf
    while True:
        there = look(here.image + step * way)
        if not there.value <= here.value + ENOUGH_FALL * step * slope:
            long = step
        elif _dot(there.gradient, way) < ENOUGH_FLATTENING * slope:
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


class _Ended(Exception):  # noqa: N818 - no error, an end
    pass


class _Progress:
    def __init__(self, effort: Effort) -> None:
        self._effort = effort
        self._started = time.monotonic()
        self.curve: list[float] = []
        self.plateaus = 0

    @property
    def share(self) -> float:
        """How much of the effort has been made."""
        elapsed_s = time.monotonic() - self._started
        of_time = elapsed_s / max(self._effort.seconds, SHORTEST_S)
        return max(len(self.curve) / self._effort.steps, of_time)

    @property
    def ended(self) -> bool:
        return self.plateaus == PLATEAUS or self.share >= 1

    def note(self, loss: float) -> None:
        self.curve.append(loss)
        if len(self.curve) % WINDOW == 0 and len(self.curve) > WINDOW:
            before, now = self.curve[-2 * WINDOW : -WINDOW], self.curve[-WINDOW:]
            if median(now) > (1 - LEAST_PROGRESS) * median(before):
                self.plateaus += 1
