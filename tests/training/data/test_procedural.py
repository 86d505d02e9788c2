from itertools import pairwise

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from vidstyle.frame import RGBImage
from vidstyle.training.data.procedural import FAMILIES, procedural_images
from vidstyle.training.data.procedural.camera import photograph
from vidstyle.training.data.procedural.canvas import Canvas, Surface, ellipse, rectangle
from vidstyle.training.data.procedural.leaves import power_law

SIDE = 160
RED, BLUE = np.array([0.8, 0.1, 0.1]), np.array([0.1, 0.1, 0.8])


@pytest.fixture(scope="module")
def images() -> list[RGBImage]:
    return procedural_images(2 * len(FAMILIES), seed=0, side=SIDE)


def gray(image: RGBImage) -> NDArray[np.float64]:
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), np.float64)


def amplitude_slope(plane: NDArray[np.floating]) -> float:
    """The power of frequency with which amplitude falls, from rings between 3 and 40 % of 1/px."""
    side = plane.shape[0]
    window = np.hanning(side)
    power = np.abs(np.fft.fft2((plane - plane.mean()) * window * window[:, None])) ** 2
    frequency = np.hypot(np.fft.fftfreq(side), np.fft.fftfreq(side)[:, None])
    edges = np.geomspace(0.03, 0.4, 9)
    rings = [(frequency >= low) & (frequency < high) for low, high in pairwise(edges)]
    logs = [(np.log(frequency[ring].mean()), np.log(power[ring].mean())) for ring in rings]
    x, y = np.transpose(logs)
    return float(np.polyfit(x, y, 1)[0] / 2)


def test_they_are_square_rgb_pictures(images: list[RGBImage]) -> None:
    assert len(images) == 2 * len(FAMILIES)
    assert {(image.shape, image.dtype) for image in images} == {((SIDE, SIDE, 3), np.dtype("u1"))}


def test_the_same_seed_makes_the_same_pictures_however_many(images: list[RGBImage]) -> None:
    for again, image in zip(procedural_images(5, 0, SIDE), images, strict=False):
        assert np.array_equal(again, image)


def test_another_seed_makes_others(images: list[RGBImage]) -> None:
    for other, image in zip(procedural_images(5, 1, SIDE), images, strict=False):
        assert np.abs(gray(other) - gray(image)).mean() > 8


def test_no_two_look_the_same(images: list[RGBImage]) -> None:
    small = [cv2.resize(image, (16, 16), interpolation=cv2.INTER_AREA) for image in images]
    vectors = np.asarray(small, np.float64).reshape(len(small), -1)
    distances = np.abs(vectors[:, None] - vectors).mean(axis=2)
    assert distances[~np.eye(len(vectors), dtype=bool)].min() > 8


def test_their_spectra_fall_as_those_of_photos(images: list[RGBImage]) -> None:
    # 233 photos: -1.2 in the middle, -1.4 to -0.9 for most.
    slopes = [amplitude_slope(gray(image)) for image in images]
    assert -1.4 < np.mean(slopes) < -0.9
    assert np.percentile(slopes, 10) > -1.8
    assert np.percentile(slopes, 90) < -0.5


def test_their_edges_are_rare_and_strong_as_those_of_photos(images: list[RGBImage]) -> None:
    # The kurtosis of noise is 3; 233 photos have 9 to 54, 19 in the middle.
    steps = [np.diff(gray(image), axis=1).ravel() for image in images]
    kurtosis = [np.mean(step**4) / np.mean(step**2) ** 2 for step in steps]
    assert 8 < np.median(kurtosis) < 40


def test_brightness_and_saturation_are_those_of_photos(images: list[RGBImage]) -> None:
    # 233 photos: luma 112 +- 31 with a contrast of 57; saturation 88 of 255, over 200 in 8 %.
    means, contrasts = np.transpose([(gray(i).mean(), gray(i).std()) for i in images])
    assert 90 < means.mean() < 130
    assert means.std() > 12
    assert 38 < contrasts.mean() < 70
    saturation = np.array([cv2.cvtColor(image, cv2.COLOR_RGB2HSV)[..., 1] for image in images])
    assert 50 < saturation.mean() < 110
    assert np.mean(saturation > 200) < 0.12


