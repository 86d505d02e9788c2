"""Moving layers: affine motion, compositing, and exact optical flow between two times.

Coordinates are in units of the frame's height, x right, y down, (0, 0) at the frame's center. A
layer is rigid and its motion an affine matrix of time, so the optical flow is exact.
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
    """Painted layer with its motion."""

    pixels: Pixels
    placing: Matrix  # from pixels of the painting to the layer's own units
    motion: Motion

    def with_density(self, density: float) -> "Layer":
        """Return the layer at a lower density in pixels per unit; at most that of its painting."""
        share = min(1.0, density * self.placing[0, 0])
        rows, columns = self.pixels.shape[:2]
        size_wh = (round(columns * share), round(rows * share))
        step_x, step_y = columns / size_wh[0], rows / size_wh[1]
        larger = np.diag([step_x, step_y, 1.0])
        larger[:2, 2] = (step_x - 1) / 2, (step_y - 1) / 2
        small = cv2.resize(self.pixels, size_wh, interpolation=cv2.INTER_AREA)
        return Layer(np.asarray(small, np.uint8), self.placing @ larger, self.motion)


def seen_from(eye: Path, depth: float) -> Motion:
    """Parallax motion of a layer at a depth under a moving camera.

    Args:
        eye: camera position over time, in units at depth 1; a growing z comes closer.
        depth: depth of the layer; at 1 it moves as fast as the camera, farther layers move less.
    """

    def motion(time_s: float) -> Matrix:
        x, y, z = eye(time_s)
        return affine(-x / (depth - z), -y / (depth - z), scale=depth / (depth - z))

    return motion


def traveling(path: Path, camera: Motion) -> Motion:
    """Motion of an object along a path (x, y, angle in radians) under a moving camera."""

    def motion(time_s: float) -> Matrix:
        x, y, angle = path(time_s)
        return camera(time_s) @ affine(x, y, angle=angle)

    return motion


def affine(x: float, y: float, *, scale: float = 1.0, angle: float = 0.0) -> Matrix:
    """Affine matrix: scale, rotate clockwise by an angle in radians, then translate."""
    cos, sin = scale * np.cos(angle), scale * np.sin(angle)
    return np.array([[cos, -sin, x], [sin, cos, y], [0.0, 0.0, 1.0]])


def compose(
    layers: Sequence[Layer], time_s: float, size_wh: tuple[int, int]
) -> tuple[RGBImage, Labels]:
    """Composite all layers, the first at the back.

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
    """Exact optical flow between the frames at two times.

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
    """The 2x3 matrix from a position in one frame to its displacement in the other."""
    back = np.linalg.inv(_to_picture(layer, from_s, size_wh))
    return np.asarray((_to_picture(layer, to_s, size_wh) @ back - np.eye(3))[:2])


def _to_picture(layer: Layer, time_s: float, size_wh: tuple[int, int]) -> Matrix:
    width, height = size_wh
    # Pixel coordinates are centers: column 0 is half a pixel right of the border.
    screen = affine(width / 2 - 0.5, height / 2 - 0.5, scale=height)
    return np.asarray(screen @ layer.motion(time_s) @ layer.placing)
