"""Encoders are compared by FFmpeg's SSIM at the same bitrate."""

import av
import numpy as np
import pytest

from tests.textures import noise_image
from tools.benchmarks.encoders import measured, ssim
from vidstyle.media.encoders import encoders_named


def frames(noise: float = 0.0) -> list[av.VideoFrame]:
    """Six frames of a picture that moves, with noise of so many levels."""
    image, random = noise_image(128, 96, seed=5, blur=2), np.random.default_rng(1)
    shown = (np.roll(image, 2 * number, axis=1) for number in range(6))
    noisy = (each + random.normal(0, noise, each.shape) for each in shown)
    pictures = (np.clip(each, 0, 255).astype(np.uint8) for each in noisy)
    return [
        av.VideoFrame.from_ndarray(each, "rgb24").reformat(format="yuv420p") for each in pictures
    ]


def test_equal_films_have_an_ssim_of_one_and_noise_lowers_it() -> None:
    assert ssim(frames(), frames()) == pytest.approx(1, abs=1e-6)
    assert 0.2 < ssim(frames(), frames(30)) < ssim(frames(), frames(10)) < 0.99


@pytest.mark.parametrize("name", ["libx264", "libsvtav1"])
def test_more_bits_show_more(name: str) -> None:
    (row,) = (row for row in encoders_named(name) if row.takes_bitrate)
    small, large = (measured(row, frames(3), bitrate) for bitrate in (100_000, 3_000_000))
    assert small.kbit_per_s < large.kbit_per_s
    assert small.ssim < large.ssim < 1
    assert str(large).startswith(f"| {name} | ")
