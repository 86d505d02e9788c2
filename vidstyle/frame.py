"""The picture that travels from source to sink, and the array types around it.

A picture stays in YUV 4:2:0 from decoder to encoder. Only what the generator paints is ever
turned into RGB: that is one frame in several, and saves two passes over all the others.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final, TypeVar, cast

import cv2
import numpy as np
from numpy.typing import NDArray

Plane = NDArray[np.uint8]  # HxW, one of Y, U, V
RGBImage = NDArray[np.uint8]  # HxWx3, RGB
Flow = NDArray[np.float32]  # HxWx2, (dx, dy) in pixels of its own grid
Mask = NDArray[np.float32]  # HxW, 0..1
Array = TypeVar("Array", bound=NDArray[Any])

# Red and blue weights of luma (ITU-T H.273, table 4), by FFmpeg's AVColorSpace number.
LUMA_WEIGHTS: Final = {
    1: (0.2126, 0.0722),  # BT.709
    4: (0.30, 0.11),  # FCC
    5: (0.299, 0.114),  # BT.601 625
    6: (0.299, 0.114),  # BT.601 525
    7: (0.212, 0.087),  # SMPTE 240M
    9: (0.2627, 0.0593),  # BT.2020
}
BT601, BT709 = 5, 1
LUMA_OF_RGB: Final = (0.299, 0.587, 0.114)  # weights of red, green and blue, BT.601


@dataclass(frozen=True, slots=True)
class ColorSpace:
    """How Y, U and V of a picture are to be read."""

    matrix: int = BT709  # FFmpeg's AVColorSpace
    full_range: bool = False  # Y in 0..255 instead of 16..235

    def to_rgb_matrix(self) -> NDArray[np.float64]:
        """The 3x4 matrix from (Y, U, V, 1) to RGB, all 0..255."""
        red, blue = LUMA_WEIGHTS[self.matrix]
        green = 1 - red - blue
        y_scale, c_scale = (1.0, 1.0) if self.full_range else (255 / 219, 255 / 224)
        from_u, from_v = 2 * (1 - blue) * c_scale, 2 * (1 - red) * c_scale
        matrix = np.array(
            [
                [y_scale, 0, from_v],
                [y_scale, -from_u * blue / green, -from_v * red / green],
                [y_scale, from_u, 0],
            ]
        )
        offset = matrix @ [0.0 if self.full_range else 16.0, 128.0, 128.0]
        return np.hstack([matrix, -offset[:, None]])

    def from_rgb_matrix(self) -> NDArray[np.float64]:
        """The 3x4 matrix from (R, G, B, 1) to YUV, all 0..255."""
        square = np.vstack([self.to_rgb_matrix(), [0, 0, 0, 1]])
        return np.asarray(np.linalg.inv(square)[:3])


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """One picture in YUV 4:2:0, 8 bits, never painted on.

    With an odd side, U and V cover the last row or column by themselves, as in FFmpeg.

    Raises:
        TypeError: a plane is not uint8.
        ValueError: the planes' sizes do not belong together.
    """

    y: Plane  # HxW
    u: Plane  # ceil(H/2) x ceil(W/2)
    v: Plane
    color: ColorSpace = ColorSpace()

    def __post_init__(self) -> None:
        y, u, v = self.planes
        if not (y.dtype == u.dtype == v.dtype == np.uint8):
            kinds = ", ".join(str(plane.dtype) for plane in self.planes)
            raise TypeError(f"Y, U and V must be uint8, not {kinds}. Convert them first.")
        if y.ndim != 2 or not u.shape == v.shape == ((y.shape[0] + 1) // 2, (y.shape[1] + 1) // 2):
            shapes = ", ".join("x".join(map(str, plane.shape)) for plane in self.planes)
            raise ValueError(
                f"Y must be HxW, U and V half of it, rounded up, not {shapes}. Resize U and V."
            )

    @property
    def height(self) -> int:
        return int(self.y.shape[0])

    @property
    def width(self) -> int:
        return int(self.y.shape[1])

    @property
    def planes(self) -> tuple[Plane, Plane, Plane]:
        return self.y, self.u, self.v

    @classmethod
    def from_rgb(cls, image: RGBImage, color: ColorSpace = ColorSpace()) -> "Picture":
        """Convert HxWx3 uint8 RGB; U and V are means of 2x2 pixels.

        Raises:
            TypeError: the image is no array of uint8.
            ValueError: it has another shape.
        """
        check_image(image)
        yuv = cv2.transform(image, color.from_rgb_matrix())
        y, u, v = (np.asarray(plane, np.uint8) for plane in cv2.split(yuv))
        size_wh = chroma_size_wh(image.shape[1], image.shape[0])
        return cls(y, resize(u, *size_wh), resize(v, *size_wh), color)

    def to_rgb(self) -> RGBImage:
        """Return HxWx3 uint8 RGB; values outside 0..255 are clipped."""
        u, v = (resize(plane, self.width, self.height) for plane in (self.u, self.v))
        yuv = cv2.merge([self.y, u, v])
        return np.asarray(cv2.transform(yuv, self.color.to_rgb_matrix()), np.uint8)

    def resized(self, width: int, height: int) -> "Picture":
        """Return the picture at another size: averaged down, interpolated up."""
        if (width, height) == (self.width, self.height):
            return self
        y = resize(self.y, width, height)
        size_wh = chroma_size_wh(width, height)
        return Picture(y, resize(self.u, *size_wh), resize(self.v, *size_wh), self.color)

    def crop(self, left: int, top: int, right: int, bottom: int) -> "Picture":
        """Return a view of a part; left and top must be even, the rest is cut at the border."""
        assert left % 2 == 0 and top % 2 == 0
        y = self.y[top:bottom, left:right]
        rows, columns = slice(top // 2, (bottom + 1) // 2), slice(left // 2, (right + 1) // 2)
        return Picture(y, self.u[rows, columns], self.v[rows, columns], self.color)

    def turned(self, quarters: int) -> "Picture":
        """Return the picture turned counter-clockwise by so many quarter turns."""
        if quarters % 4 == 0:
            return self
        y, u, v = (np.ascontiguousarray(np.rot90(plane, quarters)) for plane in self.planes)
        return Picture(y, u, v, self.color)

    def beside(self, other: "Picture") -> "Picture":
        """Return this picture and, to its right, another of the same height."""
        y = np.hstack([self.y, other.y])
        # With an odd width the seam runs through a column of chroma: the right picture gives it.
        keep = self.width // 2
        half = chroma_size_wh(y.shape[1], y.shape[0])[0]
        u, v = (
            np.hstack([a[:, :keep], b, b[:, -1:]])[:, :half]
            for a, b in ((self.u, other.u), (self.v, other.v))
        )
        return Picture(y, u, v, self.color)


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One picture on its way from source to sink, with its time."""

    picture: Picture
    pts: int  # presentation time, in units of time_base
    time_base: Fraction  # seconds per unit, as the container gave it
    duration: int = 0  # in units of time_base; 0 where the container does not say

    @property
    def time_s(self) -> float:
        return float(self.pts * self.time_base)

    def showing(self, picture: Picture) -> "Frame":
        """The same moment with another picture."""
        return Frame(picture, self.pts, self.time_base, self.duration)


