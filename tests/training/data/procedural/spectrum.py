"""How the amplitudes of a picture fall with frequency."""

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray


def amplitude_slope(plane: NDArray[np.floating]) -> float:
    """The power of frequency with which amplitude falls, from rings between 3 and 40 % of 1/px."""
    side = plane.shape[0]
    window = np.hanning(side)
    power = np.abs(np.fft.fft2((plane - plane.mean()) * window * window[:, None])) ** 2
    frequency = np.hypot(np.fft.fftfreq(side), np.fft.fftfreq(side)[:, None])
    edges = np.geomspace(0.03, 0.4, 9)
    rings = [(frequency >= low) & (frequency < high) for low, high in pairwise(edges)]
    logs = [(np.log(frequency[ring].mean()), np.log(power[ring].mean())) for ring in rings]
    x, y = np.transpose(logs)
    return float(np.polyfit(x, y, 1)[0] / 2)
