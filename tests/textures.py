"""Textures for optical flow and style losses: blurred noise."""

from functools import cache

import cv2
import numpy as np

from vidstyle.frame import RGBImage


def noise_image(height: int, width: int, seed: int = 0, blur: float = 3.0) -> RGBImage:
    """HxWx3 uint8: noise, blurred by a Gaussian of sigma `blur` px, stretched to 20..235."""
    return _noise_image(height, width, seed, blur).copy()


@cache
def _noise_image(height: int, width: int, seed: int, blur: float) -> RGBImage:
    noise = np.random.default_rng(seed).random((height, width, 3)).astype(np.float32)
    soft = np.asarray(cv2.GaussianBlur(noise, (0, 0), blur), np.float32)
    stretched = (soft - soft.min()) / (soft.max() - soft.min())
    return np.asarray(20 + 215 * stretched, np.uint8)
