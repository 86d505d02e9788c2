"""From a painting of the working size to the picture somebody asked for."""

from vidstyle.frame import Picture
from vidstyle.options import StylizeOptions
from vidstyle.stylize.warp import enlarge, fade


def compose(
    original: Picture, working: Picture, painting: Picture, options: StylizeOptions
) -> Picture:
    """Apply size, colors, strength and comparison to a painting of the working size.

    Args:
        original: the frame at its full size.
        working: what was painted, the original at the working size.
        painting: of the working size.
        options: `resize`, `keep_colors`, `strength` and `compare` count.
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
