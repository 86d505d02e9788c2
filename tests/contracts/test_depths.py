"""Operations on pictures: 16 bits give what 8 bits give, and the fractions of its levels."""

from collections.abc import Callable

import numpy as np
import pytest

from tests.textures import noise_image
from vidstyle.frame import BT601, DEEP, ColorSpace, Picture, to_bytes
from vidstyle.options import Look
from vidstyle.stylize.abstraction import abstracted
from vidstyle.stylize.chroma import with_own_chroma
from vidstyle.stylize.compose import compose
from vidstyle.stylize.exposure import exposure_curve, with_curve
from vidstyle.stylize.finish import Finish
from vidstyle.stylize.flow import FlowPath, thumbnail
from vidstyle.stylize.smoothing import smoothed
from vidstyle.stylize.warp import blend, cross_fade, enlarge, fade, sharpen, warp

PHOTO, PAINTING = (
    Picture.from_rgb(noise_image(96, 128, seed), ColorSpace(BT601)) for seed in (0, 1)
)
RANDOM = np.random.default_rng(2)
FLOW = RANDOM.normal(0, 2, (24, 32, 2)).astype(np.float32)
SHARE = RANDOM.random((24, 32)).astype(np.float32)
PATH = FlowPath(FLOW, SHARE, 3)
FINISH = Finish(contrast=1.3, brightness=0.05, clarity=0.4, saturation=1.2)
LARGE = [each.resized(288, 216) for each in (PHOTO, PAINTING)]
HUGE = [each.resized(640, 480) for each in (PHOTO, PAINTING)]

Operation = Callable[[Picture, Picture], Picture]
OPERATIONS: dict[str, Operation] = {
    "smaller": lambda a, b: a.resized(40, 30),
    "larger": lambda a, b: a.resized(200, 150),
    "letterboxed": lambda a, b: a.letterboxed(160, 96),
    "turned": lambda a, b: a.turned(1),
    "beside": lambda a, b: a.beside(b),
    "warp": lambda a, b: warp(a, FLOW),
    "blend": lambda a, b: blend(a, b, SHARE),
    "sharpen": lambda a, b: sharpen(a),
    "fade": lambda a, b: fade(a, b, 0.3),
    "cross-fade": lambda a, b: cross_fade(a, PATH, b, PATH, 0.4, 0.4),
    "own chroma": lambda a, b: with_own_chroma(b, a, 0.5),
    "abstraction": lambda a, b: abstracted(a, 1.0),
    "smoothing": lambda a, b: smoothed(b, a, 1.0),
    "exposure": lambda a, b: with_curve(a, exposure_curve(a.y, full_range=False)),
    "finish": lambda a, b: FINISH.graded(a),
    "enlarged 2.25 times": lambda a, b: enlarge(b, a, like(a, LARGE[0]), 0.5),
    "enlarged 5 times": lambda a, b: enlarge(b, a, like(a, HUGE[0]), 0.5),
    "composed": lambda a, b: compose(a, a, b, Look(strength=0.6, keep_colors=True), FINISH),
}


def deep(picture: Picture) -> Picture:
    y, u, v = (plane.astype(np.uint16) * np.uint16(DEEP) for plane in picture.planes)
    return Picture(y, u, v, picture.color)


def like(sample: Picture, picture: Picture) -> Picture:
    return deep(picture) if sample.unit == DEEP else picture


@pytest.mark.parametrize("name", OPERATIONS)
def test_sixteen_bits_give_the_same_picture_finer(name: str) -> None:
    operation = OPERATIONS[name]
    usual, fine = operation(PHOTO, PAINTING), operation(deep(PHOTO), deep(PAINTING))
    assert (usual.unit, fine.unit) == (1, DEEP)
    for plane, fine_plane in zip(usual.planes, fine.planes, strict=True):
        difference = np.abs(to_bytes(fine_plane).astype(int) - plane)
        assert np.quantile(difference, 0.99) <= 2  # several roundings, and a bit lost in `enlarge`
        assert difference.mean() < 1


def test_rgb_of_sixteen_bits_is_that_of_eight() -> None:
    image = noise_image(48, 64, 3)
    usual, fine = Picture.from_rgb(image), Picture.from_rgb(image, unit=DEEP)
    assert np.abs(fine.y / DEEP - usual.y).max() <= 0.7  # 8 bits are rounded twice
    assert np.unique(fine.y).size > 2 * np.unique(usual.y).size
    assert np.abs(fine.to_rgb().astype(int) - usual.to_rgb()).max() <= 3
    white = Picture.from_rgb(np.full((4, 4, 3), 255, np.uint8), unit=DEEP)
    assert (white.to_rgb() == 255).all()


def test_flow_is_computed_in_eight_bits() -> None:
    assert np.array_equal(thumbnail(deep(PHOTO)), thumbnail(PHOTO))
