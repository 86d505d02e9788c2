"""A generator as the painter of keyframes and of what they do not show."""

from fractions import Fraction

import numpy as np

from tests.live.scene import Flat, Inverter
from tests.textures import noise_image
from vidstyle.frame import Frame, Picture, RGBImage
from vidstyle.stylize.exposure import exposure_curve
from vidstyle.stylize.flow import FlowPath, thumbnail
from vidstyle.stylize.keyframes import TrackedFrame
from vidstyle.stylize.painter import GeneratorPainter

DARK = Picture.from_rgb(noise_image(96, 128, seed=2) // 4)
NOTHING, EVERYTHING = np.zeros((96, 128), np.float32), np.ones((96, 128), np.float32)


def tracked(picture: Picture) -> TrackedFrame:
    small = thumbnail(picture)
    exposure = exposure_curve(picture.y, picture.color.full_range)
    path = FlowPath.identity(small.shape)
    frame = Frame(picture, 0, Fraction(1, 25))
    return TrackedFrame(0, frame, picture, small, exposure, None, path)


def test_a_keyframe_is_the_generators_painting() -> None:
    painted = GeneratorPainter(Inverter()).paint(tracked(DARK))
    wanted = Picture.from_rgb(255 - DARK.to_rgb(), DARK.color)
    assert np.array_equal(painted.y, wanted.y)
    assert np.array_equal(painted.u, wanted.u)


def test_a_generator_trained_on_normalized_exposure_sees_it() -> None:
    plain, trained = Inverter(), Inverter()
    trained.normalizes_exposure = True
    frame = tracked(DARK)
    dark, bright = (GeneratorPainter(g).paint(frame) for g in (plain, trained))
    expected = trained.paint_picture(trained.with_exposure(DARK, frame.exposure))
    assert np.array_equal(bright.y, expected.y)
    assert bright.y.mean() < dark.y.mean() - 15  # brighter before, so darker inverted


def test_what_keyframes_show_is_left_and_the_rest_is_painted_anew() -> None:
    painter, frame = GeneratorPainter(Inverter()), tracked(DARK)
    painting = Picture.from_rgb(noise_image(96, 128, seed=3))
    assert painter.inpaint(painting, frame, NOTHING) is painting
    anew = painter.inpaint(painting, frame, EVERYTHING)
    assert np.abs(anew.y.astype(int) - painter.paint(frame).y).max() <= 2


def test_a_painter_between_two_has_their_shares() -> None:
    frame = tracked(DARK)
    first, second = GeneratorPainter(Flat(40)), GeneratorPainter(Flat(200))
    for share in (0.0, 0.25, 1.0):
        image = first.blended(second, share).paint(frame).to_rgb()
        assert np.abs(image.astype(int) - (40 + 160 * share)).max() <= 1


def test_painters_of_the_same_generators_paint_with_each_once() -> None:
    class Counting(Flat):
        calls = 0

        def paint(self, image: RGBImage) -> RGBImage:
            self.calls += 1
            return super().paint(image)

    generators = [Counting(40), Counting(200)]
    first, second = map(GeneratorPainter, generators)
    early, late = first.blended(second, 0.2), first.blended(second, 0.6)
    image = early.blended(late, 0.5).paint(tracked(DARK)).to_rgb()
    assert np.abs(image.astype(int) - (40 + 160 * 0.4)).max() <= 1
    assert [each.calls for each in generators] == [1, 1]


def test_each_generator_of_a_blend_sees_the_exposure_that_it_was_trained_on() -> None:
    plain, trained, frame = Inverter(), Inverter(), tracked(DARK)
    trained.normalizes_exposure = True
    dark, bright = (GeneratorPainter(g).paint(frame).y for g in (plain, trained))
    mixed = GeneratorPainter(plain).blended(GeneratorPainter(trained), 0.5).paint(frame).y
    assert np.abs(mixed - (dark / 2 + bright / 2)).max() <= 1
