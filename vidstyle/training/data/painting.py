"""Style image as a tensor."""

from torch import Tensor

from vidstyle.frame import RGBImage, with_short_side
from vidstyle.perceptual.color_transfer import to_tensor


def painting_tensor(painting: RGBImage, short_side: int) -> Tensor:
    """Resize a style image, HxWx3 uint8 RGB, to a short side in pixels: 1x3xHxW float32, 0..1."""
    return to_tensor(with_short_side(painting, short_side))[None]
