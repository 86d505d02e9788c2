"""Image arrays of callers: RGB or BGR, gray or with alpha, to pictures and back."""

from dataclasses import dataclass
from typing import Final, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from vidstyle.errors import OptionError
from vidstyle.frame import Picture, Plane, check_image, resize

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
    """A caller's image without its alpha channel, and the way back to an array like it."""

    picture: Picture
    alpha: Plane | None = None
    order: Order = "rgb"

    def packed(self, painted: Picture) -> ImageArray:
        """Return a new array of the caller's channel order, with the alpha channel unchanged.

        Where `painted` has another size, the alpha channel is brought to it.
        """
        image = painted.to_rgb()
        if self.order == "bgr":
            image = np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2BGR), np.uint8)
        if self.alpha is None:
            return image
        return np.dstack([image, resize(self.alpha, painted.width, painted.height)])


def unpack(image: ImageArray, order: Order = "rgb") -> Unpacked:
    """Turn a caller's array into a picture; the array is neither kept nor changed.

    Args:
        image: HxWx3, HxWx4, HxW or HxWx1 uint8, of any strides.
        order: of the color channels.

    Raises:
        TypeError: it is no array of uint8.
        ValueError: it has another shape, or no pixels.
    """
    check_image(image, CHANNELS)
    depth = 1 if image.ndim == 2 else image.shape[2]
    alpha = image[..., 3] if depth == 4 else None
    code = TO_RGB.get((depth, order))
    rgb = image if code is None else np.asarray(cv2.cvtColor(image, code), np.uint8)
    return Unpacked(Picture.from_rgb(rgb), alpha, order)


def check_order(order: str) -> None:
    """Find out whether a channel order is known.

    Raises:
        OptionError: it is neither "rgb" nor "bgr".
    """
    if order not in ("rgb", "bgr"):
        raise OptionError(f'order must be "rgb" or "bgr", not {order!r}.')
