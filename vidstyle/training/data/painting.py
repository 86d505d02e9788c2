"""A painting as a tensor."""

from pathlib import Path

import cv2
import numpy as np
from torch import Tensor

from vidstyle.media.image_file import read_photo
from vidstyle.perceptual.color_transfer import to_tensor


def read_painting(file: Path, short_side: int) -> Tensor:
    """Read a painting as 1x3xHxW float32 RGB 0..1 with the given short side."""
    image = read_photo(file)
    scale = short_side / min(image.shape[:2])
    height, width = (round(side * scale) for side in image.shape[:2])
    resized = cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)
    return to_tensor(np.asarray(resized, np.uint8))[None]
