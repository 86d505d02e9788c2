"""Faces get finer strokes: from an enlarged crop, in place, and without a seam."""

import numpy as np
import pytest

from tests.faces import face_at
from tests.live.scene import Flat, Inverter, Striped, stripes
from tests.textures import noise_image
from vidstyle.frame import Picture
from vidstyle.stylize.face_detector import Face
from vidstyle.stylize.fine_faces import (
    ALIGNMENT,
    MAX_SHARE,
    SCALES,
    WANTED_LINES,
    box_around,
    fine_parts,
    moved,
    scale_of,
    with_fine_faces,
    with_parts,
)
from vidstyle.stylize.flow import FlowPath

SCENE = Picture.from_rgb(noise_image(240, 320, blur=3))


def face(x: float = 160, y: float = 120, width: float = 40, height: float = 50) -> Face:
    return face_at(x, y, width, height)


def test_strokes_in_a_face_are_finer_by_the_scale() -> None:
    painting = Striped().paint_picture(SCENE)
    finer = with_fine_faces(painting, SCENE, [face()], Striped())
    inside = slice(144, 176)
    assert scale_of(face()) == 3
    assert stripes(finer.y[120, inside]) >= 2.5 * stripes(painting.y[120, inside])


def test_beyond_a_face_nothing_stripes() -> None:
    painting = Striped().paint_picture(SCENE)
    finer = with_fine_faces(painting, SCENE, [face()], Striped())
    left, top, right, bottom = box_around(face(), SCENE)
    outside = np.ones(SCENE.y.shape, bool)
    outside[top:bottom, left:right] = False
    assert outside.any()
    assert np.array_equal(finer.y[outside], painting.y[outside])
    assert not np.array_equal(finer.y, painting.y)


def test_an_even_painting_has_no_seam() -> None:
    painting = Flat(90).paint_picture(SCENE)
    finer = with_fine_faces(painting, SCENE, [face()], Flat(90))
    for before, after in zip(painting.planes, finer.planes, strict=True):
        assert np.array_equal(before, after)


def test_what_is_painted_stays_in_its_place() -> None:
    painting = Inverter().paint_picture(SCENE)
    finer = with_fine_faces(painting, SCENE, [face()], Inverter())
    assert np.abs(finer.y.astype(int) - painting.y).mean() < 2
    assert not np.array_equal(finer.y, painting.y)


@pytest.mark.parametrize(
    ("height", "scale"), [(20, 3.0), (WANTED_LINES / 2, 2.0), (100, 1.5), (200, 1.0)]
)
def test_the_smaller_a_face_the_larger_its_scale(height: float, scale: float) -> None:
    assert scale_of(face(height=height)) == scale


@pytest.mark.parametrize("x", [0, 3, 160, 319])
@pytest.mark.parametrize("y", [0, 77, 239])
def test_crops_lie_in_the_picture_on_whole_cells(x: int, y: int) -> None:
    left, top, right, bottom = box_around(face(x, y), SCENE)
    assert 0 <= left < right <= SCENE.width
    assert 0 <= top < bottom <= SCENE.height
    assert all(side % ALIGNMENT == 0 for side in (left, top, right, bottom))
    assert all(ALIGNMENT * scale % 4 == 0 for scale in SCALES)


def test_a_crowd_costs_no_more_than_its_limit() -> None:
    generator = Striped()
    crowd = [face(x, y) for x in range(40, 320, 40) for y in range(40, 240, 50)]
    parts = fine_parts(SCENE, crowd, generator)
    pixels = sum(width * height for width, height in generator.sizes_wh)
    assert 2 < len(parts) < len(crowd)
    assert sum(part.painted_px for part in parts) == pixels
    assert pixels <= MAX_SHARE * SCENE.width * SCENE.height


@pytest.mark.parametrize(("x", "y"), [(-200, 120), (600, 120), (160, -300), (160, 900)])
def test_a_face_that_has_left_the_picture_is_not_painted(x: int, y: int) -> None:
    assert fine_parts(SCENE, [face(x, y)], Striped()) == []


def test_a_part_of_a_painting_gets_its_part_of_a_face() -> None:
    painting = Striped().paint_picture(SCENE)
    parts = fine_parts(SCENE, [face()], Striped())
    whole = with_parts(painting, parts)
    left, top = 150, 100
    crop = with_parts(painting.crop(left, top, 260, 200), parts, left, top)
    assert np.array_equal(crop.y, whole.y[top:200, left:260])
    far = painting.crop(0, 0, 40, 40)
    assert np.array_equal(with_parts(far, parts).y, far.y)


def test_a_face_moves_with_the_flow() -> None:
    flow = np.tile(np.array([-6, 3], np.float32), (72, 96, 1))  # to the keyframe
    path = FlowPath(flow, np.ones((72, 96), np.float32))
    before = face(100, 100)
    after = moved(before, path, 320, 240)
    assert after.left - before.left == pytest.approx(6 * 320 / 96)
    assert after.bottom - before.bottom == pytest.approx(-3 * 240 / 72)
    assert after.right - after.left == pytest.approx(before.right - before.left)
