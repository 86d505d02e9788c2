"""Image arrays of the Python API: RGB or BGR, gray or with alpha, to pictures and back."""

from dataclasses import dataclass
from typing import Final, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from vidstyle.errors import OptionError
from vidstyle.frame import Bytes, Picture, check_image, over_white, resize, without_hidden

Order = Literal["rgb", "bgr"]
ImageArray = NDArray[np.uint8]  # HxWx3, HxWx4 with alpha, HxW or HxWx1 gray

CHANNELS: Final = (1, 3, 4)
TO_RGB: Final = {
    (1, "rgb"): cv2.COLOR_GRAY2RGB,
    (1, "bgr"): cv2.COLOR_GRAY2RGB,
    (3, "bgr"): cv2.COLOR_BGR2RGB,
    (4, "rgb"): cv2.COLOR_RGBA2RGB,
    (4, "bgr"): cv2.COLOR_BGRA2RGB,
}


@dataclass(frozen=True, slots=True, eq=False)
class Unpacked:
    """Image array unpacked into a picture and its alpha channel, to be packed again."""

    picture: Picture
    alpha: Bytes | None = None  # HxW uint8; None for images without one
    order: Order = "rgb"  # of the color channels of the packed array

    def packed(self, painted: Picture) -> ImageArray:
        """Return a picture as a new array, HxWx3 uint8 in `order`, or HxWx4 with the alpha channel.

        The alpha channel is resized where `painted` has another size.
        """
        image = painted.to_rgb()
        if self.order == "bgr":
            image = np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2BGR), np.uint8)
        if self.alpha is None:
            return image
        return np.dstack([image, resize(self.alpha, painted.width, painted.height)])


def unpack(image: ImageArray, order: Order = "rgb", *, keep_alpha: bool = True) -> Unpacked:
    """Convert an image array to a picture; the array is neither kept nor changed.

    Fully transparent pixels become white.

    Args:
        image: HxWx3, HxWx4 with alpha, HxW or HxWx1 gray; uint8, 0..255, of any strides.
        order: of the color channels.
        keep_alpha: False to composite a transparent image over white.

    Raises:
        TypeError: the image is not an array of uint8.
        ValueError: the image has another shape, or no pixels.
    """
    check_image(image, CHANNELS)
    depth = 1 if image.ndim == 2 else image.shape[2]
    alpha = image[..., 3] if depth == 4 else None
    code = TO_RGB.get((depth, order))
    rgb = image if code is None else np.asarray(cv2.cvtColor(image, code), np.uint8)
    if alpha is not None:
        rgb = without_hidden(rgb, alpha) if keep_alpha else over_white(rgb, alpha)
    return Unpacked(Picture.from_rgb(rgb), alpha if keep_alpha else None, order)


def is_transparent(image: ImageArray) -> bool:
    """Whether an image array that `unpack` accepts has an alpha channel that is not opaque."""
    return image.ndim == 3 and image.shape[2] == 4 and bool((image[..., 3] < 255).any())


def check_order(order: str) -> None:
    """Check the name of a channel order.

    Raises:
        OptionError: the order is neither "rgb" nor "bgr".
    """
    if order not in ("rgb", "bgr"):
        raise OptionError(f'order must be "rgb" or "bgr", not {order!r}.')
