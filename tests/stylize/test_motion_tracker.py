"""Motion from frame to frame, scene by scene."""

import numpy as np
import pytest

from tests.textures import noise_image
from vidstyle.frame import Plane
from vidstyle.stylize.flow import FlowEstimator
from vidstyle.stylize.motion_tracker import MotionTracker

HEIGHT, WIDTH, STEP = 96, 128, 2


def pan(count: int, seed: int = 0) -> list[Plane]:
    """Luma of a view that goes to the right by two pixels a frame."""
    scenery = noise_image(HEIGHT, WIDTH + STEP * count, seed)[..., 1]
    return [np.ascontiguousarray(scenery[:, STEP * n : STEP * n + WIDTH]) for n in range(count)]


def test_the_first_frame_has_no_motion_and_the_others_that_of_the_scene() -> None:
    tracker = MotionTracker()
    first, *others = [tracker.advance(frame) for frame in pan(5)]
    assert first is None
    inner = (slice(12, -12), slice(12, -12))
    for motion in others:
        assert motion is not None
        assert motion.to_previous.flow[inner][..., 0].mean() == pytest.approx(STEP, abs=0.1)
        assert motion.from_previous.flow[inner][..., 0].mean() == pytest.approx(-STEP, abs=0.1)
        assert motion.to_previous.confidence[inner].mean() > 0.95


def test_it_is_the_flow_between_the_last_two_frames() -> None:
    frames, tracker = pan(3), MotionTracker()
    for frame in frames:
        motion = tracker.advance(frame)
    expected = FlowEstimator().between(frames[1], frames[2])
    assert motion is not None
    np.testing.assert_array_equal(motion.to_previous.flow, expected.to_previous.flow)


def test_a_cut_begins_a_scene_and_its_second_frame_moves_again() -> None:
    tracker = MotionTracker()
    found = [tracker.advance(frame) is None for frame in (*pan(4, 0), *pan(3, 7))]
    assert found == [True, False, False, False, True, False, False]


def test_another_size_begins_a_scene() -> None:
    tracker = MotionTracker()
    frames = pan(2)
    small = np.ascontiguousarray(frames[0][:80])
    found = [tracker.advance(frame) is None for frame in (*frames, small, small)]
    assert found == [True, False, True, False]


def test_a_still_scene_stands_still() -> None:
    tracker = MotionTracker()
    tracker.advance(pan(1)[0])
    motion = tracker.advance(pan(1)[0].copy())
    assert motion is not None
    assert np.abs(motion.to_previous.flow).max() < 0.05
    assert motion.to_previous.confidence.min() == 1
