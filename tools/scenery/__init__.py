"""Sample clip: eight seconds, two scenes, one cut, with ground-truth optical flow.

Procedural and deterministic. It can be rendered at any height; other heights show the same content
at another sampling density.
"""

from collections.abc import Callable, Iterator
from functools import lru_cache

import numpy as np

from . import harbor, valley
from .layer import Flow, Layer, Mask, RGBImage, compose, flow_between

RATE = 30  # frames per second
FRAME_COUNT = 240
CUT = 120  # index of the first frame of scene 2
SIZE_WH = (640, 360)

OVERSAMPLING = 1.5  # paint pixels per picture pixel: sharp after warping, and does not flicker
MIN_DENSITY = 540.0  # paint pixels per unit; with fewer, leaves and grass grow fat

Painter = Callable[[float], tuple[Layer, ...]]  # paint pixels per unit -> a scene


def size_wh(height: int = SIZE_WH[1]) -> tuple[int, int]:
    """Frame width and height for a height in pixels: 16:9, the width even."""
    return 2 * round(height * SIZE_WH[0] / SIZE_WH[1] / 2), height


def frames(height: int = SIZE_WH[1]) -> Iterator[RGBImage]:
    """Render all frames in order, see `render`."""
    return (render(index, height) for index in range(FRAME_COUNT))


def render(index: int, height: int = SIZE_WH[1]) -> RGBImage:
    """Render one frame.

    Args:
        index: 0..FRAME_COUNT-1.
        height: of the picture, in pixels.

    Returns:
        HxWx3 uint8 RGB.
    """
    layers, time_s = _at(index, height)
    return compose(layers, time_s, size_wh(height))[0]


def flow_to_previous(index: int, height: int = SIZE_WH[1]) -> tuple[Flow, Mask]:
    """Ground-truth optical flow of one frame to the previous one.

    A pixel belongs to the top-most layer with an alpha above one half.

    Args:
        index: 0..FRAME_COUNT-1.
        height: of the picture, in pixels.

    Returns:
        flow: HxWx2 float32 (dx, dy) in pixels, on the grid of frame `index`.
        occluded: HxW bool, True where frame `index - 1` did not show the surface: another layer
            was on top there, or it was outside the picture. In the first frame of a scene all
            is occluded, and the flow is 0.
    """
    layers, time_s = _at(index, height)
    if index in (0, CUT):
        width = size_wh(height)[0]
        return np.zeros((height, width, 2), np.float32), np.ones((height, width), np.bool_)
    return flow_between(layers, time_s, time_s - 1 / RATE, size_wh(height))


def _at(index: int, height: int) -> tuple[tuple[Layer, ...], float]:
    """Layers of a frame's scene, and its time since the scene began, in seconds."""
    if not 0 <= index < FRAME_COUNT:
        raise ValueError(f"The clip has frames 0 to {FRAME_COUNT - 1}, and no frame {index}.")
    if index < CUT:
        return _scene(valley.layers, height), index / RATE
    return _scene(harbor.layers, height), (index - CUT) / RATE


@lru_cache(maxsize=4)
def _scene(paint: Painter, height: int) -> tuple[Layer, ...]:
    density = height * OVERSAMPLING
    painted = _painted(paint, max(MIN_DENSITY, density))
    return tuple(layer.with_density(density) for layer in painted)


@lru_cache(maxsize=2)  # painting takes seconds, and a scene 50 MB at 720 lines
def _painted(paint: Painter, density: float) -> tuple[Layer, ...]:
    return paint(density)
