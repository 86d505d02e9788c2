"""Two ways down a loss, and when to stop: when the loss itself has stopped falling."""

import math
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from statistics import median
from typing import Protocol

import torch
from torch import Tensor

RATE, LOWEST_RATE = 0.015, 0.0015  # Adam's first and last, of pixels 0..1
SLOWER = 3.0  # what the rate is divided by on a plateau
PLATEAUS = 2  # after so many the work is done
WINDOW = 8  # steps over which progress is measured; a loss may differ from one to the next
LEAST_PROGRESS = 0.02  # share by which a window must lower the loss
SHORTEST_S = 1e-9  # no time at all: the start stays as it is
HISTORY = 8  # pairs that L-BFGS remembers; each is twice the size of the picture


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
    """
    image = start.detach().clone().requires_grad_()
    optimizer = torch.optim.Adam([image], lr=RATE)
    progress = _Progress(effort)
    while not progress.ended:
        share = progress.share
        progress.note(loss.evaluate(image))
        rate = LOWEST_RATE + (RATE - LOWEST_RATE) * (1 + math.cos(math.pi * share)) / 2
        for group in optimizer.param_groups:
            group["lr"] = rate / SLOWER**progress.plateaus
        optimizer.step()
        with torch.no_grad():
            image.clamp_(0, 1)
    return Outcome(image.detach(), progress.curve)


def lbfgs(loss: Loss, start: Tensor, effort: Effort) -> Outcome:
    """L-BFGS (Liu and Nocedal, 1989) with a short history and a line search, until a plateau.

    Returns the best picture that was looked at: the line search may be stopped anywhere.
    """
    image = start.detach().clone().requires_grad_()
    best = image.detach().clone()
    optimizer = torch.optim.LBFGS(
        [image], max_iter=effort.steps, history_size=HISTORY, line_search_fn="strong_wolfe"
    )
    progress = _Progress(effort)

    def closure() -> float:
        if progress.ended:
            raise _Ended
        value = loss.evaluate(image)
        progress.note(value)
        if value == min(progress.curve):
            best.copy_(image.detach())
        return value

    with suppress(_Ended):
        while True:  # every round looks at least once, and so comes to an end
            optimizer.step(closure)  # type: ignore[no-untyped-call]
    return Outcome(best.clamp(0, 1), progress.curve)


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
