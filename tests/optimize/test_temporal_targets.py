"""What paintings of other keyframes say: where to, and how far it is believed."""

from fractions import Fraction

import cv2
import numpy as np
import pytest

from tests.textures import noise_image
from vidstyle.frame import Frame, Picture, RGBImage
from vidstyle.optimize.temporal_targets import (
    SceneKeyframe,
    find_keyframes,
    keyframe_count,
    linked,
    targets_after,
    targets_before,
    warped_target,
)
from vidstyle.options import StylizeOptions
from vidstyle.stylize.flow import FlowPath

HEIGHT, WIDTH, STEP = 72, 96, 2
SCENERY = noise_image(HEIGHT, WIDTH + 60)


def pan(frames: int) -> list[RGBImage]:
    """A view that goes to the right by two pixels a frame."""
    return [np.ascontiguousarray(SCENERY[:, STEP * n : STEP * n + WIDTH]) for n in range(frames)]


def as_frames(images: list[RGBImage]) -> list[Frame]:
    return [Frame(Picture.from_rgb(im), n, Fraction(1, 25)) for n, im in enumerate(images)]


def inner(picture: np.ndarray) -> np.ndarray:
    return picture[8:-8, 28:-28]


@pytest.mark.parametrize(("frames", "every"), [(1, 4), (2, 4), (13, 4), (12, 4), (5, 1)])
def test_keyframes_are_where_the_fast_mode_has_them(frames: int, every: int) -> None:
    keyframes = find_keyframes(
        as_frames(pan(frames)), StylizeOptions(every=every, max_height=HEIGHT)
    )
    assert len(keyframes) == keyframe_count(frames, every)
    assert keyframes[0].to_previous is None
    assert all(keyframe.to_previous and keyframe.from_previous for keyframe in keyframes[1:])


def test_ways_lead_along_the_motion_there_and_back() -> None:
    keyframes = find_keyframes(as_frames(pan(9)), StylizeOptions(every=4, max_height=HEIGHT))
    for keyframe in keyframes[1:]:
        assert keyframe.to_previous is not None
        assert keyframe.from_previous is not None
        to, back = inner(keyframe.to_previous.flow), inner(keyframe.from_previous.flow)
        assert np.abs(to - (4 * STEP, 0)).max() < 0.5
        assert np.abs(back - (-4 * STEP, 0)).max() < 0.5
        assert inner(keyframe.to_previous.confidence).mean() > 0.95


def test_carried_paintings_lie_where_the_keyframe_shows_the_same() -> None:
    images = pan(9)
    keyframes = find_keyframes(as_frames(images), StylizeOptions(every=4, max_height=HEIGHT))
    paintings = [keyframe.image for keyframe in keyframes]
    for targets in (
        targets_before(keyframes, paintings, 2),
        targets_after(keyframes, paintings, 1),
    ):
        picture, _ = targets[0]
        expected = paintings[2 if len(targets) > 1 else 1].astype(np.float32) / 255
        assert np.abs(inner(picture) - inner(expected)).mean() < 0.02


def test_no_scene_hears_of_another() -> None:
    cut = [*pan(6), *(255 - im for im in pan(6))]
    keyframes = find_keyframes(as_frames(cut), StylizeOptions(every=3, max_height=HEIGHT))
    first = next(n for n, keyframe in enumerate(keyframes[1:], 1) if keyframe.to_previous is None)
    paintings = [keyframe.image for keyframe in keyframes]
    assert targets_before(keyframes, paintings, first) == []
    assert targets_after(keyframes, paintings, first - 1) == []
    assert len(targets_before(keyframes, paintings, first + 1)) == 1
    assert len(targets_before(keyframes, paintings, first + 2)) == 2


def test_older_paintings_count_only_where_newer_ones_are_silent() -> None:
    """A wall; in the two keyframes between something dark stands before its left half."""
    wall = SCENERY[:, :WIDTH]
    hidden = wall.copy()
    hidden[:, : WIDTH // 2] = 0
    images = [wall, hidden, hidden, wall]
    everywhere = FlowPath(
        np.zeros((HEIGHT, WIDTH, 2), np.float32), np.ones((HEIGHT, WIDTH), np.float32)
    )
    half = everywhere.confidence.copy()
    half[:, : WIDTH // 2] = 0.25
    ways = [None, everywhere, everywhere, FlowPath(everywhere.flow, half)]
    keyframes = [
        SceneKeyframe(number, image, np.ascontiguousarray(image[..., 1]), way, way)
        for number, (image, way) in enumerate(zip(images, ways, strict=True))
    ]
    (_, near), (_, middle) = targets_before(keyframes, images, 3)
    np.testing.assert_array_equal(near, half)
    assert middle.max() < 0.1  # hidden there, too, and the right half has been spoken for
    keyframes.append(SceneKeyframe(4, wall, keyframes[3].thumbnail, keyframes[3].to_previous, None))
    (_, near), (_, middle), (_, oldest) = targets_before(keyframes, [*images, wall], 4)
    assert middle.max() < 0.1
    # max(c_4 - c_1 - c_2, 0), the oldest picture being the same wall
    assert oldest[8:-8, 8 : WIDTH // 2 - 16].mean() > 0.7
    assert oldest[:, WIDTH // 2 :].max() == 0


def test_the_first_of_a_divided_scene_follows_the_last_before() -> None:
    one, other = (
        find_keyframes(as_frames([image]), StylizeOptions(every=4, max_height=HEIGHT))[0]
        for image in pan(2)
    )
    keyframe = linked(one, other)
    assert keyframe.to_previous is not None
    assert keyframe.from_previous is not None
    assert np.abs(inner(keyframe.to_previous.flow) - (STEP, 0)).max() < 0.5
    assert np.abs(inner(keyframe.from_previous.flow) - (-STEP, 0)).max() < 0.5


def test_trust_is_brought_to_the_size_of_the_painting() -> None:
    path = FlowPath(np.zeros((18, 24, 2), np.float32), np.ones((18, 24), np.float32))
    image = SCENERY[:, :WIDTH]
    picture, confidence = warped_target(image, path)
    assert confidence.shape == (HEIGHT, WIDTH)
    assert np.abs(picture * 255 - image).max() < 1e-3
    assert cv2.norm(confidence, cv2.NORM_INF) == 1
