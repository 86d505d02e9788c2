"""How much of the photo's light and shade a painted picture keeps."""

import cv2
import numpy as np
from numpy.typing import NDArray

from vidstyle.export.quantize import structural_similarity
from vidstyle.frame import RGBImage


def luminance(image: RGBImage) -> NDArray[np.float32]:
    """HxW float32, 0..1: the BT.601 luma of HxWx3 uint8 RGB, not rounded."""
    scaled = image.astype(np.float32) / np.float32(255)
    return np.asarray(cv2.cvtColor(scaled, cv2.COLOR_RGB2GRAY), np.float32)


def luminance_similarity(image: RGBImage, photo: RGBImage) -> float:
    """Mean SSIM (Wang et al., IEEE TIP 2004) of the lumas of two pictures; 1 is the same."""
    return structural_similarity(luminance(image), luminance(photo))


def picture_similarity(image: RGBImage, other: RGBImage) -> float:
    """Mean SSIM of all three channels; how int8 pictures are compared with those of float32."""
    return structural_similarity(image / np.float32(255), other / np.float32(255))
