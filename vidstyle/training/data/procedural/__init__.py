"""Procedural training pictures with the statistics of photos, for training without a data set.

They have edges of all sizes, occlusions, smooth shading, blurred backgrounds and noise. Dead leaves
have the statistics of natural images (Lee, Mumford and Huang, IJCV 2001), and networks learn from
such pictures nearly as well as from photos (Baradad et al., arXiv:2106.05963). Theirs are one
process each; these are also composed as landscapes, portraits, streets and rooms, because a style
treats skies and faces differently.
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

# Used in turn, so that a small number of pictures is varied too.
FAMILIES = (
    dead_leaves, landscape, portrait, street, dead_leaves, smooth,
    portrait, landscape, dead_leaves, room, portrait, fog,
    dead_leaves, landscape, portrait, night,
)  # fmt: skip


def procedural_images(count: int, seed: int, side: int = 320) -> list[RGBImage]:
    """Make pictures with the statistics of photos, the same for the same seed.

    Args:
        count: number of pictures; the first ones are the same for any count.
        seed: seed of the random numbers, 0 or more.
        side: width and height, in pixels.

    Returns:
        `count` arrays of `side` x `side` x 3 uint8 RGB.
    """
    return [_picture(number, seed, side) for number in range(count)]


def _picture(number: int, seed: int, side: int) -> RGBImage:
    canvas = Canvas(side, np.random.default_rng([seed, number]))
    FAMILIES[number % len(FAMILIES)](canvas)
    return photograph(canvas.image, canvas.random)
