"""Facts about a video: expected frames, colors, rate, and the way up."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import av
import numpy as np
import pytest

from tests.clips import Clip
from tests.textures import noise_image
from vidstyle.frame import BT601, BT709, ColorSpace, Picture
from vidstyle.media.info import (
    DEFAULT_RATE,
    FULL_RANGE,
    LIMITED_RANGE,
    ColorTags,
    Orientation,
    VideoInfo,
    color_space,
    color_tags,
    is_rgb,
    nominal_rate,
    orientation,
)

BT2020, UNSPECIFIED = 9, 2
INFO = VideoInfo(
    path=Path("a.mp4"),
    width=64,
    height=48,
    sample_aspect_ratio=Fraction(1),
    rate=Fraction(25),
    time_base=Fraction(1, 25),
    duration_s=4.0,
    frame_count=None,
    origin_s=Fraction(0),
    end_s=None,
    color=ColorTags(UNSPECIFIED, UNSPECIFIED, UNSPECIFIED, 0),
    tags={},
)


@pytest.mark.parametrize(
    ("changes", "frames"),
    [
        ({}, 100),
        ({"frame_count": 97}, 97),
        ({"duration_s": None}, None),
        ({"duration_s": None, "frame_count": 97}, 97),
        ({"origin_s": Fraction(1)}, 75),
        ({"origin_s": Fraction(1), "frame_count": 97}, 75),
        ({"end_s": 2.0}, 50),
        ({"end_s": 2.0, "frame_count": 97}, 50),
        ({"end_s": 9.0}, 100),
        ({"end_s": 9.0, "origin_s": Fraction(3)}, 25),
        ({"end_s": 2.0, "duration_s": None}, 50),
        ({"rate": Fraction(30000, 1001)}, 120),
    ],
)
def test_expected_frames_are_those_between_start_and_end(
    changes: dict[str, Any], frames: int | None
) -> None:
    assert replace(INFO, **changes).expected_frames == frames


@pytest.mark.parametrize(
    ("matrix", "size_wh", "expected"),
    [
        (UNSPECIFIED, (720, 576), BT601),
        (UNSPECIFIED, (1280, 720), BT709),
        (UNSPECIFIED, (720, 1280), BT709),
        (UNSPECIFIED, (1280, 718), BT601),
        (BT709, (64, 48), BT709),
        (BT601, (1920, 1080), BT601),
        (BT2020, (64, 48), BT2020),
        (0, (64, 48), BT601),  # RGB is no matrix of YUV
        (99, (1920, 1080), BT709),
    ],
)
@pytest.mark.parametrize("range_", [0, LIMITED_RANGE, FULL_RANGE])
def test_colors_are_read_by_their_tags_or_by_size(
    matrix: int, size_wh: tuple[int, int], expected: int, range_: int
) -> None:
    tags = ColorTags(matrix, UNSPECIFIED, UNSPECIFIED, range_)
    space = ColorSpace(expected, full_range=range_ == FULL_RANGE)
    assert color_space(tags, *size_wh) == space
    info = replace(INFO, color=tags, width=size_wh[0], height=size_wh[1])
    assert info.color_space() == space


@pytest.mark.parametrize("turns", range(4))
@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("size", [(48, 64), (47, 63)])
def test_a_picture_is_mirrored_and_then_turned(
    turns: int, mirrored: bool, size: tuple[int, int]
) -> None:
    picture = Picture.from_rgb(noise_image(*size), ColorSpace(BT601))
    way = Orientation(mirrored, turns)
    upright = way.applied(picture)
    for found, plane in zip(upright.planes, picture.planes, strict=True):
        expected = np.rot90(np.fliplr(plane) if mirrored else plane, turns)
        np.testing.assert_array_equal(found, expected)
    assert upright.color == picture.color
    assert way.swaps_sides is (upright.y.shape != picture.y.shape)


@pytest.mark.parametrize("degrees", [0, 90, 180, 270])
@pytest.mark.parametrize("mirrored", [False, True])
def test_the_orientation_is_read_from_the_file(
    tmp_path: Path, degrees: int, mirrored: bool
) -> None:
    clip = Clip(frames=1, rotation=degrees, mirrored=mirrored).write(tmp_path / "clip.mp4")
    with av.open(str(clip)) as container:
        found = orientation(next(container.decode(video=0)))
    assert found.mirrored is mirrored
    assert found.swaps_sides is (degrees in (90, 270))
    if not mirrored:
        assert found.quarter_turns == degrees // 90


def test_a_frame_without_a_matrix_is_upright() -> None:
    assert orientation(av.VideoFrame(16, 16, "yuv420p")) == Orientation(False, 0)


@pytest.mark.parametrize(
    ("average", "guessed", "expected"),
    [
        (Fraction(24), Fraction(25), 24),
        (None, Fraction(25), 25),
        (Fraction(0), Fraction(30), 30),
        (Fraction(1000), Fraction(30), 30),  # a container's word for "unknown"
        (Fraction(90000), None, DEFAULT_RATE),
        (None, None, DEFAULT_RATE),
        (Fraction(300), None, 300),
        (Fraction(30000, 1001), None, Fraction(30000, 1001)),
    ],
)
def test_the_first_likely_rate_counts(
    average: Fraction | None, guessed: Fraction | None, expected: Fraction
) -> None:
    stream: Any = SimpleNamespace(average_rate=average, guessed_rate=guessed)
    assert nominal_rate(stream) == expected


@pytest.mark.parametrize(
    ("pixels", "rgb"), [("rgb24", True), ("gbrp", True), ("bgr0", True), ("pal8", True),
                        ("yuv420p", False), ("gray", False), ("yuva420p", False)],
)  # fmt: skip
def test_rgb_is_told_by_the_pixel_format(pixels: str, rgb: bool) -> None:
    frame = av.VideoFrame(16, 16, pixels)
    assert is_rgb(frame) is rgb
    if rgb:
        assert color_tags(frame) == ColorTags(BT709, BT709, BT709, LIMITED_RANGE)


def test_tags_go_along_and_old_formats_of_jpeg_are_full_range() -> None:
    frame = av.VideoFrame(16, 16, "yuv420p")
    frame.colorspace, frame.color_range = BT601, LIMITED_RANGE
    tags = color_tags(frame)
    assert (tags.matrix, tags.range) == (BT601, LIMITED_RANGE)
    frame.color_range = FULL_RANGE
    assert color_tags(frame).range == FULL_RANGE
    assert color_tags(av.VideoFrame(16, 16, "yuvj420p")).range == FULL_RANGE
