"""Paths to live keyframes, tone transfer, and the fill of disoccluded areas."""

from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.live.scene import panned
from tests.textures import noise_image
from vidstyle.frame import Mask, Picture
from vidstyle.live.propagation import (
    MAX_CONTRAST_GAIN,
    MIN_OCCLUDED_SHARE,
    ToneTransfer,
    TrackedKeyframe,
    fill,
)
from vidstyle.stylize.flow import FlowEstimator, FlowPath, thumbnail

HEIGHT, WIDTH = 96, 128


def picture(seed: int = 0) -> Picture:
    return Picture.from_rgb(noise_image(HEIGHT, WIDTH, seed))


def still(height: int, width: int) -> FlowPath:
    return FlowPath(np.zeros((height, width, 2), np.float32), np.ones((height, width), np.float32))


def test_a_new_keyframe_is_its_own_frame() -> None:
    small = thumbnail(panned(0))
    keyframe = TrackedKeyframe.at("ink", small)
    assert keyframe.style == "ink"
    assert keyframe.path.steps == 0
    assert not keyframe.path.flow.any()
    assert (keyframe.path.confidence == 1).all()


def test_the_path_leads_back_along_the_motion() -> None:
    """The scene moves 2 px to the left a frame, so the keyframe shows it to the right."""
    thumbnails = [thumbnail(panned(number)) for number in range(6)]
    keyframe, estimator = TrackedKeyframe.at(None, thumbnails[0]), FlowEstimator()
    for before, after in pairwise(thumbnails):
        keyframe.extend_path(estimator.between(before, after).to_previous, after)
    height, width = thumbnails[0].shape
    inner = (slice(12, -12), slice(12, -30))
    assert keyframe.path.steps == 5
    per_thumbnail_px = width / 256
    assert np.median(keyframe.path.flow[inner][..., 0]) == pytest.approx(
        10 * per_thumbnail_px, abs=0.3
    )
    assert np.abs(keyframe.path.flow[inner][..., 1]).mean() < 0.2
    assert keyframe.path.confidence[inner].mean() > 0.9
    assert height == 144


def test_what_has_become_brighter_is_not_trusted() -> None:
    dark = np.full((48, 64), 60, np.uint8)
    bright = dark.copy()
    bright[:, 32:] += 60
    keyframe = TrackedKeyframe.at(None, dark)
    keyframe.extend_path(still(48, 64), bright)
    assert (keyframe.path.confidence[:, :32] == 1).all()
    assert (keyframe.path.confidence[:, 32:] == 0).all()


def moments(plane: NDArray[np.uint8]) -> tuple[float, float]:
    return float(plane.mean()), float(plane.std())


def test_tones_bring_a_picture_to_mean_and_spread_of_the_painting() -> None:
    seen, other = picture(0), picture(1)
    painting = Picture(
        np.asarray(40 + seen.y // 2, np.uint8),
        np.asarray(100 + (seen.u.astype(int) - 128) // 2, np.uint8),
        seen.v,
        seen.color,
    )
    tones = ToneTransfer.between(seen, painting)
    shown = tones.applied(seen)
    for found, wanted in zip(shown.planes, painting.planes, strict=True):
        assert moments(found) == pytest.approx(moments(wanted), abs=0.6)
    # Another picture of the scene gets the same gain and offset.
    expected = 40 + 0.5 * other.y.astype(float)
    assert np.abs(tones.applied(other).y - expected).max() < 2


def test_contrast_is_raised_no_more_than_it_may_be() -> None:
    seen = picture(0)
    flat = Picture(np.asarray(120 + seen.y // 16, np.uint8), seen.u, seen.v, seen.color)
    (gain, _), *_ = ToneTransfer.between(flat, seen).changes
    assert gain == MAX_CONTRAST_GAIN


def test_a_picture_of_one_color_gets_the_paintings_mean() -> None:
    even = Picture.from_rgb(np.full((HEIGHT, WIDTH, 3), 90, np.uint8))
    painting = picture(3)
    shown = ToneTransfer.between(even, painting).applied(even)
    for found, wanted in zip(shown.planes, painting.planes, strict=True):
        assert abs(float(found.mean()) - float(wanted.mean())) <= 0.6


def inverted(seen: Picture) -> Picture:
    return Picture.from_rgb(np.asarray(255 - seen.to_rgb()))


def mask(rows: slice, columns: slice) -> Mask:
    lost = np.zeros((48, 64), np.float32)
    lost[rows, columns] = 1
    return lost


def test_holes_show_the_frame_in_the_paintings_tones_and_the_rest_the_painting() -> None:
    seen, painting = picture(0), picture(5)
    tones = ToneTransfer(((0.5, 30.0), (1.0, 0.0), (1.0, 0.0)))
    filled = fill(painting, seen, mask(slice(10, 40), slice(0, 24)), tones)
    hole, rest = (slice(34, 66), slice(0, 32)), (slice(0, HEIGHT), slice(72, WIDTH))
    assert np.abs(filled.y[hole] - (30 + 0.5 * seen.y[hole].astype(float))).max() < 2
    assert np.array_equal(filled.y[rest], painting.y[rest])
    assert np.array_equal(filled.u[17:33, :16], seen.u[17:33, :16])


def test_next_to_nothing_is_not_filled() -> None:
    seen, painting = picture(0), picture(5)
    tones = ToneTransfer.between(seen, inverted(seen))
    assert fill(painting, seen, np.zeros((48, 64), np.float32), tones) is painting
    stray = mask(slice(20, 21), slice(20, 21))
    assert float(stray.mean()) < MIN_OCCLUDED_SHARE
    assert fill(painting, seen, stray, tones) is painting
