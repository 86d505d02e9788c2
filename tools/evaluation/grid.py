"""Checkerboard artifacts: spectral lines at the periods of the generator's upsampling.

Upsampling by pixel shuffle or strided filters leaves patterns with periods of 4 and 2 px (Odena et
al., "Deconvolution and Checkerboard Artifacts", Distill 2016). In the spectrum they are narrow
lines at 1/4 and 1/2 cycles per pixel, where a picture's own spectrum is smooth. Each line is
compared with its neighbors, and that ratio with the photo's.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from vidstyle.frame import RGBImage
from vidstyle.metrics import luminance

SEGMENT = 64  # px; short, so that a grid that comes and goes with the content still makes a line
STEP = SEGMENT // 2
PERIODS = (4, 2)  # px
NEIGHBOR_BINS = (
    3,
    4,
    5,
)  # bins beside the line; a Hann window spreads a line over one on each side
ROUNDING = 1 / 12 / 255**2  # variance that rounding to 8 bits leaves in every pixel


def grid_ratios(images: Sequence[RGBImage], photos: Sequence[RGBImage]) -> dict[int, float]:
    """Strength of the spectral line in the pictures over that in their photos, by period in px.

    Args:
        images: HxWx3 uint8 RGB, sides of at least 64 px.
        photos: originals of the images, of the same sizes.

    Returns:
        Geometric means over the pictures, for the worse of the two directions; 1 is no grid.
    """
    logs = [np.log(_lines(a) / _lines(b)) for a, b in zip(images, photos, strict=True)]
    worse = np.exp(np.mean(logs, axis=0)).max(axis=0)
    return {period: float(ratio) for period, ratio in zip(PERIODS, worse, strict=True)}


def _lines(image: RGBImage) -> NDArray[np.float64]:
    """Power of a line over its neighbors': 2x2, horizontal and vertical, by period."""
    luma = luminance(image).astype(np.float64)
    return np.array([[_line(power, p) for p in PERIODS] for power in map(_power, (luma, luma.T))])


def _power(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """Power spectrum (k/64 cycles per pixel), mean over all rows (Welch, 1967)."""
    segments = np.lib.stride_tricks.sliding_window_view(rows, SEGMENT, axis=1)[:, ::STEP]
    window = np.hanning(SEGMENT + 1)[:-1]
    centered = segments - segments.mean(axis=-1, keepdims=True)
    power = np.abs(np.fft.rfft(centered * window)) ** 2
    floor = ROUNDING * np.square(window).sum()
    return np.asarray(power.mean(axis=(0, 1)) + floor)


def _line(power: NDArray[np.float64], period: int) -> float:
    center, last = SEGMENT // period, len(power) - 1
    around = [b for n in NEIGHBOR_BINS for b in (center - n, center + n) if b <= last]
    line = power[center - 1 : center + 2]
    return float(line.mean() / power[around].mean())
