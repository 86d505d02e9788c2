"""Flat painted layers that move, and what a camera sees of them.

Places are given in units: one unit is the height of the picture, x goes right, y goes down, and
(0, 0) is the middle of the picture. A layer is rigid, so its motion is an affine matrix of time;
that is why the flow between two pictures is known and not estimated.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]  # HxWx4, RGBA, colors already multiplied by alpha
RGBImage = NDArray[np.uint8]  # HxWx3, RGB
Labels = NDArray[np.uint8]  # HxW, the number of the layer on top
Flow = NDArray[np.float32]  # HxWx2, (dx, dy) in pixels
Mask = NDArray[np.bool_]  # HxW
Matrix = NDArray[np.float64]  # 3x3, acts on (x, y, 1)
Motion = Callable[[float], Matrix]  # seconds -> from the layer's own units to the picture's
Path = Callable[[float], tuple[float, float, float]]  # seconds -> x, y, z


@dataclass(frozen=True, slots=True, eq=False)
class Layer:
    """One flat painting and how it moves."""

    pixels: Pixels
    placing: Matrix  # from pixels of the painting to the layer's own units
    motion: Motion

    def with_density(self, density: float) -> "Layer":
        """The same at fewer pixels per unit; never at more than it was painted with."""
        share = min(1.0, density * self.placing[0, 0])
        rows, columns = self.pixels.shape[:2]
        size_wh = (round(columns * share), round(rows * share))
        step_x, step_y = columns / size_wh[0], rows / size_wh[1]
        larger = np.diag([step_x, step_y, 1.0])
        larger[:2, 2] = (step_x - 1) / 2, (step_y - 1) / 2
        small = cv2.resize(self.pixels, size_wh, interpolation=cv2.INTER_AREA)
        return Layer(np.asarray(small, np.uint8), self.placing @ larger, self.motion)


def seen_from(eye: Path, depth: float) -> Motion:
    """How a layer at this depth moves in the picture when the eye does.

    Args:
        eye: where the eye is, in units at depth 1; a growing z comes closer.
        depth: 1 for what moves as fast as the eye; far layers move and grow less.
    """

    def motion(time_s: float) -> Matrix:
        x, y, z = eye(time_s)
        return affine(-x / (depth - z), -y / (depth - z), scale=depth / (depth - z))

    return motion


def traveling(path: Path, camera: Motion) -> Motion:
    """How an actor moves in the picture: along its path (x, y, angle in radians)."""

    def motion(time_s: float) -> Matrix:
        x, y, angle = path(time_s)
        return camera(time_s) @ affine(x, y, angle=angle)

    return motion


def affine(x: float, y: float, *, scale: float = 1.0, angle: float = 0.0) -> Matrix:
    """Scale, turn clockwise by an angle in radians, then shift."""
    cos, sin = scale * np.cos(angle), scale * np.sin(angle)
    return np.array([[cos, -sin, x], [sin, cos, y], [0.0, 0.0, 1.0]])


def compose(
    layers: Sequence[Layer], time_s: float, size_wh: tuple[int, int]
) -> tuple[RGBImage, Labels]:
    """Lay all layers over each other, the first at the back.

    Returns:
        HxWx3 uint8 RGB, and HxW uint8: which layer is the top-most with alpha above one half.
    """
    width, height = size_wh
    image: RGBImage = np.zeros((height, width, 3), np.uint8)
    labels = np.zeros((height, width), np.uint8)
    for number, layer in enumerate(layers):
        matrix = _to_picture(layer, time_s, size_wh)[:2]
        color, alpha = np.split(cv2.warpAffine(layer.pixels, matrix, size_wh), [3], axis=2)
        see_through = cv2.cvtColor(255 - alpha, cv2.COLOR_GRAY2RGB)
        behind = cv2.multiply(image, see_through, scale=1 / 255)
        image = np.asarray(cv2.add(color, behind), np.uint8)
        labels[alpha[..., 0] > 127] = number
    return image, labels


def flow_between(
    layers: Sequence[Layer], from_s: float, to_s: float, size_wh: tuple[int, int]
) -> tuple[Flow, Mask]:
    """Where each point of the picture at one time is in the picture at another.

    Returns:
        flow: HxWx2 float32 (dx, dy) in pixels, on the grid of the picture at `from_s`.
        hidden: HxW bool, True where the picture at `to_s` does not show the point: it lies
            outside, or another layer is on top of it. Edges are exact to half a pixel.
    """
    width, height = size_wh
    labels, labels_there = (compose(layers, time, size_wh)[1] for time in (from_s, to_s))
    here = np.dstack([*np.meshgrid(np.arange(width), np.arange(height)), np.ones_like(labels)])
    steps = np.stack([_step(layer, from_s, to_s, size_wh) for layer in layers])
    flow = np.einsum("hwij,hwj->hwi", steps[labels], here.astype(np.float64))
    there = (here[..., :2] + flow).astype(np.float32)
    outside = ((there < 0) | (there > (width - 1, height - 1))).any(axis=-1)
    seen = cv2.remap(labels_there, there[..., 0], there[..., 1], cv2.INTER_NEAREST)
    return flow.astype(np.float32), outside | (seen != labels)


def _step(layer: Layer, from_s: float, to_s: float, size_wh: tuple[int, int]) -> Matrix:
    """The 2x3 matrix from a place in one picture to the way it goes until the other."""
    back = np.linalg.inv(_to_picture(layer, from_s, size_wh))
    return np.asarray((_to_picture(layer, to_s, size_wh) @ back - np.eye(3))[:2])


def _to_picture(layer: Layer, time_s: float, size_wh: tuple[int, int]) -> Matrix:
    width, height = size_wh
    # A pixel's place is its center: column 0 lies half a pixel right of the border.
    screen = affine(width / 2 - 0.5, height / 2 - 0.5, scale=height)
    return np.asarray(screen @ layer.motion(time_s) @ layer.placing)
