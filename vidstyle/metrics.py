"""Image metrics: structural similarity (SSIM) of two pictures, of all channels or of their luma."""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from vidstyle.frame import RGBImage

WINDOW, SIGMA = (11, 11), 1.5  # px; a Gaussian
BORDER = 5  # px, where the window does not fit
C1, C2 = 0.01**2, 0.03**2


def structural_similarity(first: NDArray[Any], second: NDArray[Any]) -> float:
    """Mean structural similarity (SSIM) of two pictures, -1..1; 1 for identical ones.

    Constants and window from Wang et al. (IEEE TIP 2004). A border of 5 pixels, where the window
    does not fit, is excluded.

    Args:
        first: HxW or HxWxC, values in 0..1, sides of at least 11 pixels.
        second: of the same shape.
    """
    a, b = first.astype(np.float64), second.astype(np.float64)
    mean_a, mean_b = _window_mean(a), _window_mean(b)
    variances = _window_mean(a * a) - mean_a**2 + _window_mean(b * b) - mean_b**2
    covariance = _window_mean(a * b) - mean_a * mean_b
    luminance_part = (2 * mean_a * mean_b + C1) / (mean_a**2 + mean_b**2 + C1)
    structure_part = (2 * covariance + C2) / (variances + C2)
    inner = (luminance_part * structure_part)[BORDER:-BORDER, BORDER:-BORDER]
    return float(inner.mean())


def luminance(image: RGBImage) -> NDArray[np.float32]:
    """BT.601 luma of HxWx3 uint8 RGB, as HxW float32 in 0..1, not rounded."""
    scaled = image.astype(np.float32) / np.float32(255)
    return np.asarray(cv2.cvtColor(scaled, cv2.COLOR_RGB2GRAY), np.float32)


def luminance_similarity(image: RGBImage, photo: RGBImage) -> float:
    """Mean SSIM of the lumas of two pictures, HxWx3 uint8 RGB: similarity in all but color."""
    return structural_similarity(luminance(image), luminance(photo))


def picture_similarity(image: RGBImage, other: RGBImage) -> float:
    """Mean SSIM of all three channels of two pictures, HxWx3 uint8 RGB."""
    return structural_similarity(image / np.float32(255), other / np.float32(255))


def _window_mean(image: NDArray[Any]) -> NDArray[Any]:
    return np.asarray(cv2.GaussianBlur(image, WINDOW, SIGMA))
