"""Streets and rooms: perspective boxes with textures on their faces."""

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray

from vidstyle.frame import RGBImage
from vidstyle.training.data.procedural.canvas import Canvas, Outline
from vidstyle.training.data.procedural.town import (
    SHEET,
    _box,
    crate,
    facade,
    ground,
    planks,
    room,
    shelves,
    street,
    wall,
)

SIDE = 160
PAINT = np.full(3, 0.7)


def random(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


def meeting_point(face: Outline) -> NDArray[np.floating]:
    """Where the two edges meet that run from the viewer to the back, by Cramer's rule."""
    near_a, far_a, far_b, near_b = face
    a, b = far_a - near_a, far_b - near_b
    across = a[0] * b[1] - a[1] * b[0]
    gap = near_b - near_a
    share = (gap[0] * b[1] - gap[1] * b[0]) / across
    return np.asarray(near_a + share * a)


@pytest.mark.parametrize("seed", range(8))
def test_all_edges_into_the_depth_meet_in_one_vanishing_point(seed: int) -> None:
    box = _box(random(seed), narrow=0.3, low=0.6)
    near_left = np.array([box.left[0], box.left[1], box.left[2], box.left[3]])
    near_right = np.array([box.right[1], box.right[0], box.right[3], box.right[2]])
    left, right = meeting_point(near_left), meeting_point(near_right)
    assert left == pytest.approx(right, abs=1e-6)
    assert box.back[0, 0] < left[0] < box.back[1, 0]
    assert box.back[0, 1] < left[1] < box.back[2, 1]


@pytest.mark.parametrize("seed", range(8))
def test_the_faces_share_their_edges_and_reach_beyond_the_sheet(seed: int) -> None:
    box = _box(random(seed), narrow=0.3, low=0.6)
    top_left, top_right, bottom_right, bottom_left = box.back
    assert np.array_equal(box.left[1:3], [top_left, bottom_left])
    assert np.array_equal(box.right[[0, 3]], [top_right, bottom_right])
    assert np.array_equal(box.floor[:2], [bottom_left, bottom_right])
    assert np.array_equal(box.ceiling[2:], [top_right, top_left])
    corners = np.concatenate([box.floor, box.left, box.right])
    assert corners[:, 0].min() <= 1e-9
    assert corners[:, 0].max() >= 1 - 1e-9
    assert corners[:, 1].max() >= 1 - 1e-9


@pytest.mark.parametrize(
    "texture", [facade, ground, planks, lambda generator: wall(generator, PAINT)]
)
def test_a_texture_is_a_full_sheet_with_something_on_it(
    texture: Callable[[np.random.Generator], RGBImage],
) -> None:
    for seed in range(3):
        image = texture(random(seed))
        assert image.shape == (SHEET, SHEET, 3)
        assert image.dtype == np.uint8
        assert image.std() > 2
        assert np.array_equal(image, texture(random(seed)))


def test_a_facade_has_rows_and_columns_of_windows() -> None:
    """Its columns repeat: the mean row is periodic, with as many periods as windows."""
    for seed in range(4):
        image = facade(random(seed)).astype(float).mean(axis=2)
        profile = image.mean(axis=0)
        power = np.abs(np.fft.rfft(profile - profile.mean()))
        peak = int(np.argmax(power[1:20])) + 1
        assert 3 <= peak < 18  # the first harmonic, or the second where frames stand out


def test_a_bare_wall_is_its_paint() -> None:
    image = wall(random(0), PAINT, bare=True).astype(float)
    assert image.mean(axis=(0, 1)) == pytest.approx(255 * PAINT, abs=4)
    assert image.std() < 20


def test_shelves_stand_on_the_wall_and_leave_the_rest() -> None:
    sheet = Canvas(SHEET, random(0))
    sheet.blend(PAINT)
    before = sheet.image.copy()
    shelves(sheet)
    changed = (sheet.image != before).any(axis=2)
    assert 0.05 < changed.mean() < 0.8


@pytest.mark.parametrize("seed", range(4))
def test_a_crate_stands_on_the_floor(seed: int) -> None:
    generator = random(seed)
    canvas = Canvas(SIDE, generator)
    box = _box(generator, narrow=0.5, low=0.6)
    canvas.blend(np.full(3, 0.5))
    before = canvas.image.copy()
    crate(canvas, box, np.array([0.9, 0.2, 0.1]), 0.15)
    rows = np.flatnonzero((canvas.image != before).any(axis=(1, 2)))
    assert len(rows) > 0
    assert rows.max() >= box.back[2, 1] * SIDE - 2  # not above the edge of the floor


@pytest.mark.parametrize("paint", [street, room])
def test_the_whole_sheet_is_painted_and_each_seed_is_another_place(
    paint: Callable[[Canvas], None],
) -> None:
    images = []
    for seed in range(4):
        canvas = Canvas(SIDE, random(seed))
        paint(canvas)
        images.append(canvas.image)
        assert (canvas.image.max(axis=2) > 0).mean() > 0.9
    for first, second in pairwise(images):
        assert np.abs(first.astype(int) - second).mean() > 8


def test_rooms_grow_darker_away_from_their_light() -> None:
    """The light is a disc: the mean of a room falls off towards one side or corner."""
    spreads = []
    for seed in range(4):
        canvas = Canvas(SIDE, random(seed))
        room(canvas)
        quarters = canvas.image.reshape(2, SIDE // 2, 2, SIDE // 2, 3).mean(axis=(1, 3, 4))
        spreads.append(quarters.max() - quarters.min())
    assert np.mean(spreads) > 15
