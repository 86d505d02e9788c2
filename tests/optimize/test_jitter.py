"""A window that moves over a picture, and what it sees there."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from vidstyle.optimize.jitter import MARGIN, OFFSETS, JitteredLoss, JitterWindow
from vidstyle.optimize.objective import PictureObjective

HEIGHT, WIDTH = 20, 24


class Sum(PictureObjective):
    """Adds up what it is shown, times a number of its own."""

    def __init__(self, factor: float) -> None:
        self.factor = factor

    def evaluate(self, image: Tensor) -> float:
        image.grad = torch.full_like(image, self.factor)
        return self.factor * float(image.detach().sum())


def sums() -> Callable[[JitterWindow], PictureObjective]:
    made = list[JitterWindow]()

    def look(window: JitterWindow) -> PictureObjective:
        made.append(window)
        return Sum(float(len(made)))

    return look


def test_every_window_has_its_turn_again_and_again() -> None:
    image = torch.rand(1, 3, HEIGHT, WIDTH)
    windows = JitteredLoss(image, sums())
    losses = [windows.evaluate(image.requires_grad_()) for _ in range(2 * len(OFFSETS))]
    for turn, (top, left) in enumerate(OFFSETS):
        shown = image[..., top : top + HEIGHT - MARGIN, left : left + WIDTH - MARGIN]
        assert losses[turn] == pytest.approx((turn + 1) * float(shown.detach().sum()))
    assert losses[: len(OFFSETS)] == losses[len(OFFSETS) :]


def test_what_a_window_does_not_show_has_no_gradient() -> None:
    image = torch.rand(1, 3, HEIGHT, WIDTH)
    windows = JitteredLoss(image, sums())
    for turn, (top, left) in enumerate(OFFSETS):
        windows.evaluate(image.requires_grad_())
        expected = torch.zeros(1, 3, HEIGHT, WIDTH)
        expected[..., top : top + HEIGHT - MARGIN, left : left + WIDTH - MARGIN] = turn + 1
        assert image.grad is not None
        assert torch.equal(image.grad, expected)


def test_windows_begin_on_odd_and_even_pixels_in_every_combination() -> None:
    assert {(top % 2, left % 2) for top, left in OFFSETS} == {(0, 0), (0, 1), (1, 0), (1, 1)}
    assert max(max(offset) for offset in OFFSETS) <= MARGIN
