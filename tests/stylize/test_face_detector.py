"""The shipped face detection network on a portrait, and its boxes, tiles and close-ups."""

from collections.abc import Callable

import cv2
import numpy as np
import pytest

from tests.textures import noise_image
from vidstyle.assets import catalog_section, intact_file, models_folder
from vidstyle.errors import StyleError
from vidstyle.frame import DEEP, Box, Picture, RGBImage
from vidstyle.media.image_file import read_photo
from vidstyle.stylize import face_detector, onnx_session
from vidstyle.stylize.face_detector import (
    CANDIDATES,
    CELLS,
    SCORE,
    SIDE,
    SMALLEST_FACE,
    TILES,
    VALUES,
    Face,
    Rows,
    close_up,
    decoded,
    find_faces,
    intersection_over_union,
    large_enough,
    merged,
    tiles,
    uncut,
)

LARGEST_BYTES = 1100 << 10
CELL = SIDE / CELLS
SIZES = [(854, 480), (480, 854), (640, 480), (1121, 481), (4000, 90), (2, 900)]


def portrait() -> RGBImage:
    """A woman before a flag, from the head to the chest."""
    return read_photo(models_folder() / "photos" / "portrait.jpg")


def in_gray(width: int, height: int, lines: int, left: int, top: int) -> Picture:
    """The portrait at a number of lines on a gray picture."""
    image = np.full((height, width, 3), 90, np.uint8)
    small = cv2.resize(portrait(), (lines, lines), interpolation=cv2.INTER_AREA)
    image[top : top + lines, left : left + lines] = small
    return Picture.from_rgb(image)


def row(left: float, top: float, right: float, bottom: float, score: float = 0.9) -> Rows:
    return np.array([[left, top, right, bottom, score]], np.float32)


def center(face: Face) -> tuple[float, float]:
    return (face.left + face.right) / 2, (face.top + face.bottom) / 2


def test_a_portrait_has_one_face() -> None:
    image = portrait()
    (face,) = find_faces(Picture.from_rgb(image))
    assert face.score > 0.7
    assert center(face) == pytest.approx((0.48 * image.shape[1], 0.45 * image.shape[0]), rel=0.1)


def test_faces_are_where_they_were_drawn_the_largest_first() -> None:
    whole = find_faces(Picture.from_rgb(portrait()))[0]
    scale = portrait().shape[0]
    image = in_gray(854, 480, 200, 600, 40).to_rgb()
    image[250:350, 60:160] = in_gray(100, 100, 100, 0, 0).to_rgb()
    large, small = find_faces(Picture.from_rgb(image))
    for face, (left, top, side) in ((large, (600, 40, 200)), (small, (60, 250, 100))):
        x, y = (side / scale * place for place in center(whole))
        assert center(face) == pytest.approx((left + x, top + y), abs=0.04 * side)


@pytest.mark.parametrize("size", [(854, 480), (480, 854), (853, 479)])
def test_a_face_of_a_tenth_of_the_height_is_found(size: tuple[int, int]) -> None:
    (face,) = find_faces(in_gray(*size, 120, 100, 60))
    assert 0.08 * 480 < face.bottom - face.top < 0.13 * 480


def test_pictures_of_16_bits_have_the_same_faces() -> None:
    picture = Picture.from_rgb(portrait())
    deep = Picture.from_rgb(portrait(), unit=DEEP)
    (face,), (again,) = find_faces(picture), find_faces(deep)
    assert center(again) == pytest.approx(center(face), abs=0.5)


@pytest.mark.parametrize("size", [(160, 90), (90, 160), (3, 2), (1, 1)])
@pytest.mark.parametrize("kind", ["flat", "noise"])
def test_pictures_without_faces_have_none(kind: str, size: tuple[int, int]) -> None:
    flat = np.full((*size, 3), 128, np.uint8)
    image = flat if kind == "flat" else noise_image(*size, 0)
    assert find_faces(Picture.from_rgb(image)) == []


def test_a_cell_tells_the_box_around_its_center() -> None:
    boxes = np.zeros((CELLS, CELLS, VALUES), np.float32)
    scores = np.full((CELLS, CELLS), -9, np.float32)
    scores[10, 20] = 0
    boxes[10, 20, :4] = (3, -2, 30, 40)
    x, y = 20.5 * CELL, 10.5 * CELL
    box = (x + 3 - 15, y - 2 - 20, x + 3 + 15, y - 2 + 20)
    assert np.allclose(decoded(boxes, scores), [[*box, 0.5]])


def test_rows_of_one_face_become_their_weighted_mean_and_others_stay() -> None:
    rows = np.concatenate([row(4, 0, 44, 40, 0.3), row(100, 0, 140, 40, 0.5), row(0, 0, 40, 40)])
    first, second = merged(rows)
    assert first[:4] == pytest.approx([1, 0, 41, 40])
    assert first[SCORE] == pytest.approx(0.9)
    assert np.array_equal(second, rows[1])


