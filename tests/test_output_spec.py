"""Sizes, rates and bitrates as FFmpeg's users write them."""

from fractions import Fraction

import pytest

from vidstyle.output_spec import OutputSize, bits_per_second, frame_rate


@pytest.mark.parametrize(
    ("text", "before_wh", "after_wh"),
    [
        ("1280x720", (640, 480), (1280, 720)),
        ("1280:720", (640, 480), (1280, 720)),
        ("720p", (1920, 1080), (1280, 720)),
        ("720p", (1080, 1920), (720, 1280)),
        ("720P", (500, 500), (720, 720)),
        ("-1x720", (1920, 1080), (1280, 720)),
        ("-2x720", (1080, 1920), (406, 720)),
        ("1280x-1", (1000, 333), (1280, 426)),
        ("-1X480", (853, 480), (854, 480)),
    ],
)
def test_sizes_are_as_in_ffmpeg(
    text: str, before_wh: tuple[int, int], after_wh: tuple[int, int]
) -> None:
    assert OutputSize.parse(text).of(*before_wh) == after_wh


@pytest.mark.parametrize("text", ["", "720", "p", "x720", "1280x", "-1x-1", "-3x720", "1x2x3"])
def test_other_words_are_no_size(text: str) -> None:
    with pytest.raises(ValueError):
        OutputSize.parse(text)


@pytest.mark.parametrize(
    ("fps", "rate"),
    [
        (25, Fraction(25)),
        (29.97, Fraction(30000, 1001)),
        (30000 / 1001, Fraction(30000, 1001)),
        (23.976, Fraction(24000, 1001)),
        (59.94, Fraction(60000, 1001)),
        (12.5, Fraction(25, 2)),
        (100 / 3, Fraction(100, 3)),
    ],
)
def test_rates_are_exact_ratios(fps: float, rate: Fraction) -> None:
    assert frame_rate(fps) == rate


@pytest.mark.parametrize(
    ("text", "bits"), [("800k", 800_000), ("2.5M", 2_500_000), ("1G", 10**9), ("123456", 123456)]
)
def test_bitrates_have_units(text: str, bits: int) -> None:
    assert bits_per_second(text) == bits


@pytest.mark.parametrize("text", ["", "k", "2Mbit", "inf", "nanM"])
def test_other_words_are_no_bitrate(text: str) -> None:
    with pytest.raises(ValueError):
        bits_per_second(text)
