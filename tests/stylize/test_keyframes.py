from collections.abc import Callable, Iterable
from concurrent.futures import Future
from fractions import Fraction

import pytest

from tests.textures import noise_image
from vidstyle.frame import Frame, Picture
from vidstyle.stats import Stats
from vidstyle.stylize.keyframes import Keyframe, KeyframePlanner, Segment, Shot
from vidstyle.stylize.mixture import Mixture


def still(seeds: Iterable[int], each: int) -> list[Frame]:
    pictures = [Picture.from_rgb(noise_image(96, 128, seed)) for seed in seeds for _ in range(each)]
    return [Frame(picture, i, Fraction(1, 25)) for i, picture in enumerate(pictures)]


def plan(frames: list[Frame], interval: Callable[[], int]) -> list[Segment]:
    def keyframe(shot: Shot) -> Keyframe:
        return Keyframe(shot, Mixture([]), Future())  # no painting is ever asked for

    planner = KeyframePlanner(lambda p: p, keyframe, interval, adaptive=True, stats=Stats())
    return [segment for segment in planner.segments(frames) if segment is not None]


@pytest.mark.parametrize("interval", [1, 2, 5, 100])
@pytest.mark.parametrize("each", [1, 2, 7])
def test_every_frame_is_in_one_segment_in_order(interval: int, each: int) -> None:
    segments = plan(still((0, 1), each), lambda: interval)
    order = [
        shot.frame.pts for segment in segments for shot in (*segment.between, segment.right.shot)
    ]
    assert order == list(range(2 * each))


def test_keyframes_are_no_further_apart_than_the_interval() -> None:
    segments = plan(still((0,), 17), lambda: 4)
    assert [segment.right.shot.frame.pts for segment in segments] == [0, 4, 8, 12, 16]


def test_a_scene_starts_and_ends_with_keyframes() -> None:
    segments = plan(still((0, 1), 7), lambda: 4)
    assert [segment.right.shot.frame.pts for segment in segments] == [0, 4, 6, 7, 11, 13]
    assert [segment.left is None for segment in segments] == [True, False, False] * 2


def test_neighboring_segments_share_their_keyframe() -> None:
    segments = plan(still((0,), 9), lambda: 4)
    assert segments[1].left is segments[0].right
    assert segments[2].left is segments[1].right


def test_a_new_interval_counts_at_once() -> None:
    intervals = iter([3] * 8 + [2] * 40)
    segments = plan(still((0,), 12), lambda: next(intervals))
    distances = [len(segment.between) + 1 for segment in segments[1:]]
    assert 3 in distances and 2 in distances
