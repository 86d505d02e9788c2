"""Paths to live keyframes, tone transfer, and the fill of disoccluded areas."""

from itertools import pairwise

import numpy as np
import pytest

from tests.live.scene import panned
from tests.textures import noise_image
from vidstyle.frame import Mask, Picture, Plane
from vidstyle.live.propagation import (
    MAX_CONTRAST_GAIN,
    MIN_OCCLUDED_SHARE,
    PATCH_TRUST,
    ToneTransfer,
    TrackedKeyframe,
    fill,
    patched,
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


def moments(plane: Plane) -> tuple[float, float]:
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


HOLE, REST = (slice(34, 66), slice(0, 32)), (slice(0, HEIGHT), slice(72, WIDTH))


def test_holes_show_the_frame_in_the_paintings_tones_and_the_rest_the_painting() -> None:
    seen = picture(0)
    tones = ToneTransfer(((0.5, 30.0), (1.0, 0.0), (1.0, 0.0)))
    painting = tones.applied(seen)
    painting.y[28:72, :38] = 255  # not of this frame
    filled = fill(painting, seen, mask(slice(10, 40), slice(0, 24)), tones)
    assert np.abs(filled.y[HOLE] - (30 + 0.5 * seen.y[HOLE].astype(float))).max() < 2
    assert np.array_equal(filled.y[REST], painting.y[REST])
    assert np.array_equal(filled.u[17:33, :16], seen.u[17:33, :16])


def test_a_hole_takes_the_tones_of_the_painting_around_it() -> None:
    """A bright part of a dark picture: the tones of the whole painting would make it white."""
    seen = Picture.from_rgb(np.full((HEIGHT, WIDTH, 3), 200, np.uint8))
    painting = Picture.from_rgb(np.full((HEIGHT, WIDTH, 3), (150, 140, 90), np.uint8))
    hole = mask(slice(16, 34), slice(24, 40))
    filled = fill(painting, seen, hole, ToneTransfer(((2.0, 0.0), (1.0, 0.0), (1.0, 0.0))))
    for found, wanted in zip(filled.planes, painting.planes, strict=True):
        assert np.abs(found.astype(int) - wanted).max() <= 3


def test_a_fill_is_never_brighter_than_the_painting() -> None:
    seen, painting = picture(0), picture(5)
    tones = ToneTransfer(((2.0, 0.0), (1.0, 0.0), (1.0, 0.0)))
    filled = fill(painting, seen, np.ones((48, 64), np.float32), tones)
    assert filled.y.max() <= painting.y.max()
    assert tones.applied(seen).y.max() > painting.y.max()


def test_a_patch_covers_what_the_painting_does_not_show_and_no_more() -> None:
    painting, patch = picture(0), picture(5)
    lost = mask(slice(10, 30), slice(10, 30))
    tracked = TrackedKeyframe.at("ink", np.zeros((48, 64), np.uint8)).inside(
        [(0, 0, WIDTH, HEIGHT)], patch
    )
    covered, confidence = patched(painting, 1 - lost, patch, tracked)
    hole, rest = (slice(32, 48), slice(32, 48)), (slice(0, HEIGHT), slice(80, WIDTH))
    assert np.abs(covered.y[hole].astype(int) - patch.y[hole]).max() <= 1
    assert np.array_equal(covered.y[rest], painting.y[rest])
    assert (confidence == 1).all()


def test_a_patch_has_no_confidence_outside_of_its_boxes() -> None:
    small = thumbnail(picture(0))
    patch = TrackedKeyframe.at("ink", small).inside([(32, 0, 96, 64)], picture(0))
    assert (patch.path.confidence[:64, 32:96] == 1).all()
    assert patch.path.confidence.sum() == 64 * 64
    assert patch.path.steps == 0


def test_a_patch_whose_flow_is_in_doubt_is_shown_with_less_confidence_each_frame() -> None:
    small = thumbnail(picture(0))
    patch = TrackedKeyframe.at("ink", small).inside([(32, 0, 96, 64)], picture(0))
    flow, doubt = np.zeros((*small.shape, 2), np.float32), np.zeros(small.shape, np.float32)
    trusts = []
    for _ in range(3):
        patch.extend_path(FlowPath(flow, doubt), small)
        assert not patch.path.confidence.any()
        assert (patch.patch_confidence[64:] == 0).all()
        trusts.append(patch.patch_confidence[10, 40])
    assert trusts == pytest.approx([1.0, PATCH_TRUST, PATCH_TRUST**2])


def test_a_patch_shows_nothing_from_outside_of_its_picture() -> None:
    small = thumbnail(picture(0))
    patch = TrackedKeyframe.at("ink", small).inside([(0, 0, WIDTH, HEIGHT)], picture(0))
    flow, doubt = np.zeros((*small.shape, 2), np.float32), np.zeros(small.shape, np.float32)
    flow[..., 0] = 16  # the scene moves to the left
    patch.extend_path(FlowPath(flow, doubt), small)
    assert (patch.patch_confidence[:, -15:] == 0).all()
    assert (patch.patch_confidence[:, :-17] == 1).all()


def test_next_to_nothing_is_not_filled() -> None:
    seen, painting = picture(0), picture(5)
    tones = ToneTransfer.between(seen, inverted(seen))
    assert fill(painting, seen, np.zeros((48, 64), np.float32), tones) is painting
    stray = mask(slice(20, 21), slice(20, 21))
    assert float(stray.mean()) < MIN_OCCLUDED_SHARE
    assert fill(painting, seen, stray, tones) is painting
