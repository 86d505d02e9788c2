"""Lucas-Kanade step: correction of an optical flow by least squares in windows."""

import cv2
import numpy as np

from vidstyle.frame import Flow, Mask, Plane
from vidstyle.stylize.sampling import sample_along

WINDOW = (9, 9)  # px, of the least squares
DAMPING = 20.0  # added to the squared gradients, in levels^2/px^2; holds still where there are none
MAX_STEP_PX = 1.0
SOBEL = 8  # gradients of `cv2.spatialGradient` over levels per pixel


def refined(flow: Flow, here: Plane, there: Plane) -> Flow:
    """Return a flow after one step of Lucas and Kanade (IJCAI 1981), damped and limited.

    Args:
        flow: HxWx2 float32 (dx, dy) in px from `here` to `there`, to within a pixel or so.
        here: HxW uint8 luma.
        there: likewise.
    """
    moved = sample_along(there, flow)
    error = np.asarray(cv2.subtract(here, moved, dtype=cv2.CV_32F), np.float32)
    x, y = (np.float32(1 / SOBEL) * gradient for gradient in cv2.spatialGradient(here))
    xx, yy, xy = _mean(x * x) + DAMPING, _mean(y * y) + DAMPING, _mean(x * y)
    x_error, y_error = _mean(x * error), _mean(y * error)
    scale = 1 / (xx * yy - xy * xy)
    dx, dy = scale * (yy * x_error - xy * y_error), scale * (xx * y_error - xy * x_error)
    step = np.clip(cv2.merge([dx, dy]), -MAX_STEP_PX, MAX_STEP_PX)
    return np.asarray(flow + step, np.float32)


def _mean(values: Mask) -> Mask:
    return np.asarray(cv2.blur(values, WINDOW), np.float32)
