"""Faces for tests, which no network has to find."""

from vidstyle.stylize.face_detector import Face


def face_at(x: float, y: float, width: float = 32, height: float = 40) -> Face:
    """Face by the middle and the size of its box, in px."""
    left, top, right, bottom = x - width / 2, y - height / 2, x + width / 2, y + height / 2
    return Face(left, top, right, bottom, 0.9)
