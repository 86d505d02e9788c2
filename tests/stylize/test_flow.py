import numpy as np
import pytest

from tests.textures import noise_image
from vidstyle.frame import Flow, Picture, Plane
from vidstyle.stylize.flow import (
    THUMBNAIL_SIDE,
    FlowEstimator,
    FlowPath,
    extend,
    lower_confidence_by_luma,
    round_trip_confidence,
    thumbnail,
)


def texture(height: int = 144, width: int = 200, seed: int = 0) -> Plane:
    return noise_image(height, width, seed)[..., 0].copy()


def constant_flow(dx: float, dy: float, shape: tuple[int, int] = (144, 200)) -> Flow:
    return np.tile(np.array([dx, dy], np.float32), (*shape, 1))


@pytest.mark.parametrize(("dx", "dy"), [(0, 0), (3, -2), (-5, 4)])
def test_a_shift_is_found_both_ways(dx: int, dy: int) -> None:
    large = texture(200, 260)
    previous = large[20:164, 20:220].copy()
    current = large[20 + dy : 164 + dy, 20 + dx : 220 + dx].copy()
    motion = FlowEstimator().between(previous, current)
    inner = np.s_[16:-16, 16:-16]
    assert np.allclose(np.median(motion.to_previous.flow[inner], (0, 1)), [dx, dy], atol=0.2)
    assert np.allclose(np.median(motion.from_previous.flow[inner], (0, 1)), [-dx, -dy], atol=0.2)
    assert motion.to_previous.confidence[inner].mean() > 0.95


def test_opposite_flows_are_trusted_and_contradicting_ones_are_not() -> None:
    there = constant_flow(4, 1)
    assert round_trip_confidence(there, -there)[5:-5, 5:-5].min() == 1
    assert round_trip_confidence(there, there).max() == 0


def test_leaving_the_picture_is_not_trusted() -> None:
    confidence = round_trip_confidence(constant_flow(10, 0), constant_flow(-10, 0))
    assert confidence[:, -9:].max() == 0
    assert confidence[:, :-12].min() == 1


def test_joined_steps_make_the_whole_way() -> None:
    path = FlowPath.identity((40, 60))
    for _ in range(5):
        path = extend(path, FlowPath(constant_flow(2, -1, (40, 60)), np.ones((40, 60), np.float32)))
    assert np.allclose(path.flow, [10, -5])
    assert path.confidence.min() == 1


def test_joining_follows_the_pixel_not_the_place() -> None:
    # The neighbor's way is different left and right; a step to the right must use the right one.
    onward = np.zeros((20, 40, 2), np.float32)
    onward[:, 20:, 1] = 7
    path = FlowPath(onward, np.ones((20, 40), np.float32))
    joined = extend(path, FlowPath(constant_flow(25, 0, (20, 40)), np.ones((20, 40), np.float32)))
    assert np.allclose(joined.flow[:, 0], [25, 7])


def test_trust_once_lost_stays_lost() -> None:
    lost = np.ones((20, 40), np.float32)
    lost[:, 10:20] = 0
    path = extend(FlowPath.identity((20, 40)), FlowPath(constant_flow(0, 0, (20, 40)), lost))
    path = extend(path, FlowPath(constant_flow(0, 0, (20, 40)), np.ones((20, 40), np.float32)))
    assert np.array_equal(path.confidence, lost)


def test_another_brightness_is_doubted() -> None:
    here = texture(40, 60)
    there = here.copy()
    there[:, 30:] = 255 - there[:, 30:]
    path = lower_confidence_by_luma(FlowPath.identity((40, 60)), here, there)
    assert path.confidence[:, :30].min() == 1
    assert path.confidence[:, 30:].mean() < 0.5


def test_a_thumbnail_keeps_the_shape_of_the_picture() -> None:
    for height, width in ((1080, 1920), (1920, 1080), (480, 480)):
        picture = Picture.from_rgb(np.zeros((height, width, 3), np.uint8))
        small = thumbnail(picture)
        assert min(small.shape) == THUMBNAIL_SIDE
        assert abs(small.shape[1] / small.shape[0] - width / height) < 0.01


def test_tiny_pictures_do_not_move() -> None:
    motion = FlowEstimator().between(np.zeros((1, 1), np.uint8), np.ones((1, 1), np.uint8))
    assert motion.to_previous.flow.max() == 0
