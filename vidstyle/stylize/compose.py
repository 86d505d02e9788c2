"""Output composition: finish, size, original colors, strength, mask and side-by-side comparison."""

from vidstyle.frame import Mask, Picture
from vidstyle.options import Look
from vidstyle.stylize.finish import Finish
from vidstyle.stylize.warp import blend, enlarge, fade


def compose(
    original: Picture,
    working: Picture,
    painting: Picture,
    look: Look,
    finish: Finish,
    resize: bool = False,
    compare: bool = False,
    share: Mask | None = None,
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
        share: of the painting in each pixel, HxW float32 0..1 of any size; None is 1 everywhere.

    Returns:
        A picture at the original size, or at the working size with `resize`; with `compare` twice
        as wide, the original on the left.
    """
    painting = finish.graded(painting)
    if not resize:
        painting = enlarge(painting, working, original, finish.sharpness)
    elif look.strength < 1 or look.keep_colors or compare or share is not None:
        original = original.resized(painting.width, painting.height)
    if look.keep_colors:
        painting = Picture(painting.y, original.u, original.v, painting.color)
    if share is not None:
        painting = blend(original, painting, look.strength * share)
    elif look.strength < 1:
        painting = fade(original, painting, look.strength)
    return original.beside(painting) if compare else painting
