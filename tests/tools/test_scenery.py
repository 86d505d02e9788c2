"""The sample clip: its flow is true, its cut is where it says, and it is always the same."""

import itertools

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from tools import scenery
from tools.scenery import CUT, FRAME_COUNT, harbor
from tools.scenery.layer import Flow, Layer, Mask, Matrix, RGBImage, affine, compose, flow_between

LINES = 180
IN_A_SCENE = [1, 60, CUT - 1, CUT + 1, 180, FRAME_COUNT - 1]


def warped(image: RGBImage, flow: Flow) -> RGBImage:
    height, width = flow.shape[:2]
    x, y = np.meshgrid(np.arange(width), np.arange(height))
    places = (np.dstack([x, y]) + flow).astype(np.float32)
    found = cv2.remap(image, places[..., 0], places[..., 1], cv2.INTER_LINEAR)
    return np.asarray(found, np.uint8)


def difference(first: RGBImage, second: RGBImage) -> NDArray[np.float64]:
    """Mean over the channels, in levels."""
    return np.asarray(np.abs(first.astype(float) - second).mean(axis=-1))


@pytest.mark.parametrize("index", IN_A_SCENE)
def test_the_flow_leads_to_the_same_surface_in_the_frame_before(index: int) -> None:
    before, now = scenery.render(index - 1, LINES), scenery.render(index, LINES)
    flow, occluded = scenery.flow_to_previous(index, LINES)
    error = difference(warped(before, flow), now)
    assert np.median(error[~occluded]) < 2
    assert error[~occluded].mean() < 4
    assert error[~occluded].mean() < 0.5 * difference(before, now).mean()


@pytest.mark.parametrize("index", IN_A_SCENE)
def test_what_is_occluded_cannot_be_found_in_the_frame_before(index: int) -> None:
    before, now = scenery.render(index - 1, LINES), scenery.render(index, LINES)
    flow, occluded = scenery.flow_to_previous(index, LINES)
    error = difference(warped(before, flow), now)
    assert 0.005 < occluded.mean() < 0.08
    assert error[occluded].mean() > 4 * error[~occluded].mean()


@pytest.mark.parametrize("index", [0, CUT])
def test_the_first_frame_of_a_scene_has_no_previous(index: int) -> None:
    flow, occluded = scenery.flow_to_previous(index, LINES)
    assert occluded.all()
    assert not flow.any()


def test_the_only_cut_is_where_it_says() -> None:
    indices = range(FRAME_COUNT)
    tiny = [scenery.render(index, 36) for index in indices]
    changes = [difference(a, b).mean() for a, b in itertools.pairwise(tiny)]
    assert int(np.argmax(changes)) + 1 == CUT
    assert sorted(changes)[-1] > 2 * sorted(changes)[-2]


def test_the_cameras_pan_opposite_ways() -> None:
    valley_flow, _ = scenery.flow_to_previous(60, LINES)
    harbor_flow, _ = scenery.flow_to_previous(180, LINES)
    assert valley_flow[-1, :, 0].min() > 1  # px; the nearest ground came from the right
    assert harbor_flow[-1, :, 0].max() < -1


def test_painting_again_gives_the_same_picture() -> None:
    layers = [layer.with_density(270) for layer in harbor.layers(540)]
    again, _ = compose(layers, 30 / scenery.RATE, scenery.size_wh(LINES))
    np.testing.assert_array_equal(again, scenery.render(CUT + 30, LINES))


@pytest.mark.parametrize("index", [60, 180])
def test_two_sizes_show_the_same(index: int) -> None:
    large, small = scenery.render(index, 2 * LINES), scenery.render(index, LINES)
    reduced = cv2.resize(large, scenery.size_wh(LINES), interpolation=cv2.INTER_AREA)
    assert difference(np.asarray(reduced, np.uint8), small).mean() < 5


@pytest.mark.parametrize("index", [60, 180])
def test_flow_grows_with_the_picture(index: int) -> None:
    large, _ = scenery.flow_to_previous(index, 2 * LINES)
    small, _ = scenery.flow_to_previous(index, LINES)
    reduced = cv2.resize(large, scenery.size_wh(LINES), interpolation=cv2.INTER_NEAREST)
    assert np.median(np.abs(np.asarray(reduced) / 2 - small)) < 0.02


def test_a_clip_has_the_frames_it_counts() -> None:
    assert next(iter(scenery.frames(36))).shape == (36, 64, 3)
    with pytest.raises(ValueError, match="no frame 240"):
        scenery.render(FRAME_COUNT)


def test_a_moving_square_uncovers_what_lay_behind_it() -> None:
    flow, occluded = square_moving_right(3)
    # A square of 4 pixels came from 3 to the left: those are the 3 columns it has left behind.
    expected = np.zeros((8, 16), bool)
    expected[2:6, 4:7] = True
    np.testing.assert_array_equal(occluded, expected)
    np.testing.assert_allclose(flow[2:6, 7:11], np.broadcast_to((-3, 0), (4, 4, 2)), atol=1e-6)
    assert not flow[:2].any()


def square_moving_right(pixels_a_second: int) -> tuple[Flow, Mask]:
    """Flow over one second, of 16x8 pixels with a square at columns 4 to 7 at first."""

    def place(x: int, y: int, speed: int, side_wh: tuple[int, int]) -> Layer:
        def motion(time_s: float) -> Matrix:
            return affine(speed / 8 * time_s, 0)

        pixels = np.full((side_wh[1], side_wh[0], 4), 255, np.uint8)
        placing = affine((x + 0.5) / 8 - 1, (y + 0.5) / 8 - 0.5, scale=1 / 8)
        return Layer(pixels, placing, motion)

    layers = [place(0, 0, 0, (16, 8)), place(4, 2, pixels_a_second, (4, 4))]
    return flow_between(layers, 1.0, 0.0, (16, 8))
