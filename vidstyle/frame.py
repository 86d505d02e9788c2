"""Frame and picture types (YUV 4:2:0, color space, time stamp), array aliases, and resizing.

A picture stays in YUV 4:2:0 from decoder to encoder. Only pictures for the generator are converted
to RGB: one frame in several, which saves two color conversions for each of the others. Planes have
8 bits, or 16 for outputs of more than 8; each operation keeps the depth.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache
from typing import Any, Final, TypeVar, cast

import cv2
import numpy as np
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]  # HxW, one of Y, U, V, or an alpha channel
Plane = NDArray[np.uint8 | np.uint16]  # HxW, one of Y, U, V
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
DEEP = 256  # levels of a uint16 plane per level of a uint8 one, as in FFmpeg
LUMA_OF_RGB: Final = (0.299, 0.587, 0.114)  # weights of red, green and blue, BT.601


@dataclass(frozen=True, slots=True)
class ColorSpace:
    """Color matrix and range of a YUV picture."""

    matrix: int = BT709  # FFmpeg's AVColorSpace
    full_range: bool = False  # Y in 0..255 instead of 16..235

    def to_rgb_matrix(self) -> NDArray[np.float64]:
        """Return the 3x4 float64 matrix from (Y, U, V, 1) to (R, G, B), all 0..255; read-only."""
        return _to_rgb_matrix(self)

    def from_rgb_matrix(self) -> NDArray[np.float64]:
        """Return the 3x4 float64 matrix from (R, G, B, 1) to (Y, U, V), all 0..255; read-only."""
        return _from_rgb_matrix(self)


@lru_cache
def _to_rgb_matrix(color: ColorSpace) -> NDArray[np.float64]:
    red, blue = LUMA_WEIGHTS[color.matrix]
    green = 1 - red - blue
    y_scale, c_scale = (1.0, 1.0) if color.full_range else (255 / 219, 255 / 224)
    from_u, from_v = 2 * (1 - blue) * c_scale, 2 * (1 - red) * c_scale
    matrix = np.array(
        [
            [y_scale, 0, from_v],
            [y_scale, -from_u * blue / green, -from_v * red / green],
            [y_scale, from_u, 0],
        ]
    )
    offset = matrix @ [0.0 if color.full_range else 16.0, 128.0, 128.0]
    return _read_only(np.hstack([matrix, -offset[:, None]]))


@lru_cache
def _from_rgb_matrix(color: ColorSpace) -> NDArray[np.float64]:
    square = np.vstack([_to_rgb_matrix(color), [0, 0, 0, 1]])
    return _read_only(np.linalg.inv(square)[:3])


def _read_only(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    matrix.flags.writeable = False
    return matrix


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """Immutable picture in planar YUV 4:2:0, uint8 or uint16; its planes are never written to.

    With an odd side, the last row or column of U and V covers one row or column of Y, as in FFmpeg.

    Raises:
        TypeError: a plane is neither uint8 nor uint16, or the planes differ.
        ValueError: Y is not HxW, or U and V are not half of that, rounded up.
    """

    y: Plane  # HxW
    u: Plane  # ceil(H/2) x ceil(W/2)
    v: Plane
    color: ColorSpace = ColorSpace()

    def __post_init__(self) -> None:
        y, u, v = self.planes
        if not (y.dtype == u.dtype == v.dtype and y.dtype in (np.uint8, np.uint16)):
            kinds = ", ".join(str(plane.dtype) for plane in self.planes)
            raise TypeError(f"Y, U and V must be uint8 or uint16, not {kinds}. Convert them first.")
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
    def unit(self) -> int:
        """Levels of a plane per level of 8 bits: 1 for uint8, `DEEP` for uint16."""
        return unit_of(self.y)

    @property
    def planes(self) -> tuple[Plane, Plane, Plane]:
        """Y, U and V."""
        return self.y, self.u, self.v

    @property
    def nbytes(self) -> int:
        """Bytes of all planes."""
        return sum(plane.nbytes for plane in self.planes)

    @classmethod
    def from_rgb(
        cls, image: RGBImage, color: ColorSpace = ColorSpace(), unit: int = 1
    ) -> "Picture":
        """Convert an HxWx3 uint8 RGB image; U and V are means of 2x2 pixels.

        Args:
            image: HxWx3 uint8 RGB.
            color: color space of the picture.
            unit: of the picture; `DEEP` keeps the fractions of its levels.

        Raises:
            TypeError: the image is not a uint8 array.
            ValueError: the image is not HxWx3, or has no pixels.
        """
        check_image(image)
        dtype = np.uint8 if unit == 1 else np.uint16
        yuv = cv2.transform(image.astype(dtype, copy=False), unit * color.from_rgb_matrix())
        y, u, v = (cast(Plane, plane) for plane in cv2.split(yuv))
        size_wh = chroma_size_wh(image.shape[1], image.shape[0])
        return cls(y, resize(u, *size_wh), resize(v, *size_wh), color)

    def to_rgb(self) -> RGBImage:
        """Return the picture as HxWx3 uint8 RGB; values outside 0..255 are clipped."""
        u, v = (resize(plane, self.width, self.height) for plane in (self.u, self.v))
        matrix = self.color.to_rgb_matrix() / [self.unit, self.unit, self.unit, 1]
        rgb = cv2.transform(cv2.merge([self.y, u, v]), matrix)
        return np.asarray(np.minimum(rgb, 255) if self.unit > 1 else rgb, np.uint8)

    def resized(self, width: int, height: int) -> "Picture":
        """Return the picture at a size in pixels; interpolation as in `resize`."""
        if (width, height) == (self.width, self.height):
            return self
        y = resize(self.y, width, height)
        size_wh = chroma_size_wh(width, height)
        return Picture(y, resize(self.u, *size_wh), resize(self.v, *size_wh), self.color)

    def letterboxed(self, width: int, height: int, aspect: float = 1.0) -> "Picture":
        """Return the picture scaled into a size in pixels, whole, between black bars.

        Args:
            width: of the new picture.
            height: likewise.
            aspect: width over height of a pixel of this picture, relative to the new one's.
        """
        box = Box.within(self.width * aspect, self.height, width, height)
        inner, half_wh = self.resized(box.width, box.height), chroma_size_wh(width, height)
        half = Box(box.left // 2, box.top // 2, box.width // 2, box.height // 2)
        black, gray = (self.unit * (0 if self.color.full_range else 16)), self.unit * 128
        y = box.framed(inner.y, (width, height), black)
        u, v = (half.framed(plane, half_wh, gray) for plane in (inner.u, inner.v))
        return Picture(y, u, v, self.color)

    def crop(self, left: int, top: int, right: int, bottom: int) -> "Picture":
        """Return a view of a rectangle in pixels, clipped at the right and lower border.

        `left` and `top` must be even, because chroma has half the resolution.
        """
        assert left % 2 == 0 and top % 2 == 0
        y = self.y[top:bottom, left:right]
        rows, columns = slice(top // 2, (bottom + 1) // 2), slice(left // 2, (right + 1) // 2)
        return Picture(y, self.u[rows, columns], self.v[rows, columns], self.color)

    def turned(self, quarters: int) -> "Picture":
        """Return the picture rotated counter-clockwise by a number of quarter turns."""
        if quarters % 4 == 0:
            return self
        y, u, v = (np.ascontiguousarray(np.rot90(plane, quarters)) for plane in self.planes)
        return Picture(y, u, v, self.color)

    def beside(self, other: "Picture") -> "Picture":
        """Return this picture with another of the same height to its right."""
        y = np.hstack([self.y, other.y])
        # With an odd width the seam lies inside a chroma column: the right picture fills it.
        keep = self.width // 2
        half = chroma_size_wh(y.shape[1], y.shape[0])[0]
        u, v = (
            np.hstack([a[:, :keep], b, b[:, -1:]])[:, :half]
            for a, b in ((self.u, other.u), (self.v, other.v))
        )
        return Picture(y, u, v, self.color)


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """Picture with its presentation time, as it passes from source to sink."""

    picture: Picture
    pts: int  # presentation time, in units of time_base
    time_base: Fraction  # seconds per unit, from the container
    duration: int = 0  # in units of time_base; 0 if the container holds none
    alpha: Bytes | None = None  # HxW, of the source's size; None if opaque or not kept
    checkpoint: "Checkpoint | None" = None  # of the first frame of a part

    @property
    def time_s(self) -> float:
        """Presentation time in seconds."""
        return float(self.pts * self.time_base)

    def showing(self, picture: Picture) -> "Frame":
        """Return the same frame with another picture."""
        return replace(self, picture=picture)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """State of a run before the first frame of a part; another run goes on from there.

    It travels with that frame: each stage adds its own state.
    """

    part: int  # number of the part that begins
    pts: int  # of the frame
    frame: int  # index of the frame in the whole run, from 0
    counts: dict[str, int]  # counters of `Stats` before the frame
    time_s: float = 0.0  # of the frame
    seconds: float = 0.0  # of work so far
    scene: int = 0  # number of the frame's scene
    change: float = 0.0  # running average of `CutDetector`
    exposure: tuple[float, ...] = ()  # exposure curve of the frame
    restarts: bool = False  # the curve is measured anew: the part before is made elsewhere


@dataclass(frozen=True, slots=True)
class Box:
    """Rectangle in a larger picture, in pixels."""

    left: int
    top: int
    width: int
    height: int

    @classmethod
    def within(cls, width: float, height: float, outer_w: int, outer_h: int) -> "Box":
        """Return the largest box of these proportions in the middle of a picture; all even."""
        scale = min(outer_w / width, outer_h / height)
        inner_w, inner_h = (max(2, round(side * scale / 2) * 2) for side in (width, height))
        inner_w, inner_h = min(inner_w, outer_w), min(inner_h, outer_h)
        left, top = ((outer_w - inner_w) // 2) & ~1, ((outer_h - inner_h) // 2) & ~1
        return cls(left, top, inner_w, inner_h)

    def framed(self, plane: Array, size_wh: tuple[int, int], value: int) -> Array:
        """Return a plane of this size with a plane of the box's size in it, and a value around."""
        framed = np.full((size_wh[1], size_wh[0]), value, plane.dtype)
        framed[self.top : self.top + plane.shape[0], self.left : self.left + plane.shape[1]] = plane
        return cast(Array, framed)