@pytest.mark.parametrize("slope", [0.0, 1.0, 1.5])
def test_noise_has_the_slope_asked_for(slope: float) -> None:
    noise = Canvas(256, np.random.default_rng(0)).noise(slope)
    assert noise.dtype == np.float32
    assert abs(noise.mean()) < 0.01
    assert noise.std() == pytest.approx(1, abs=1e-3)
    assert amplitude_slope(noise) == pytest.approx(-slope, abs=0.1)


@pytest.mark.parametrize(("angle", "along", "across"), [(0.0, 1, 0), (np.pi / 2, 0, 1)])
def test_streaks_run_along_their_angle(angle: float, along: int, across: int) -> None:
    noise = Canvas(128, np.random.default_rng(0)).noise(1.0, stretch=10, angle=angle)
    assert np.diff(noise, axis=along).std() < 0.6 * np.diff(noise, axis=across).std()


def test_radii_follow_the_power_law() -> None:
    radii = power_law(20000, 0.01, 0.4, np.random.default_rng(0))
    assert radii.min() >= 0.01
    assert radii.max() <= 0.4
    # With density r^-3, the share of larger radii falls as r^-2.
    for radius in (0.02, 0.04, 0.08):
        assert np.mean(radii > radius) == pytest.approx((0.01 / radius) ** 2, rel=0.15)


def test_a_shape_covers_its_place_and_nothing_else() -> None:
    canvas = Canvas(100, np.random.default_rng(0))
    canvas.fill(rectangle(0.1, 0.2, 0.4, 0.6), RED)
    canvas.shape(rectangle(0.6, 0.2, 0.9, 0.6), Surface(BLUE))
    for left, color in ((10, RED), (60, BLUE)):
        inside = canvas.image[21:59, left + 1 : left + 29]
        assert np.abs(inside - 255 * color).max() <= 1
        canvas.image[18:62, left - 2 : left + 32] = 0  # OpenCV's seams are soft
    assert not canvas.image.any()


def test_shapes_outside_the_sheet_leave_no_trace() -> None:
    canvas = Canvas(64, np.random.default_rng(0))
    for x in (-2.0, 3.0):
        canvas.shape(ellipse((x, 0.5), (0.3, 0.3)), Surface(RED), softness=0.05)
        canvas.fill(ellipse((x, 0.5), (0.3, 0.3)), RED)
    assert not canvas.image.any()


def test_light_comes_from_its_side_and_balls_darken_at_the_rim() -> None:
    canvas = Canvas(100, np.random.default_rng(0))
    canvas.shape(ellipse((0.5, 0.5), (0.4, 0.4)), Surface(RED, light=(0.5, 0.0)))
    assert canvas.image[50, 80, 0] > 1.3 * canvas.image[50, 20, 0]
    canvas.shape(ellipse((0.5, 0.5), (0.4, 0.4)), Surface(RED, roundness=0.5))
    assert canvas.image[50, 50, 0] > 1.2 * canvas.image[50, 85, 0]


def test_textures_hang_the_right_way_up() -> None:
    canvas = Canvas(100, np.random.default_rng(0))
    texture = np.zeros((32, 32, 3), np.uint8)
    texture[:16, :16], texture[16:, 16:] = (200, 0, 0), (0, 0, 200)
    canvas.project(texture, np.array([[0.2, 0.2], [0.8, 0.1], [0.8, 0.9], [0.2, 0.8]]))
    assert canvas.image[30, 30].tolist() == [200, 0, 0]
    assert canvas.image[70, 70].tolist() == [0, 0, 200]
    assert not canvas.image[5, 5].any()


def test_the_camera_keeps_the_order_of_colors() -> None:
    scene = np.full((64, 64, 3), (200, 90, 30), np.uint8)
    for seed in range(5):
        red, green, blue = photograph(scene, np.random.default_rng(seed)).mean(axis=(0, 1))
        assert red > green + 20 > blue + 40


def test_nights_stay_darker_than_fog(images: list[RGBImage]) -> None:
    brightness: dict[str, list[float]] = {}
    for number, image in enumerate(images):
        name = FAMILIES[number % len(FAMILIES)].__name__
        brightness.setdefault(name, []).append(float(image.mean()))
    assert max(brightness["night"]) < min(brightness["fog"])
