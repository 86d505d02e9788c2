from fractions import Fraction
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import helper

from tests.textures import noise_image
from vidstyle.frame import ColorSpace, Frame, Picture, Plane, RGBImage
from vidstyle.options import StylizeOptions
from vidstyle.stats import Stats
from vidstyle.stylize.exposure import (
    TYPICAL_QUANTILES,
    ExposureTracker,
    exposure_curve,
    with_curve,
    with_normal_exposure,
)
from vidstyle.stylize.generator import ImageGenerator, OnnxGenerator
from vidstyle.stylize.mixture import Mixture
from vidstyle.stylize.painter import GeneratorPainter
from vidstyle.stylize.painter_schedule import always
from vidstyle.stylize.stylizer import VideoStylizer, stylize_picture

PHOTO = noise_image(120, 160, seed=3, blur=6)


def dimmed(image: RGBImage, share: float) -> RGBImage:
    return np.asarray(np.rint(image * share), np.uint8)


def typical_luma(count: int = 100_000) -> Plane:
    shares = np.linspace(0, 1, count).reshape(-1, 100)
    levels = np.interp(shares, np.linspace(0, 1, len(TYPICAL_QUANTILES)), TYPICAL_QUANTILES)
    return np.rint(levels).astype(np.uint8)


@pytest.fixture
def even_inverter(inverter: Path, tmp_path: Path) -> Path:
    """The toy that inverts colors, saying that it learned on evenly lit pictures."""
    model = onnx.load(inverter)
    helper.set_model_props(model, {"light": "even"})
    onnx.save(model, tmp_path / "even.onnx")
    return tmp_path / "even.onnx"


@pytest.mark.parametrize("share", [0.15, 0.35, 0.6])
def test_the_dark_becomes_brighter(share: float) -> None:
    dark = dimmed(PHOTO, share)
    assert with_normal_exposure(dark).mean() > 1.15 * dark.mean()
    assert with_normal_exposure(dark).mean() < 128


def test_snow_becomes_darker() -> None:
    snow = 255 - dimmed(PHOTO, 0.3)
    assert with_normal_exposure(snow).mean() < snow.mean() - 15


def test_typical_light_stays() -> None:
    curve = exposure_curve(typical_luma())
    assert np.abs(curve - np.arange(256)).max() < 4


@pytest.mark.parametrize("full_range", [True, False])
@pytest.mark.parametrize("level", [0, 3, 16, 90, 235, 255])
def test_black_and_white_stay_and_order_does(level: int, full_range: bool) -> None:
    flat = np.full((40, 40), level, np.uint8)
    for luma in (flat, np.where(np.arange(40) < 20, flat, 128).astype(np.uint8)):
        curve = exposure_curve(luma, full_range)
        ends = [0, 255] if full_range else [16, 235]
        assert curve[ends] == pytest.approx(ends, abs=1e-2)
        assert np.diff(curve).min() > 0
        assert np.diff(curve).max() < 4  # noise in the dark stays small


def test_a_fade_to_black_remains_one() -> None:
    means = [
        with_normal_exposure(dimmed(PHOTO, k)).mean() for k in (1, 0.8, 0.6, 0.4, 0.2, 0.1, 0.05, 0)
    ]
    assert (np.diff(means) < 0).all()
    assert means[-2] < 25
    assert means[-1] == 0


def test_limited_range_is_lit_alike() -> None:
    dark = dimmed(PHOTO, 0.4)
    pictures = [Picture.from_rgb(dark, ColorSpace(1, full_range=full)) for full in (True, False)]
    lit = [
        with_curve(p, exposure_curve(p.y, p.color.full_range)).to_rgb().astype(int)
        for p in pictures
    ]
    assert np.abs(lit[0] - lit[1]).mean() < 2.5
    assert lit[0].mean() > dark.mean() + 20


def test_within_a_scene_the_light_follows_slowly() -> None:
    meter, bright, dark = ExposureTracker(), PHOTO[..., 0], dimmed(PHOTO, 0.3)[..., 0]
    first = meter.measure(bright, True, 0.0, cut=True)
    wanted = exposure_curve(dark)
    gap = np.abs(wanted - first).max()
    soon = meter.measure(dark, True, 0.04, cut=False)
    assert 0 < np.abs(soon - first).max() < 0.05 * gap
    for frame in range(2, 100):
        late = meter.measure(dark, True, 0.04 * frame, cut=False)
    assert np.abs(late - wanted).max() < 0.05 * gap


def test_a_new_scene_is_lit_at_once() -> None:
    meter, dark = ExposureTracker(), dimmed(PHOTO, 0.3)[..., 0]
    meter.measure(PHOTO[..., 0], True, 0.0, cut=True)
    assert np.array_equal(meter.measure(dark, True, 0.04, cut=True), exposure_curve(dark))


def test_only_who_asks_gets_even_light(inverter: Path, even_inverter: Path) -> None:
    dark = Picture.from_rgb(dimmed(PHOTO, 0.3))
    curve = exposure_curve(dark.y, full_range=False)
    assert OnnxGenerator(inverter).with_exposure(dark, curve) is dark
    for generator in (OnnxGenerator(even_inverter), mixed(inverter, even_inverter)):
        assert generator.with_exposure(dark, curve).y.mean() > dark.y.mean() + 10


def test_frames_and_pictures_are_painted_in_even_light(inverter: Path, even_inverter: Path) -> None:
    dark = Picture.from_rgb(dimmed(PHOTO, 0.3))
    frames = [Frame(dark, number, Fraction(1, 25)) for number in range(8)]
    means = {}
    for file in (inverter, even_inverter):
        generator, options = OnnxGenerator(file), StylizeOptions(every=4)
        stylizer = VideoStylizer(always(GeneratorPainter(generator)), options, Stats())
        alone = stylize_picture(dark, generator, options, Stats()).y.mean()
        means[file] = alone
        for frame in stylizer.stylize(frames):
            assert frame.picture.y.mean() == pytest.approx(alone, abs=2)
    assert means[even_inverter] < means[inverter] - 10  # brighter before, darker inverted


def test_holes_are_painted_in_the_light_of_the_whole(even_inverter: Path) -> None:
    """A white ball flies through a dark room: where it was is painted as the room around it."""
    frames = []
    for number in range(9):
        image = dimmed(noise_image(160, 208, seed=1, blur=4), 0.4)
        image[40:104, 8 + 16 * number : 72 + 16 * number] = 250
        frames.append(Frame(Picture.from_rgb(image), number, Fraction(1, 25)))
    generator = OnnxGenerator(even_inverter)
    stylizer = VideoStylizer(always(GeneratorPainter(generator)), StylizeOptions(every=9), Stats())
    for before, after in zip(frames, stylizer.stylize(frames), strict=True):
        room = before.picture.y < 140
        light = exposure_curve(before.picture.y, full_range=False)
        wanted = generator.paint_picture(generator.with_exposure(before.picture, light)).y.astype(
            int
        )
        difference = np.abs(after.picture.y - wanted)[room]
        assert difference.mean() < 6


def mixed(*files: Path) -> ImageGenerator:
    return Mixture([(OnnxGenerator(file), 1 / len(files)) for file in files])
