"""Jitter: a crop window that moves a few pixels from one evaluation of the loss to the next.

A strided network samples a picture on a grid. A picture optimized at one position of that grid gets
patterns that fit only this position: 500 iterations without jitter on SqueezeNet reached a style
loss of 0.10, but 0.29 when the same picture was shifted by three pixels. With jitter, as in
Mordvintsev et al. (Inceptionism, 2015), it gets the painting's strokes instead.
"""

from collections.abc import Callable
from functools import cache
from itertools import cycle

import torch
from torch import Tensor

from vidstyle.optimize.objective import PictureObjective

# Window positions (top, left) in px, odd and even in every combination; eight took longer.
OFFSETS: tuple[tuple[int, int], ...] = ((0, 0), (2, 5), (5, 2), (7, 7))
MARGIN = 8  # px by which a window is smaller than the picture


class JitteredLoss:
    """`Loss` that evaluates one window of the picture at a time, cycling through `OFFSETS`."""

    def __init__(
        self, like: Tensor, make_objective: Callable[["JitterWindow"], PictureObjective]
    ) -> None:
        """Make the windows for a picture.

        Args:
            like: a tensor of the picture's shape, 1x3xHxW.
            make_objective: returns the objective of a window; called once per window.
        """
        height, width = (side - MARGIN for side in like.shape[2:])
        self._windows = cycle([JitterWindow(top, left, height, width) for top, left in OFFSETS])
        self._objective_of = cache(make_objective)  # at first use, so that its time is measured

    def evaluate(self, image: Tensor) -> float:
        """Return the loss in the next window and store its gradient in `image.grad`.

        Called by a solver once per step. `image` is a leaf, 1x3xHxW float32; the gradient outside
        of the window is zero.
        """
        window = next(self._windows)
        image.grad = None  # frees its memory for the window's gradient
        part = window.of(image.detach()).requires_grad_()
        loss = self._objective_of(window).evaluate(part)
        assert part.grad is not None
        image.grad = torch.zeros_like(image)
        window.of(image.grad).copy_(part.grad)
        return loss


class JitterWindow:
    """Crop window of a picture, in px."""

    def __init__(self, top: int, left: int, height: int, width: int) -> None:
        self._rows, self._columns = slice(top, top + height), slice(left, left + width)

    def of(self, picture: Tensor) -> Tensor:
        """Return a picture (...xHxW) cropped to the window, a view."""
        return picture[..., self._rows, self._columns]
