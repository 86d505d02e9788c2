"""Letterbox and crop: scales pictures of any size to one output size, proportions kept."""

import numpy as np

from vidstyle.frame import Picture, Plane, chroma_size_wh

BLACK_FULL, BLACK_LIMITED, GRAY = 0, 16, 128


def fit(picture: Picture, width: int, height: int, letterbox: bool) -> Picture:
    """Scale a picture to an output size: cropped around its center, or letterboxed.

    Args:
        picture: picture of any size.
        width: output width in pixels, even.
        height: output height in pixels, even.
        letterbox: show the whole picture between black bars, instead of cropping.
    """
    if (picture.width, picture.height) == (width, height):
        return picture
    if letterbox:
        return _letterboxed(picture, width, height)
    scale = max(width / picture.width, height / picture.height)
    crop_wh = width / scale, height / scale  # in pixels of the picture
    left, top = ((side - kept) / 2 for side, kept in zip(_wh(picture), crop_wh, strict=True))
    left, top = int(left) & ~1, int(top) & ~1
    right, bottom = left + round(crop_wh[0]), top + round(crop_wh[1])
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
