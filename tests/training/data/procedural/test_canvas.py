"""The sheet that procedural pictures are drawn on, against geometry and formulas."""

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.training.data.procedural.spectrum import amplitude_slope
from vidstyle.training.data.procedural.canvas import (
    Canvas,
    Outline,
    Surface,
    blob,
    ellipse,
    polygon,
    rectangle,
)

SIDE = 200
RED, BLUE = np.array([0.8, 0.1, 0.1]), np.array([0.1, 0.1, 0.8])
WHITE = np.ones(3)


def sheet(side: int = SIDE, seed: int = 0) -> Canvas:
    return Canvas(side, np.random.default_rng(seed))


def area(outline: Outline) -> float:
    """Of a polygon, by the shoelace formula."""
    x, y = outline.T
    return float(abs(x @ np.roll(y, -1) - y @ np.roll(x, -1)) / 2)


@pytest.mark.parametrize("slope", [0.0, 1.0, 1.5])
def test_noise_has_the_slope_asked_for(slope: float) -> None:
    noise = Canvas(256, np.random.default_rng(0)).noise(slope)
    assert noise.dtype == np.float32
    assert abs(noise.mean()) < 0.01
    assert noise.std() == pytest.approx(1, abs=1e-3)
    assert amplitude_slope(noise) == pytest.approx(-slope, abs=0.1)


@pytest.mark.parametrize(("angle", "along", "across"), [(0.0, 1, 0), (np.pi / 2, 0, 1)])
def test_streaks_run_along_their_angle(angle: float, along: int, across: int) -> None:
    noise = Canvas(128, np.random.default_rng(0)).noise(1.0, stretch=10, angle=angle)
    assert np.diff(noise, axis=along).std() < 0.6 * np.diff(noise, axis=across).std()


def test_a_shape_covers_its_place_and_nothing_else() -> None:
    canvas = Canvas(100, np.random.default_rng(0))
    canvas.fill(rectangle(0.1, 0.2, 0.4, 0.6), RED)
    canvas.shape(rectangle(0.6, 0.2, 0.9, 0.6), Surface(BLUE))
    for left, color in ((10, RED), (60, BLUE)):
        inside = canvas.image[21:59, left + 1 : left + 29]
        assert np.abs(inside - 255 * color).max() <= 1
        canvas.image[18:62, left - 2 : left + 32] = 0  # OpenCV's seams are soft
    assert not canvas.image.any()


def test_shapes_outside_the_sheet_leave_no_trace() -> None:
    canvas = Canvas(64, np.random.default_rng(0))
    for x in (-2.0, 3.0):
        canvas.shape(ellipse((x, 0.5), (0.3, 0.3)), Surface(RED), softness=0.05)
        canvas.fill(ellipse((x, 0.5), (0.3, 0.3)), RED)
    assert not canvas.image.any()


def test_light_comes_from_its_side_and_balls_darken_at_the_rim() -> None:
    canvas = Canvas(100, np.random.default_rng(0))
    canvas.shape(ellipse((0.5, 0.5), (0.4, 0.4)), Surface(RED, light=(0.5, 0.0)))
    assert canvas.image[50, 80, 0] > 1.3 * canvas.image[50, 20, 0]
    canvas.shape(ellipse((0.5, 0.5), (0.4, 0.4)), Surface(RED, roundness=0.5))
    assert canvas.image[50, 50, 0] > 1.2 * canvas.image[50, 85, 0]


def test_textures_hang_the_right_way_up() -> None:
    canvas = Canvas(100, np.random.default_rng(0))
    texture = np.zeros((32, 32, 3), np.uint8)
    texture[:16, :16], texture[16:, 16:] = (200, 0, 0), (0, 0, 200)
    canvas.project(texture, np.array([[0.2, 0.2], [0.8, 0.1], [0.8, 0.9], [0.2, 0.8]]))
    assert canvas.image[30, 30].tolist() == [200, 0, 0]
    assert canvas.image[70, 70].tolist() == [0, 0, 200]
    assert not canvas.image[5, 5].any()


