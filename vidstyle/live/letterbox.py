"""Letterbox and crop: scales pictures of any size to one output size, proportions kept."""

from vidstyle.frame import Picture


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
        return picture.letterboxed(width, height)
    scale = max(width / picture.width, height / picture.height)
    crop_wh = width / scale, height / scale  # in pixels of the picture
    left, top = ((side - kept) / 2 for side, kept in zip(_wh(picture), crop_wh, strict=True))
    left, top = int(left) & ~1, int(top) & ~1
    right, bottom = left + round(crop_wh[0]), top + round(crop_wh[1])
    return picture.crop(left, top, right, bottom).resized(width, height)


def _wh(picture: Picture) -> tuple[int, int]:
    return picture.width, picture.height
