"""Output composition: size, original colors, strength and side-by-side comparison."""

from vidstyle.frame import Picture
from vidstyle.options import StylizeOptions
from vidstyle.stylize.warp import enlarge, fade


def compose(
    original: Picture, working: Picture, painting: Picture, options: StylizeOptions
) -> Picture:
    """Compose the output picture from a painting at the working size.

    Args:
        original: the frame at its full size.
        working: the frame at the working size, the generator's input.
        painting: the generator's output, at the working size.
        options: `resize`, `keep_colors`, `strength` and `compare` are used.

    Returns:
        A picture at the original size, or at the working size with `resize`; with `compare` twice
        as wide, the original on the left.
    """
    if not options.resize:
        painting = enlarge(painting, working, original)
    elif options.strength < 1 or options.keep_colors or options.compare:
        original = original.resized(painting.width, painting.height)
    if options.keep_colors:
        painting = Picture(painting.y, original.u, original.v, painting.color)
    if options.strength < 1:
        painting = fade(original, painting, options.strength)
    return original.beside(painting) if options.compare else painting
