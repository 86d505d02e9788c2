import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from tests.training.data.procedural.spectrum import amplitude_slope
from vidstyle.frame import RGBImage
from vidstyle.training.data.procedural import FAMILIES, procedural_images

SIDE = 160
RED, BLUE = np.array([0.8, 0.1, 0.1]), np.array([0.1, 0.1, 0.8])


@pytest.fixture(scope="module")
def images() -> list[RGBImage]:
    return procedural_images(2 * len(FAMILIES), seed=0, side=SIDE)


def gray(image: RGBImage) -> NDArray[np.float64]:
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), np.float64)


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


def test_nights_stay_darker_than_fog(images: list[RGBImage]) -> None:
    brightness: dict[str, list[float]] = {}
    for number, image in enumerate(images):
        name = FAMILIES[number % len(FAMILIES)].__name__
        brightness.setdefault(name, []).append(float(image.mean()))
    assert max(brightness["night"]) < min(brightness["fog"])
