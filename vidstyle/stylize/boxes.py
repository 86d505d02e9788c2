"""Boxes: parts of a picture, in pixels."""

Box = tuple[int, int, int, int]  # left, top, right, bottom in px


def overlap(first: Box, second: Box) -> Box | None:
    """Return the pixels that two boxes share; None if there are none."""
    left, top = max(first[0], second[0]), max(first[1], second[1])
    right, bottom = min(first[2], second[2]), min(first[3], second[3])
    return (left, top, right, bottom) if left < right and top < bottom else None


def shifted(box: Box, dx: int, dy: int) -> Box:
    """Return a box that is moved."""
    left, top, right, bottom = box
    return left + dx, top + dy, right + dx, bottom + dy
