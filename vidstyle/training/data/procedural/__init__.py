"""Pictures made by arithmetic that look to a network much as pictures of the world do.

A generator taught on them learns to paint what it will meet: edges at every size, surfaces that
hide each other, smooth shading, soft backgrounds, noise. That dead leaves have the statistics of
natural images was found by Lee, Mumford and Huang (IJCV 2001); that networks learn from such
pictures nearly what they learn from photos, by Baradad et al. (arXiv:2106.05963). Theirs are one
process each; ours are also laid out like landscapes, portraits, streets and rooms, because a
style must know skies from faces.
"""

import numpy as np

from vidstyle.frame import RGBImage
from vidstyle.training.data.procedural.camera import photograph
from vidstyle.training.data.procedural.canvas import Canvas
from vidstyle.training.data.procedural.haze import fog, night, smooth
from vidstyle.training.data.procedural.landscape import landscape
from vidstyle.training.data.procedural.leaves import dead_leaves
from vidstyle.training.data.procedural.portrait import portrait
from vidstyle.training.data.procedural.town import room, street

# In turns, so that any number of pictures has something of everything.
FAMILIES = (
    dead_leaves, landscape, portrait, street, dead_leaves, smooth,
    portrait, landscape, dead_leaves, room, portrait, fog,
    dead_leaves, landscape, portrait, night,
)  # fmt: skip


def procedural_images(count: int, seed: int, side: int = 320) -> list[RGBImage]:
    """Make pictures with the statistics of photos, the same for the same seed.

    Args:
        count: how many; the first ones are the same for any count.
        seed: 0 or more.
        side: their width and height, in pixels.

    Returns:
        `count` arrays of `side` x `side` x 3 uint8 RGB.
    """
    return [_picture(number, seed, side) for number in range(count)]


def _picture(number: int, seed: int, side: int) -> RGBImage:
    canvas = Canvas(side, np.random.default_rng([seed, number]))
    FAMILIES[number % len(FAMILIES)](canvas)
    return photograph(canvas.image, canvas.random)
