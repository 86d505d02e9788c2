from collections.abc import Callable, Iterable
from fractions import Fraction
from itertools import pairwise

import pytest

from tests.textures import noise_image
from vidstyle.frame import Frame, Picture
from vidstyle.stats import Stats
from vidstyle.stylize.keyframes import KeyframePlanner, KeyframeSpan


def still(seeds: Iterable[int], each: int) -> list[Frame]:
    pictures = [Picture.from_rgb(noise_image(96, 128, seed)) for seed in seeds for _ in range(each)]
    return [Frame(picture, i, Fraction(1, 25)) for i, picture in enumerate(pictures)]


def plan(frames: list[Frame], interval: Callable[[], int]) -> list[KeyframeSpan]:
    planner = KeyframePlanner(adaptive=True, stats=Stats())
    spans = list[KeyframeSpan]()
    for frame in frames:
        spans += planner.add(frame, frame.picture, interval())
    return [*spans, *planner.end()]


@pytest.mark.parametrize("interval", [1, 2, 5, 100])
@pytest.mark.parametrize("each", [1, 2, 7])
def test_every_frame_is_in_one_span_in_order(interval: int, each: int) -> None:
    spans = plan(still((0, 1), each), lambda: interval)
    order = [each.frame.pts for span in spans for each in (*span.between, span.right)]
    assert order == list(range(2 * each))


def test_keyframes_are_no_further_apart_than_the_interval() -> None:
    spans = plan(still((0,), 17), lambda: 4)
    assert [span.right.frame.pts for span in spans] == [0, 4, 8, 12, 16]


def test_a_scene_starts_and_ends_with_keyframes() -> None:
    spans = plan(still((0, 1), 7), lambda: 4)
    assert [span.right.frame.pts for span in spans] == [0, 4, 6, 7, 11, 13]
    assert [span.left is None for span in spans] == [True, False, False] * 2


def test_neighboring_spans_share_their_keyframe() -> None:
    spans = plan(still((0,), 9), lambda: 4)
    for earlier, later in pairwise(spans):
        assert later.left is not None
        assert later.left.thumbnail is earlier.right.thumbnail


def test_a_new_interval_counts_at_once() -> None:
    intervals = iter([3] * 8 + [2] * 40)
    spans = plan(still((0,), 12), lambda: next(intervals))
    distances = [len(span.between) + 1 for span in spans[1:]]
    assert 3 in distances and 2 in distances
