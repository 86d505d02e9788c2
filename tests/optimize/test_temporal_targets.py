"""What paintings of other keyframes say: where to, and how far it is believed."""

from fractions import Fraction

import cv2
import numpy as np
import pytest

from tests.textures import noise_image
from vidstyle.frame import Frame, Picture, RGBImage
from vidstyle.optimize.temporal_targets import (
    Key,
    carried,
    find_keys,
    following,
    keys_in,
    said_after,
    said_before,
)
from vidstyle.options import StylizeOptions
from vidstyle.stylize.flow import Path

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
    keys = find_keys(as_frames(pan(frames)), StylizeOptions(every=every, max_height=HEIGHT))
    assert len(keys) == keys_in(frames, every)
    assert keys[0].to_previous is None
    assert all(key.to_previous and key.from_previous for key in keys[1:])


def test_ways_lead_along_the_motion_there_and_back() -> None:
    keys = find_keys(as_frames(pan(9)), StylizeOptions(every=4, max_height=HEIGHT))
    for key in keys[1:]:
        assert key.to_previous is not None
        assert key.from_previous is not None
        to, back = inner(key.to_previous.flow), inner(key.from_previous.flow)
        assert np.abs(to - (4 * STEP, 0)).max() < 0.5
        assert np.abs(back - (-4 * STEP, 0)).max() < 0.5
        assert inner(key.to_previous.trust).mean() > 0.95


def test_carried_paintings_lie_where_the_keyframe_shows_the_same() -> None:
    images = pan(9)
    keys = find_keys(as_frames(images), StylizeOptions(every=4, max_height=HEIGHT))
    paintings = [key.image for key in keys]
    for says in (said_before(keys, paintings, 2), said_after(keys, paintings, 1)):
        picture, _ = says[0]
        expected = paintings[2 if len(says) > 1 else 1].astype(np.float32) / 255
        assert np.abs(inner(picture) - inner(expected)).mean() < 0.02


def test_no_scene_hears_of_another() -> None:
    cut = [*pan(6), *(255 - im for im in pan(6))]
    keys = find_keys(as_frames(cut), StylizeOptions(every=3, max_height=HEIGHT))
    first = next(n for n, key in enumerate(keys[1:], 1) if key.to_previous is None)
    paintings = [key.image for key in keys]
    assert said_before(keys, paintings, first) == []
    assert said_after(keys, paintings, first - 1) == []
    assert len(said_before(keys, paintings, first + 1)) == 1
    assert len(said_before(keys, paintings, first + 2)) == 2


def test_older_paintings_count_only_where_newer_ones_are_silent() -> None:
    """A wall; in the two keyframes between something dark stands before its left half."""
    wall = SCENERY[:, :WIDTH]
    hidden = wall.copy()
    hidden[:, : WIDTH // 2] = 0
    images = [wall, hidden, hidden, wall]
    everywhere = Path(
        np.zeros((HEIGHT, WIDTH, 2), np.float32), np.ones((HEIGHT, WIDTH), np.float32)
    )
    half = everywhere.trust.copy()
    half[:, : WIDTH // 2] = 0.25
    ways = [None, everywhere, everywhere, Path(everywhere.flow, half)]
    keys = [
        Key(image, np.ascontiguousarray(image[..., 1]), way, way)
        for image, way in zip(images, ways, strict=True)
    ]
    (_, near), (_, middle) = said_before(keys, images, 3)
    np.testing.assert_array_equal(near, half)
    assert middle.max() < 0.1  # hidden there, too, and the right half has been spoken for
    keys.append(Key(wall, keys[3].thumbnail, keys[3].to_previous, None))
    (_, near), (_, middle), (_, oldest) = said_before(keys, [*images, wall], 4)
    assert middle.max() < 0.1
    # max(c_4 - c_1 - c_2, 0), the oldest picture being the same wall
    assert oldest[8:-8, 8 : WIDTH // 2 - 16].mean() > 0.7
    assert oldest[:, WIDTH // 2 :].max() == 0


def test_the_first_of_a_divided_scene_follows_the_last_before() -> None:
    one, other = (
        find_keys(as_frames([image]), StylizeOptions(every=4, max_height=HEIGHT))[0]
        for image in pan(2)
    )
    key = following(one, other)
    assert key.to_previous is not None
    assert key.from_previous is not None
    assert np.abs(inner(key.to_previous.flow) - (STEP, 0)).max() < 0.5
    assert np.abs(inner(key.from_previous.flow) - (-STEP, 0)).max() < 0.5


def test_trust_is_brought_to_the_size_of_the_painting() -> None:
    path = Path(np.zeros((18, 24, 2), np.float32), np.ones((18, 24), np.float32))
    image = SCENERY[:, :WIDTH]
    picture, trust = carried(image, path)
    assert trust.shape == (HEIGHT, WIDTH)
    assert np.abs(picture * 255 - image).max() < 1e-3
    assert cv2.norm(trust, cv2.NORM_INF) == 1