def check_image(image: object, channels: Sequence[int] = (3,)) -> None:
    """Refuse arrays that would be misread: other types of values, numbers of channels, axes.

    Args:
        image: taken if it is HxWxC uint8, of any strides; with 1 channel HxW too.
        channels: the numbers of channels to take.

    Raises:
        TypeError: it is no array, or not one of uint8.
        ValueError: it has another shape, or no pixels.
    """
    if not isinstance(image, np.ndarray):
        raise TypeError(
            f"An image must be a NumPy array, not {type(image).__name__}. "
            "Convert it with numpy.asarray first."
        )
    if image.dtype != np.uint8:
        unit = image.dtype.kind in "fb"
        cure = "Multiply values of 0..1 by 255" if unit else "Bring its values to 0..255"
        raise TypeError(f"An image must be uint8, not {image.dtype}. {cure} and convert to uint8.")
    depth = 1 if image.ndim == 2 else image.shape[2] if image.ndim == 3 else 0
    if depth not in channels or image.size == 0:
        taken = ["HxW"] * (1 in channels) + [f"HxWx{count}" for count in channels]
        raise ValueError(
            f"An image must be {' or '.join(taken)}, not "
            f"{'x'.join(map(str, image.shape)) or 'a single number'}. {_cure(image)}"
        )


def _cure(image: NDArray[Any]) -> str:
    """What makes an image of an array of the wrong shape."""
    if image.size == 0:
        return "Give at least one pixel."
    if image.ndim == 3 and image.shape[2] == 4:
        return "Drop the alpha channel with image[..., :3]."
    if image.ndim == 2 or (image.ndim == 3 and image.shape[2] == 1):
        return "Convert it with cv2.cvtColor(image, cv2.COLOR_GRAY2RGB)."
    if image.ndim == 3 and image.shape[0] in (1, 3, 4):
        return "Move the channels to the end with numpy.moveaxis(image, 0, -1)."
    if image.ndim == 4:
        return "Give the images of a batch one by one."
    return "Give rows, columns and channels, in this order."


def chroma_size_wh(width: int, height: int) -> tuple[int, int]:
    """Width and height of U and V for a picture of this size."""
    return (width + 1) // 2, (height + 1) // 2


def resize(plane: Array, width: int, height: int) -> Array:
    """Return a plane at another size: averaged on the way down, interpolated linearly."""
    if plane.shape[:2] == (height, width):
        return plane
    while plane.shape[0] >= 2 * height and plane.shape[1] >= 2 * width:
        # Means over 2x2 pixels are ten times faster than over broken ones.
        half_wh = (plane.shape[1] // 2, plane.shape[0] // 2)
        plane = cast(Array, cv2.resize(plane, half_wh, interpolation=cv2.INTER_AREA))
    return cast(Array, cv2.resize(plane, (width, height), interpolation=cv2.INTER_LINEAR))
