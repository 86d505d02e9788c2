"""A picture seen through a window that moves a few pixels from one evaluation to the next.

A strided network sees a picture on a grid. A picture optimized at one place of that grid gets
patterns that only this place sees: 500 plain iterations after SqueezeNet reached a style loss of
0.10, and 0.29 when the same network looked three pixels further on. Moved about, as Mordvintsev et
al. (Inceptionism, 2015) move theirs, it gets the painting's strokes instead.
"""

from collections.abc import Callable
from functools import cache
from itertools import cycle

import torch
from torch import Tensor

from vidstyle.optimize.objective import PictureObjective

# px down and to the right, odd and even in every combination; with eight, painting took longer.
OFFSETS: tuple[tuple[int, int], ...] = ((0, 0), (2, 5), (5, 2), (7, 7))
MARGIN = 8  # px that no window shows at once


class JitteredLoss:
    """The loss of a picture by an objective for each window, one after the other."""

    def __init__(self, like: Tensor, look: Callable[["JitterWindow"], PictureObjective]) -> None:
        """Take the picture's shape (1x3xHxW), and what makes a window's objective."""
        height, width = (side - MARGIN for side in like.shape[2:])
        self._turns = cycle([JitterWindow(top, left, height, width) for top, left in OFFSETS])
        self._look = cache(look)  # at its first turn, where time is taken

    def evaluate(self, image: Tensor) -> float:
        """Return the loss in the next window and put its gradient into `image.grad`."""
        window = next(self._turns)
        image.grad = None  # makes room for the part's
        part = window.of(image.detach()).requires_grad_()
        loss = self._look(window).evaluate(part)
        assert part.grad is not None
        image.grad = torch.zeros_like(image)
        window.of(image.grad).copy_(part.grad)
        return loss


class JitterWindow:
    """A part of a picture, in px."""

    def __init__(self, top: int, left: int, height: int, width: int) -> None:
        self._rows, self._columns = slice(top, top + height), slice(left, left + width)

    def of(self, picture: Tensor) -> Tensor:
        """What it shows of a picture (...xHxW), a view."""
        return picture[..., self._rows, self._columns]
