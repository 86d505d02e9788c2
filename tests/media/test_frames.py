"""Decoded frames as pictures, and back."""

from fractions import Fraction

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from tests.clips import patches, transparent
from tests.textures import noise_image
from vidstyle.frame import BT601, BT709, ColorSpace, Picture
from vidstyle.media.frames import FittingConverter, FrameConverter, video_frame
from vidstyle.media.info import FULL_RANGE, LIMITED_RANGE

SD = ColorSpace(BT601)


def picture(width: int, height: int, color: ColorSpace = SD) -> Picture:
    return Picture.from_rgb(noise_image(height, width), color)


def same(first: Picture, second: Picture) -> bool:
    return all(np.array_equal(a, b) for a, b in zip(first.planes, second.planes, strict=True))


@pytest.mark.parametrize("size_wh", [(64, 48), (33, 21), (1, 1), (3, 2), (130, 66)])
def test_a_picture_comes_back_from_ffmpegs_memory(size_wh: tuple[int, int]) -> None:
    """Rows in FFmpeg's memory are longer than the picture is wide."""
    before = picture(*size_wh)
    frame = video_frame(before, *size_wh)
    assert (frame.width, frame.height, frame.format.name) == (*size_wh, "yuv420p")
    assert same(FrameConverter(*size_wh, before.color).convert(frame), before)


def test_what_lies_beyond_the_size_is_cut_off() -> None:
    before = picture(65, 49)
    frame = video_frame(before, 64, 48)
    after = FrameConverter(64, 48, before.color).convert(frame)
    assert np.array_equal(after.y, before.y[:48, :64])
    assert np.array_equal(after.u, before.u[:24, :32])


def test_a_picture_that_is_right_is_not_copied_and_outlives_its_frame() -> None:
    before, converter = picture(64, 48), FrameConverter(64, 48, ColorSpace(BT601))
    frame = video_frame(before, 64, 48)
    read = converter.convert(frame)
    assert np.shares_memory(read.y, np.frombuffer(frame.planes[0], np.uint8))  # type: ignore[call-overload]
    del frame
    converter.convert(video_frame(picture(64, 48, ColorSpace(BT709)), 64, 48))
    assert same(read, before)


def test_converted_pictures_are_not_painted_on_by_the_next() -> None:
    converter = FrameConverter(64, 48, ColorSpace(BT709))
    first = converter.convert(av.VideoFrame.from_ndarray(patches(64, 48), format="rgb24"))
    kept = [plane.copy() for plane in first.planes]
    second = converter.convert(av.VideoFrame.from_ndarray(255 - patches(64, 48), format="rgb24"))
    assert all(np.array_equal(a, b) for a, b in zip(first.planes, kept, strict=True))
    assert not same(first, second)


