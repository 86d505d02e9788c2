"""Disoccluded areas: where they are, and what is painted there."""

import cv2
import numpy as np
import pytest

from tests.faces import face_at
from tests.live.scene import Inverter, Striped, stripes
from tests.textures import noise_image
from vidstyle.frame import Mask, Picture
from vidstyle.stylize.disocclusion import (
    FEATHER,
    MAJORITY_SIDE,
    MIN_OCCLUDED_SHARE,
    TILE,
    disoccluded_boxes,
    inpaint,
    majority_filter,
)

HEIGHT, WIDTH = 160, 224


def picture(seed: int, height: int = HEIGHT, width: int = WIDTH) -> Picture:
    return Picture.from_rgb(noise_image(height, width, seed))


def lost(rows: slice, columns: slice, height: int = 72, width: int = 100) -> Mask:
    mask = np.zeros((height, width), np.float32)
    mask[rows, columns] = 1
    return mask


def test_boxes_cover_every_hole_with_room_around() -> None:
    occlusion_mask = np.zeros((60, 80), np.float32)
    occlusion_mask[10:20, 10:20] = occlusion_mask[45:58, 60:78] = 1
    boxes = disoccluded_boxes(occlusion_mask, 320, 240)
    assert len(boxes) == 2
    covered = np.zeros((240, 320), bool)
    for left, top, right, bottom in boxes:
        assert left % 2 == 0 and top % 2 == 0
        covered[top:bottom, left:right] = True
    holes = cv2.resize(occlusion_mask, (320, 240)) > 0
    assert covered[holes].all()
    assert covered.sum() < 320 * 240


def test_stray_pixels_are_no_holes() -> None:
    occlusion_mask = np.zeros((TILE, TILE), np.float32)
    occlusion_mask[5, 5] = 1
    original = picture(0)
    assert inpaint(original, original, occlusion_mask, Inverter()) is original


def test_the_majority_decides_as_in_the_slow_loop() -> None:
    mask = (np.random.default_rng(0).random((20, 25)) < 0.5).astype(np.float32)
    found, half = majority_filter(mask), MAJORITY_SIDE // 2
    for y in range(half, 20 - half):
        for x in range(half, 25 - half):
            share = mask[y - half : y + half + 1, x - half : x + half + 1].mean()
            assert found[y, x] == pytest.approx(min(1, max(0, 3 * share - 0.75)), abs=1e-5)


def test_chance_matches_inside_a_hole_are_dropped_and_stray_losses_too() -> None:
    mask = np.ones((21, 21), np.float32)
    mask[10, 10] = mask[8, 12] = 0
    assert majority_filter(mask)[4:-4, 4:-4].min() == 1
    assert majority_filter(1 - mask)[4:-4, 4:-4].max() == 0


@pytest.mark.parametrize("size_wh", [(320, 240), (33, 21), (1280, 719), (32, 32)])
def test_boxes_are_whole_tiles_inside_the_picture(size_wh: tuple[int, int]) -> None:
    width, height = size_wh
    noise = cv2.resize(np.random.default_rng(3).random((9, 12), np.float32), (160, 120))
    boxes = disoccluded_boxes((noise > 0.6).astype(np.float32), width, height)
    assert boxes
    for left, top, right, bottom in boxes:
        assert 0 <= left < right <= width
        assert 0 <= top < bottom <= height
        assert left % TILE == top % TILE == 0


@pytest.mark.parametrize(("share", "count"), [(1.0, 1), (0.0, 0)])
def test_a_lost_tile_has_a_margin_of_one_tile(share: float, count: int) -> None:
    """A tile stands for 32 px; here the mask has one value for each of them."""
    mask = np.zeros((HEIGHT // TILE, WIDTH // TILE), np.float32)
    mask[2, 3] = share
    boxes = disoccluded_boxes(mask, WIDTH, HEIGHT)
    assert len(boxes) == count
    if boxes:
        assert boxes == [(2 * TILE, TILE, 5 * TILE, 4 * TILE)]


def test_the_share_is_that_of_the_constant() -> None:
    for share, found in ((MIN_OCCLUDED_SHARE - 0.01, False), (MIN_OCCLUDED_SHARE + 0.01, True)):
        assert bool(disoccluded_boxes(np.full((6, 9), share, np.float32), WIDTH, HEIGHT)) is found


def test_a_hole_gets_the_whole_frame_s_stylization_and_the_rest_stays() -> None:
    painting, original, generator = picture(0), picture(1), Inverter()
    mask = lost(slice(20, 50), slice(30, 70))
    filled = inpaint(painting, original, mask, generator)
    wanted = generator.paint_picture(original)
    scale = HEIGHT / 72
    inner = (
        slice(int(20 * scale) + 2 * FEATHER, int(50 * scale) - 2 * FEATHER),
        slice(int(30 * scale) + 2 * FEATHER, int(70 * scale) - 2 * FEATHER),
    )
    assert np.abs(filled.y[inner].astype(int) - wanted.y[inner]).max() <= 2
    outside = np.ones((HEIGHT, WIDTH), bool)
    margin = 2 * FEATHER
    outside[
        int(20 * scale) - margin : int(50 * scale) + margin,
        int(30 * scale) - margin : int(70 * scale) + margin,
    ] = False
    assert np.array_equal(filled.y[outside], painting.y[outside])


def test_nothing_is_painted_on_and_little_more_than_the_hole_is_seen() -> None:
    painting, original, generator = picture(0), picture(1), Inverter()
    kept = [plane.copy() for plane in (*painting.planes, *original.planes)]
    inpaint(painting, original, lost(slice(0, 12), slice(0, 12)), generator)
    planes = (*painting.planes, *original.planes)
    assert all(np.array_equal(a, b) for a, b in zip(planes, kept, strict=True))
    ((height, width),) = generator.sizes
    assert height * width < HEIGHT * WIDTH / 2


@pytest.mark.parametrize("size", [(161, 223), (33, 47), (16, 16)])
def test_pictures_of_any_size_are_filled(size: tuple[int, int]) -> None:
    painting, original = picture(0, *size), picture(1, *size)
    filled = inpaint(painting, original, np.ones((16, 16), np.float32), Inverter())
    wanted = Inverter().paint_picture(original)
    assert np.abs(filled.y.astype(int) - wanted.y).mean() < 4


def test_a_hole_in_a_face_gets_its_finer_strokes() -> None:
    painting, original = picture(0), picture(1)
    face = face_at(WIDTH / 2, HEIGHT / 2)
    everything = np.ones((72, 96), np.float32)
    plain = inpaint(painting, original, everything, Striped())
    fine = inpaint(painting, original, everything, Striped(), [face])
    inside = (HEIGHT // 2, slice(WIDTH // 2 - 16, WIDTH // 2 + 16))
    assert stripes(fine.y[inside]) >= 2 * stripes(plain.y[inside])
    elsewhere = np.s_[:, : WIDTH // 4]
    assert np.array_equal(fine.y[elsewhere], plain.y[elsewhere])


def test_faces_without_a_hole_are_not_painted_again() -> None:
    generator = Striped()
    face = face_at(WIDTH - 17, HEIGHT - 25, 26, 30)
    inpaint(picture(0), picture(1), lost(slice(0, 12), slice(0, 12)), generator, [face])
    assert len(generator.sizes_wh) == 1
