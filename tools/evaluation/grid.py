"""Whether a generator draws the grid of its own upsampling.

Enlarging by shuffled pixels or strided filters leaves patterns with periods of 4 and 2 px (Odena et
al., "Deconvolution and Checkerboard Artifacts", Distill 2016). In a spectrum they are narrow lines
at 1/4 and 1/2 cycles a pixel, where a picture's own spectrum is smooth. So each line is compared
with its neighbors, and that ratio with the photo's.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from vidstyle.frame import RGBImage
from vidstyle.metrics import luminance

SEGMENT = 64  # px; short, so that a grid that comes and goes with the content still makes a line
STEP = SEGMENT // 2
PERIODS = (4, 2)  # px
NEIGHBOURS = (3, 4, 5)  # bins beside the line; a Hann window spreads a line over one on each side
ROUNDING = 1 / 12 / 255**2  # variance that rounding to 8 bits leaves in every pixel


def grid_ratios(images: Sequence[RGBImage], photos: Sequence[RGBImage]) -> dict[int, float]:
    """By period in px: how much more the line stands out in the pictures than in their photos.

    Args:
        images: HxWx3 uint8 RGB, sides of at least 64 px.
        photos: what they were painted from.

    Returns:
        Geometric means over the pictures, for the worse of the two directions; 1 is no grid.
    """
    logs = [np.log(_lines(a) / _lines(b)) for a, b in zip(images, photos, strict=True)]
    worse = np.exp(np.mean(logs, axis=0)).max(axis=0)
    return {period: float(ratio) for period, ratio in zip(PERIODS, worse, strict=True)}


def _lines(image: RGBImage) -> NDArray[np.float64]:
    """2x2: across and down, by period, the power in the line over that in its neighbors."""
    luma = luminance(image).astype(np.float64)
    return np.array([[_line(power, p) for p in PERIODS] for power in map(_power, (luma, luma.T))])


def _power(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """Power by frequency (k/64 cycles a pixel), mean over all rows (Welch, 1967)."""
    segments = np.lib.stride_tricks.sliding_window_view(rows, SEGMENT, axis=1)[:, ::STEP]
    window = np.hanning(SEGMENT + 1)[:-1]
    centered = segments - segments.mean(axis=-1, keepdims=True)
    power = np.abs(np.fft.rfft(centered * window)) ** 2
    floor = ROUNDING * np.square(window).sum()
    return np.asarray(power.mean(axis=(0, 1)) + floor)


def _line(power: NDArray[np.float64], period: int) -> float:
    center, last = SEGMENT // period, len(power) - 1
    around = [b for n in NEIGHBOURS for b in (center - n, center + n) if b <= last]
    line = power[center - 1 : center + 2]
    return float(line.mean() / power[around].mean())
