"""Output composition: finish, size, original colors, strength and side-by-side comparison."""

from vidstyle.frame import Picture
from vidstyle.options import Look
from vidstyle.stylize.finish import Finish
from vidstyle.stylize.warp import enlarge, fade


def compose(
    original: Picture,
    working: Picture,
    painting: Picture,
    look: Look,
    finish: Finish,
    resize: bool = False,
    compare: bool = False,
) -> Picture:
    """Compose the output picture from a painting at the working size.

    Args:
        original: the frame at its full size.
        working: the frame at the working size, the generator's input.
        painting: the generator's output, at the working size.
        look: `keep_colors` and `strength` are used.
        finish: of the painting.
        resize: keep the working size.
        compare: put the original beside it.

    Returns:
        A picture at the original size, or at the working size with `resize`; with `compare` twice
        as wide, the original on the left.
    """
    painting = finish.graded(painting)
    if not resize:
        painting = enlarge(painting, working, original, finish.sharpness)
    elif look.strength < 1 or look.keep_colors or compare:
        original = original.resized(painting.width, painting.height)
    if look.keep_colors:
        painting = Picture(painting.y, original.u, original.v, painting.color)
    if look.strength < 1:
        painting = fade(original, painting, look.strength)
    return original.beside(painting) if compare else painting