@pytest.mark.parametrize(
    "make",
    [
        lambda random: ellipse((0.5, 0.45), (0.3, 0.12), 0.7, 60),
        lambda random: polygon((0.5, 0.5), (0.3, 0.2), random),
        lambda random: blob((0.5, 0.5), (0.25, 0.2), random),
        lambda random: rectangle(0.21, 0.33, 0.72, 0.5),
    ],
)
def test_a_filled_shape_covers_its_area(make: Callable[[np.random.Generator], Outline]) -> None:
    for seed in range(3):
        canvas = sheet(seed=seed)
        outline = make(np.random.default_rng(seed))
        canvas.fill(outline, WHITE)
        covered = canvas.image[..., 0].astype(float).mean() / 255
        length = float(np.linalg.norm(outline - np.roll(outline, -1, axis=0), axis=1).sum())
        assert abs(covered - area(outline)) < length / SIDE  # a pixel along its edge


def test_an_ellipse_has_its_area_and_turns_clockwise() -> None:
    outline = ellipse((0.4, 0.6), (0.2, 0.05), np.pi / 4, 200)
    assert area(outline) == pytest.approx(np.pi * 0.2 * 0.05, rel=1e-3)
    assert outline.mean(axis=0) == pytest.approx([0.4, 0.6])
    farthest = outline[np.argmax(np.linalg.norm(outline - [0.4, 0.6], axis=1))] - [0.4, 0.6]
    assert abs(farthest) == pytest.approx([0.2 / 2**0.5] * 2, abs=0.005)
    assert farthest[0] * farthest[1] > 0  # down to the right, as y points down


def test_a_rectangle_is_its_corners() -> None:
    corners = rectangle(0.1, 0.2, 0.4, 0.6)
    assert corners.tolist() == [[0.1, 0.2], [0.4, 0.2], [0.4, 0.6], [0.1, 0.6]]


def test_a_polygon_has_three_to_six_corners_on_its_ellipse() -> None:
    random = np.random.default_rng(0)
    counts = set()
    for _ in range(60):
        outline = polygon((0.0, 0.0), (1.0, 1.0), random)
        counts.add(len(outline))
        assert np.linalg.norm(outline, axis=1) == pytest.approx(np.ones(len(outline)))
    assert counts == {3, 4, 5, 6}


def test_a_tame_blob_is_its_ellipse() -> None:
    outline = blob((0.5, 0.5), (0.2, 0.2), np.random.default_rng(0), wild=0.0)
    assert np.linalg.norm(outline - 0.5, axis=1) == pytest.approx(np.full(len(outline), 0.2))


@pytest.mark.parametrize("alpha", [0.0, 0.3, 1.0])
def test_blending_is_the_weighted_mean(alpha: float) -> None:
    canvas = sheet(40)
    canvas.image[:] = before = np.random.default_rng(1).integers(0, 256, (40, 40, 3), np.uint8)
    colors = np.random.default_rng(2).random((40, 40, 3)).astype(np.float32)
    mask = np.full((40, 40), alpha, np.float32)
    mask[:, 20:] = 0
    canvas.blend(colors, mask)
    expected = before + mask[..., None] * (255 * colors - before)
    assert np.abs(canvas.image - expected).max() <= 0.51
    assert np.array_equal(canvas.image[:, 20:], before[:, 20:])


def test_colors_beyond_white_and_black_are_clipped() -> None:
    canvas = sheet(16)
    canvas.blend(np.array([2.0, -1.0, 0.5]))
    assert canvas.image[3, 4].tolist() == [255, 0, 128]