def test_no_rows_have_no_faces() -> None:
    assert merged(np.empty((0, SCORE + 1), np.float32)).shape == (0, SCORE + 1)


def test_an_empty_box_is_a_face_of_its_own() -> None:
    assert len(merged(np.concatenate([row(5, 5, 5, 5), row(5, 5, 5, 5)]))) == 2


@pytest.mark.parametrize(
    ("other", "share"),
    [((0, 0, 10, 10), 1), ((5, 0, 15, 10), 1 / 3), ((0, 0, 5, 10), 0.5), ((10, 0, 20, 10), 0)],
)
def test_intersection_over_union(other: tuple[float, float, float, float], share: float) -> None:
    assert intersection_over_union(row(0, 0, 10, 10)[0], row(*other)) == pytest.approx([share])


def test_tiles_of_a_wide_picture_are_two_squares_that_overlap() -> None:
    assert tiles(854, 480) == [Box(0, 0, 480, 480), Box(374, 0, 480, 480)]
    assert tiles(480, 854) == [Box(0, 0, 480, 480), Box(0, 374, 480, 480)]
    assert tiles(500, 480) == []


@pytest.mark.parametrize("size", SIZES)
def test_tiles_lie_on_even_pixels_inside_the_picture(size: tuple[int, int]) -> None:
    parts = tiles(*size)
    assert 2 <= len(parts) <= TILES
    for part in parts:
        assert part.left % 2 == part.top % 2 == 0
        assert part.left + part.width <= size[0]
        assert part.top + part.height <= size[1]


def test_faces_at_a_tile_s_inner_border_are_left_to_others() -> None:
    whole, tile = Box(0, 0, 854, 480), Box(374, 0, 480, 480)
    inside, cut, outside = row(500, 0, 560, 60), row(370, 90, 430, 150), row(800, 90, 860, 150)
    assert np.array_equal(
        uncut(np.concatenate([inside, cut, outside]), tile, whole),
        np.concatenate([inside, outside]),
    )


def test_tiny_faces_are_left_out() -> None:
    rows = np.concatenate([row(5, 5, 9, 4 + SMALLEST_FACE), row(5, 5, 9, 5 + SMALLEST_FACE)])
    assert np.array_equal(large_enough(rows), rows[1:])


@pytest.mark.parametrize("size", [*SIZES, (1, 1)])
@pytest.mark.parametrize("box", [(-9, -9, 40, 40), (400, 200, 430, 240), (0, 0, 9, 12)])
def test_a_close_up_lies_inside_the_picture(
    box: tuple[float, float, float, float], size: tuple[int, int]
) -> None:
    part = close_up(row(*box)[0], *size)
    assert part.left % 2 == part.top % 2 == 0
    assert part.left >= 0
    assert part.top >= 0
    assert 0 < part.width <= size[0] - part.left
    assert 0 < part.height <= size[1] - part.top


def test_a_find_that_is_no_face_from_close_up_is_dropped(
    first_sight: Callable[[Rows], None],
) -> None:
    first_sight(row(20, 20, 60, 60))
    assert find_faces(Picture.from_rgb(noise_image(400, 400, 0))) == []


def test_crowds_get_a_limited_number_of_second_looks(
    monkeypatch: pytest.MonkeyPatch, first_sight: Callable[[Rows], None]
) -> None:
    looks = []

    def counted(picture: Picture, candidate: Rows) -> Rows:
        looks.append(candidate)
        return candidate[np.newaxis]

    monkeypatch.setattr(face_detector, "_second_look", counted)
    first_sight(np.concatenate([row(20 * n, 0, 20 * n + 10, 10 + n) for n in range(40)]))
    faces = find_faces(Picture.from_rgb(noise_image(400, 400, 0)))
    assert len(faces) == len(looks) == CANDIDATES
    heights = [face.bottom for face in faces]
    assert heights == sorted(heights, reverse=True)


@pytest.fixture
def first_sight(monkeypatch: pytest.MonkeyPatch) -> Callable[[Rows], None]:
    """Sets what the network sees in the whole picture; in close-ups it sees what is there."""
    original = face_detector._seen

    def set_rows(rows: Rows) -> None:
        def seen(picture: Picture, part: Box) -> Rows:
            return rows if part.width == picture.width else original(picture, part)

        monkeypatch.setattr(face_detector, "_seen", seen)

    return set_rows


def test_the_network_ships_with_its_license() -> None:
    (entry,) = catalog_section("faces")
    assert intact_file(entry["file"], entry["sha256"]).stat().st_size == entry["bytes"]
    assert entry["bytes"] <= LARGEST_BYTES
    assert entry["licence"] == "Apache-2.0"


def test_a_catalog_without_the_network_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(onnx_session, "catalog_section", lambda name: [])
    onnx_session.shipped_network.cache_clear()
    with pytest.raises(StyleError, match="no network for faces"):
        find_faces(Picture.from_rgb(portrait()))
