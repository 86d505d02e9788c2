"""One size for all pictures, whatever the camera gives."""

import numpy as np

from vidstyle.frame import Picture, Plane, chroma_size_wh

BLACK_FULL, BLACK_LIMITED, GRAY = 0, 16, 128


def fit(picture: Picture, width: int, height: int, letterbox: bool) -> Picture:
    """Return the picture at a size: the overhang cut off, or with black bars.

    Args:
        picture: of any size.
        width: wanted, even.
        height: wanted, even.
        letterbox: keep all of the picture, between black bars, instead of cutting.
    """
    if (picture.width, picture.height) == (width, height):
        return picture
    if letterbox:
        return _letterboxed(picture, width, height)
    scale = max(width / picture.width, height / picture.height)
    seen_wh = width / scale, height / scale  # of the picture, in its own px
    left, top = ((side - seen) / 2 for side, seen in zip(_wh(picture), seen_wh, strict=True))
    left, top = int(left) & ~1, int(top) & ~1
    right, bottom = left + round(seen_wh[0]), top + round(seen_wh[1])
    return picture.crop(left, top, right, bottom).resized(width, height)


def _letterboxed(picture: Picture, width: int, height: int) -> Picture:
    scale = min(width / picture.width, height / picture.height)
    inner_w, inner_h = (max(2, round(side * scale / 2) * 2) for side in _wh(picture))
    inner_w, inner_h = min(inner_w, width), min(inner_h, height)
    inner = picture.resized(inner_w, inner_h)
    left, top = ((width - inner_w) // 2) & ~1, ((height - inner_h) // 2) & ~1
    black = BLACK_FULL if picture.color.full_range else BLACK_LIMITED
    half_wh = chroma_size_wh(width, height)
    y = _framed(inner.y, black, (width, height), left, top)
    u, v = (_framed(plane, GRAY, half_wh, left // 2, top // 2) for plane in (inner.u, inner.v))
    return Picture(y, u, v, picture.color)


def _framed(plane: Plane, value: int, size_wh: tuple[int, int], left: int, top: int) -> Plane:
    framed = np.full((size_wh[1], size_wh[0]), value, np.uint8)
    framed[top : top + plane.shape[0], left : left + plane.shape[1]] = plane
    return framed


def _wh(picture: Picture) -> tuple[int, int]:
    return picture.width, picture.height
