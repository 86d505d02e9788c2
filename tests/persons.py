"""Stand-in for the person segmentation network."""

import numpy as np

from vidstyle.frame import Picture
from vidstyle.stylize.segmentation import Segmentation


def right_half(seen: Picture) -> Segmentation:
    """The right half of any picture is a person."""
    mask = np.zeros((seen.height, seen.width), np.float32)
    mask[:, seen.width // 2 :] = 1
    return Segmentation(mask, presence=5.0)


def bright_part(seen: Picture) -> Segmentation:
    """Bright pixels of any picture are a person."""
    return Segmentation((seen.y > 128).astype(np.float32), presence=5.0)