def unit_of(plane: NDArray[Any]) -> int:
    """Levels of a plane per level of 8 bits."""
    return DEEP if plane.dtype == np.uint16 else 1


def to_bytes(plane: Plane) -> Bytes:
    """Return a plane in 8 bits, rounded."""
    if plane.dtype == np.uint8:
        return np.asarray(plane, np.uint8)
    return np.asarray(cv2.convertScaleAbs(plane, alpha=1 / DEEP), np.uint8)


def weighted(
    first: Plane,
    gain: float,
    second: Plane,
    second_gain: float,
    offset: float,
    into: Plane | None = None,
) -> Plane:
    """Return the weighted sum of two planes of one depth, plus an offset, rounded and clipped.

    Args:
        first: plane.
        gain: its factor.
        second: plane of the same size.
        second_gain: its factor.
        offset: added to the sum.
        into: array that becomes the result, one of the two or of their kind; None for a new one.
    """
    return cast(Plane, cv2.addWeighted(first, gain, second, second_gain, offset, into))


def over_gray(image: Array, alpha: Bytes, level: int) -> Array:
    """Composite a uint8 or uint16 array over a constant by its alpha channel.

    Args:
        image: HxW or HxWxC, not premultiplied.
        alpha: HxW uint8.
        level: of the background, in the array's levels.
    """
    wide = np.uint16 if image.dtype == np.uint8 else np.uint32
    share = (alpha if image.ndim == 2 else alpha[..., None]).astype(wide)
    return cast(Array, ((image * share + level * (255 - share) + 127) // 255).astype(image.dtype))


def over_white(image: RGBImage, alpha: Bytes) -> RGBImage:
    """Composite HxWx3 uint8 RGB, not premultiplied, over white by its alpha channel, HxW uint8."""
    return over_gray(image, alpha, 255)


def without_hidden(image: RGBImage, alpha: Bytes) -> RGBImage:
    """HxWx3 uint8 RGB with white where the alpha channel, HxW uint8, is 0; not a copy if nowhere.

    Colors that cannot be seen would otherwise bleed into visible strokes.
    """
    hidden = alpha == 0
    if not hidden.any():
        return image
    covered = image.copy()
    covered[hidden] = 255
    return covered


def check_image(image: object, channels: Sequence[int] = (3,)) -> None:
    """Check the type, dtype and shape of an image array.

    Args:
        image: accepted if it is HxWxC uint8, of any strides; HxW counts as one channel.
        channels: accepted numbers of channels C.

    Raises:
        TypeError: the image is not a NumPy array, or not uint8.
        ValueError: the image has another shape, or no pixels.
    """
    if image is None:
        raise TypeError(
            "An image must be a NumPy array, not None: the camera or file gave no frame."
        )
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
    """Advice for the error message on an array of the wrong shape."""
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
    """Return width and height of the U and V planes of a picture of this size."""
    return (width + 1) // 2, (height + 1) // 2


def resize(plane: Array, width: int, height: int) -> Array:
    """Resize a plane, mask or flow field (HxW or HxWxC) to a size in pixels, same dtype.

    Halves by area averages while both sides allow it, then interpolates bilinearly. Vectors of a
    flow field are not rescaled.
    """
    if plane.shape[:2] == (height, width):
        return plane
    while plane.shape[0] >= 2 * height and plane.shape[1] >= 2 * width:
        # Area averages of whole 2x2 blocks are ten times faster than of fractional ones.
        half_wh = (plane.shape[1] // 2, plane.shape[0] // 2)
        plane = cast(Array, cv2.resize(plane, half_wh, interpolation=cv2.INTER_AREA))
    return cast(Array, cv2.resize(plane, (width, height), interpolation=cv2.INTER_LINEAR))


def short_side_wh(
    width: int, height: int, short_side: int, *, enlarge: bool = True
) -> tuple[int, int]:
    """Width and height at which the shorter side has so many pixels; the aspect is kept.

    Args:
        width: of the picture as it is, in pixels.
        height: likewise.
        short_side: of the picture to come; without `enlarge`, at most.
        enlarge: whether a smaller picture grows.
    """
    scale = short_side / min(width, height)
    if not enlarge:
        scale = min(1.0, scale)
    return max(1, round(width * scale)), max(1, round(height * scale))


def with_short_side(image: RGBImage, short_side: int, *, enlarge: bool = True) -> RGBImage:
    """Resize HxWx3 uint8 RGB by pixel areas to a short side; sizes as in `short_side_wh`."""
    height, width = image.shape[:2]
    size_wh = short_side_wh(width, height, short_side, enlarge=enlarge)
    return np.asarray(cv2.resize(image, size_wh, interpolation=cv2.INTER_AREA), np.uint8)
