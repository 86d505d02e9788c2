"""Colors and layouts as programs expect them of cameras."""

import av
import numpy as np
import pytest

from tests.clips import patches
from vidstyle.frame import BT601, BT709, ColorSpace, Picture
from vidstyle.live.pixel_formats import CAMERA_COLOR, to_camera_color, to_yuyv


def test_pictures_in_camera_colors_are_not_touched() -> None:
    picture = Picture.from_rgb(patches(64, 48), CAMERA_COLOR)
    assert to_camera_color(picture) is picture


@pytest.mark.parametrize("matrix", [5, 6])
def test_both_numbers_of_bt601_are_a_cameras(matrix: int) -> None:
    picture = Picture.from_rgb(patches(64, 48), ColorSpace(matrix))
    assert to_camera_color(picture) is picture


@pytest.mark.parametrize(
    "color", [ColorSpace(BT709), ColorSpace(BT709, True), ColorSpace(BT601, True), ColorSpace(9)]
)
def test_other_colors_become_a_cameras_and_look_the_same(color: ColorSpace) -> None:
    picture = Picture.from_rgb(patches(64, 48), color)
    converted = to_camera_color(picture)
    assert converted.color == CAMERA_COLOR
    difference = np.abs(converted.to_rgb().astype(int) - patches(64, 48))
    assert np.median(difference) <= 2
    assert converted.y.min() >= 16 and converted.y.max() <= 235


def test_yuyv_is_the_slow_loops() -> None:
    random = np.random.default_rng(0)
    y, u, v = (random.integers(0, 256, shape, np.uint8) for shape in ((6, 8), (3, 4), (3, 4)))
    packed = to_yuyv(Picture(y, u, v)).reshape(6, 16)
    for row in range(6):
        for column in range(4):
            y1, cb, y2, cr = packed[row, 4 * column : 4 * column + 4]
            assert (y1, y2) == (y[row, 2 * column], y[row, 2 * column + 1])
            assert (cb, cr) == (u[row // 2, column], v[row // 2, column])


def test_ffmpeg_reads_yuyv_as_the_same_picture() -> None:
    picture = Picture.from_rgb(patches(64, 48), CAMERA_COLOR)
    frame = av.VideoFrame.from_ndarray(to_yuyv(picture), format="yuyv422")
    planes = frame.reformat(format="yuv420p").planes
    rows = np.frombuffer(bytes(planes[0]), np.uint8).reshape(48, -1)[:, :64]
    np.testing.assert_array_equal(rows, picture.y)