def middles(image: NDArray[np.uint8]) -> NDArray[np.int64]:
    """The colors in the middle of the four quarters."""
    height, width = image.shape[:2]
    rows, columns = [height // 4, 3 * height // 4], [width // 4, 3 * width // 4]
    return image[np.ix_(rows, columns)].astype(np.int64)


@pytest.mark.parametrize("full_range", [False, True])
@pytest.mark.parametrize("pixels", ["rgb24", "gbrp", "bgra"])
def test_rgb_becomes_bt709_of_the_range_asked_for(pixels: str, full_range: bool) -> None:
    color = ColorSpace(BT709, full_range)
    frame = av.VideoFrame.from_ndarray(patches(64, 48), format="rgb24").reformat(format=pixels)
    read = FrameConverter(64, 48, color).convert(frame)
    assert np.abs(middles(read.to_rgb()) - middles(patches(64, 48))).max() <= 4


@pytest.mark.parametrize("pixels", ["yuv422p", "yuv444p", "yuv420p10le", "nv12"])
@pytest.mark.parametrize("full_range", [False, True])
def test_other_layouts_keep_their_matrix_and_range(pixels: str, full_range: bool) -> None:
    color, range_ = ColorSpace(BT601, full_range), FULL_RANGE if full_range else LIMITED_RANGE
    frame = video_frame(Picture.from_rgb(patches(64, 48), color), 64, 48)
    frame.colorspace, frame.color_range = BT601, range_
    other = frame.reformat(format=pixels, src_color_range=range_, dst_color_range=range_)
    read = FrameConverter(64, 48, color).convert(other)
    assert np.abs(middles(read.to_rgb()) - middles(patches(64, 48))).max() <= 4


def test_frames_of_another_size_are_scaled() -> None:
    frame = video_frame(Picture.from_rgb(patches(128, 96), ColorSpace(BT601)), 128, 96)
    read = FrameConverter(64, 48, ColorSpace(BT601)).convert(frame)
    assert (read.width, read.height) == (64, 48)
    assert np.abs(middles(read.to_rgb()) - middles(patches(64, 48))).max() <= 4


RED_UNDER = (slice(0, 8), slice(0, 12))


@pytest.mark.parametrize("keep_alpha", [False, True])
@pytest.mark.parametrize("pixels", ["rgba", "argb", "yuva420p", "yuva444p10le", "gbrap"])
def test_transparent_frames_lie_on_white(pixels: str, keep_alpha: bool) -> None:
    frame = av.VideoFrame.from_ndarray(transparent(64, 48), format="rgba").reformat(
        format=pixels, dst_colorspace=None if pixels in ("rgba", "argb", "gbrap") else BT709
    )
    converter = FrameConverter(64, 48, ColorSpace(BT709), keep_alpha=keep_alpha)
    image = converter.convert(frame).to_rgb().astype(int)
    assert image[RED_UNDER].min() > 250
    assert np.abs(image[20:28, 24:40] - (0, 255, 0)).max() < 8
    assert converter.alpha is not None
    assert np.array_equal(converter.alpha, transparent(64, 48)[..., 3])
    converter.convert(video_frame(picture(64, 48), 64, 48))
    assert converter.alpha is None


def test_half_transparent_pixels_keep_their_color_where_alpha_is_kept() -> None:
    half = np.full((48, 64, 4), (0, 0, 255, 128), np.uint8)
    frame = av.VideoFrame.from_ndarray(half, format="rgba")
    over, kept = (
        FrameConverter(64, 48, ColorSpace(BT709), keep_alpha=keep).convert(frame).to_rgb()[9, 9]
        for keep in (False, True)
    )
    assert np.abs(over.astype(int) - (127, 127, 255)).max() < 6
    assert np.abs(kept.astype(int) - (0, 0, 255)).max() < 6


@pytest.mark.parametrize("full_range", [False, True])
def test_opaque_frames_of_formats_with_alpha_are_as_without(full_range: bool) -> None:
    color = ColorSpace(BT709, full_range)
    plain = av.VideoFrame.from_ndarray(patches(64, 48), format="rgb24")
    converter = FrameConverter(64, 48, color)
    assert same(converter.convert(plain.reformat(format="rgba")), converter.convert(plain))
    assert converter.alpha is None


def test_an_alpha_channel_goes_into_the_frame() -> None:
    alpha = transparent(64, 48)[..., 3]
    frame = video_frame(picture(64, 48), 64, 48, alpha)
    assert frame.format.name == "yuva420p"
    assert np.array_equal(np.frombuffer(frame.planes[3], np.uint8).reshape(48, -1)[:, :64], alpha)  # type: ignore[call-overload]


@pytest.mark.parametrize(
    ("size_wh", "aspect", "bars"),
    [
        ((64, 48), Fraction(1), (0, 0)),
        ((96, 48), Fraction(1), (0, 8)),  # columns and rows at each end
        ((32, 48), Fraction(1), (16, 0)),
        ((640, 480), Fraction(1), (0, 0)),
        ((64, 48), Fraction(4, 3), (0, 6)),
        ((48, 48), Fraction(4, 3), (0, 0)),
    ],
)
@pytest.mark.parametrize("full_range", [False, True])
def test_frames_of_another_shape_lie_between_black_bars(
    size_wh: tuple[int, int], aspect: Fraction, bars: tuple[int, int], full_range: bool
) -> None:
    color = ColorSpace(BT601, full_range)
    frame = video_frame(Picture.from_rgb(patches(*size_wh), color), *size_wh)
    converter = FittingConverter(64, 48, color)
    read = converter.convert(frame, aspect)
    assert (read.width, read.height) == (64, 48)
    assert converter.has_bars is (size_wh != (64, 48) or aspect != 1)
    image, (columns, rows) = read.to_rgb(), bars
    inside = image[rows : 48 - rows, columns : 64 - columns]
    assert np.abs(middles(inside) - middles(patches(64, 48))).max() <= 8
    around = np.ones((48, 64), bool)
    around[max(0, rows - 1) : 49 - rows, max(0, columns - 1) : 65 - columns] = False
    assert image[around].max(initial=0) <= 2


def test_bars_are_opaque() -> None:
    half = np.full((48, 96, 4), (0, 0, 255, 128), np.uint8)
    converter = FittingConverter(64, 48, ColorSpace(BT709), keep_alpha=True)
    converter.convert(av.VideoFrame.from_ndarray(half, format="rgba"))
    assert converter.alpha is not None
    assert np.abs(converter.alpha[8:40].astype(int) - 128).max() <= 1
    assert set(np.unique(converter.alpha[:8])) == {255}