@pytest.mark.parametrize("width", [0.005, 0.02, 0.1])
def test_a_line_is_as_thick_as_asked_for(width: float) -> None:
    canvas = sheet()
    canvas.line(np.array([[0.1, 0.5], [0.9, 0.5]]), WHITE, width)
    column = canvas.image[:, SIDE // 2, 0].astype(float) / 255
    assert column.sum() == pytest.approx(max(1, round(width * SIDE)), abs=2)  # OpenCV's soft edges
    assert np.average(np.arange(SIDE), weights=column) == pytest.approx(SIDE / 2 - 0.5, abs=0.6)


def test_a_shadow_darkens_its_place_by_its_strength() -> None:
    canvas = sheet()
    canvas.blend(np.full(3, 200 / 255))
    canvas.shadow(rectangle(0.25, 0.25, 0.75, 0.75), 0.4, 0.02)
    assert np.abs(canvas.image[90:110, 90:110].astype(float) - 120).max() <= 1
    assert (canvas.image[:20] == 200).all()
    rows = canvas.image[:, 100, 0].astype(int)
    assert (np.diff(rows[:90]) <= 0).all()  # a soft edge, darker inwards


def test_a_soft_shape_has_a_soft_edge_and_the_same_mass() -> None:
    hard, soft = sheet(), sheet()
    hard.shape(ellipse((0.5, 0.5), (0.2, 0.2)), Surface(WHITE))
    soft.shape(ellipse((0.5, 0.5), (0.2, 0.2)), Surface(WHITE), softness=0.03)
    steps = [np.abs(np.diff(c.image[100, :, 0].astype(int))).max() for c in (hard, soft)]
    assert steps[1] < steps[0] / 4
    assert soft.image.mean() == pytest.approx(hard.image.mean(), rel=0.02)


def test_grain_changes_the_brightness_by_its_roughness() -> None:
    canvas = sheet()
    grain: NDArray[np.float32] = np.zeros((SIDE, SIDE), np.float32)
    grain[:, SIDE // 2 :] = 1
    surface = Surface(np.full(3, 0.4), grain, roughness=0.5)
    canvas.shape(rectangle(0, 0, 1, 1), surface)
    left, right = canvas.image[100, 40, 0], canvas.image[100, 160, 0]
    assert int(left) == pytest.approx(102, abs=1)
    assert int(right) == pytest.approx(102 * np.exp(0.5), abs=1)


def test_blur_keeps_the_mean_and_takes_the_contrast() -> None:
    canvas = sheet()
    canvas.blend(np.clip(0.5 + 0.2 * canvas.noise(0.0), 0, 1)[..., None] * WHITE)
    mean, contrast = canvas.image.mean(), canvas.image.std()
    canvas.blur(0.0)
    assert canvas.image.std() == contrast
    canvas.blur(0.01)
    assert canvas.image.mean() == pytest.approx(mean, abs=0.5)
    assert canvas.image.std() < contrast / 3


def test_a_ridge_is_one_row_of_unit_variance() -> None:
    ridge = sheet().ridge()
    assert ridge.shape == (1, SIDE)
    assert ridge.mean() == pytest.approx(0, abs=1e-5)
    assert ridge.std() == pytest.approx(1, abs=1e-5)


def test_a_ridge_does_not_close_on_itself() -> None:
    """Its ends lie apart, unlike those of periodic noise."""
    gaps = [abs(float(r[0, 0] - r[0, -1])) for r in (sheet(seed=n).ridge() for n in range(10))]
    steps = [float(np.abs(np.diff(sheet(seed=n).ridge())).mean()) for n in range(10)]
    assert np.mean(gaps) > 10 * np.mean(steps)


@pytest.mark.parametrize("period", [0.05, 0.1])
def test_stripes_repeat_after_their_period(period: float) -> None:
    stripes = np.mean([sheet(seed=n).stripes(period, np.pi / 2) ** 2 for n in range(4)])
    assert stripes == pytest.approx(1, abs=0.15)  # variance
    across = sheet().stripes(period, 0.0)
    power = np.abs(np.fft.rfft(across, axis=0)).mean(axis=1)
    assert np.argmax(power[1:]) + 1 == pytest.approx(1 / period, abs=0.25 / period)


def test_the_same_seed_draws_the_same() -> None:
    assert np.array_equal(sheet(seed=3).noise(), sheet(seed=3).noise())
    assert not np.array_equal(sheet(seed=3).noise(), sheet(seed=4).noise())
