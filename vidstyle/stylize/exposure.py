"""Exposure normalization: a luma curve that brings a picture to the brightness of typical photos.

Without normalization at run time, a generator paints a dark room dark and snow white, and uses only
a corner of its painting's palette. Instance norm, as in Johnson et al. (arXiv:1603.08155),
normalizes every picture, but each patch differently when patches are painted separately. Here one
curve serves the whole picture: histogram matching to typical photos (Gonzalez and Woods, Digital
Image Processing, 3.3) at a strength of 0.8, with bounded slope, so that noise in dark areas is not
amplified much and a fade to black remains one.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from vidstyle.frame import DEEP, Picture, Plane, RGBImage, to_bytes

# Luma quantiles 0..255 at 0/16, 1/16, ... 16/16 over the pixels of many photos.
TYPICAL_QUANTILES = (0, 13, 26, 34, 46, 60, 74, 89, 101, 114, 130, 147, 162, 177, 194, 218, 255)
NORMALIZATION = 0.8  # strength; 1 would give every picture the same histogram
SLOPE_LIMITS = (0.4, 2.5)  # of the curve, before the rest to white is spread over all levels
SMOOTHING_LEVELS = 17  # luma levels, width of the box filter on the slopes
TIME_CONSTANT_S = 1.0  # of the exponential smoothing of the curve within a scene

Curve = NDArray[np.float32]  # 256 entries, luma level (0..255 as stored) to luma level


class ExposureTracker:
    """Exposure curve of a stream of frames, smoothed in time within a scene against pumping."""

    def __init__(self, first: Curve | None = None) -> None:
        """Begin a stream.

        Args:
            first: curve of the first frame, where a stream goes on; None to measure it.
        """
        self._first = first
        self._curve: Curve | None = None
        self._time_s = 0.0

    def measure(self, luma: Plane, full_range: bool, time_s: float, cut: bool) -> Curve:
        """Return the exposure curve of the next frame.

        Args:
            luma: HxW luma of the frame; a thumbnail will do.
            full_range: True for luma in 0..255, False for 16..235.
            time_s: presentation time of the frame in seconds.
            cut: True for the first frame of a scene; the smoothing starts again.
        """
        curve, passed_s = exposure_curve(luma, full_range), abs(time_s - self._time_s)
        if self._first is not None:
            curve, self._first = self._first, None
        elif self._curve is not None and not cut:
            curve = curve + (self._curve - curve) * np.float32(np.exp(-passed_s / TIME_CONSTANT_S))
        self._curve, self._time_s = curve, time_s
        return curve


def exposure_curve(luma: Plane, full_range: bool = True) -> Curve:
    """Return the exposure curve of one picture by histogram matching.

    Args:
        luma: HxW, of any depth.
        full_range: True for luma in 0..255, False for 16..235.

    Returns:
        256 float32 levels; black and white are fixed points.
    """
    black, white = (0, 255) if full_range else (16, 235)
    span = white - black
    counts = cv2.calcHist([to_bytes(luma)], [0], None, [256], [0, 256]).ravel().astype(np.float64)
    counts[black] += counts[:black].sum()
    counts[white] += counts[white + 1 :].sum()
    inside = counts[black : white + 1]
    shares = (np.cumsum(inside) - inside / 2) / luma.size
    typical = np.asarray(TYPICAL_QUANTILES) / 255 * span
    wanted = np.interp(shares, np.linspace(0, 1, len(typical)), typical)
    own = np.arange(span + 1)
    slopes = np.clip(np.diff(own + NORMALIZATION * (wanted - own)), *SLOPE_LIMITS)
    padded = np.pad(slopes, SMOOTHING_LEVELS // 2, mode="edge")
    slopes = np.convolve(padded, np.full(SMOOTHING_LEVELS, 1 / SMOOTHING_LEVELS), mode="valid")
    slopes += (span - slopes.sum()) / span
    curve = np.arange(256, dtype=np.float32)
    curve[black + 1 : white + 1] = black + np.cumsum(slopes)
    return curve


def with_curve(picture: Picture, curve: Curve) -> Picture:
    """Return the picture with a curve applied to its luma; chroma is unchanged."""
    return Picture(_with_lut(curve, picture.y), picture.u, picture.v, picture.color)


def with_normal_exposure(image: RGBImage) -> RGBImage:
    """Return a single image, HxWx3 uint8 RGB, with normalized exposure."""
    planes = cv2.split(cv2.cvtColor(image, cv2.COLOR_RGB2YCrCb))
    luma = np.asarray(planes[0], np.uint8)
    even = cv2.merge([_with_lut(exposure_curve(luma), luma), *planes[1:]])
    return np.asarray(cv2.cvtColor(even, cv2.COLOR_YCrCb2RGB), np.uint8)


def _with_lut(curve: Curve, luma: Plane) -> Plane:
    levels = np.rint(curve).clip(0, 255).astype(np.uint8)
    if luma.dtype == np.uint8:
        return np.asarray(cv2.LUT(luma, levels), np.uint8)
    deep = np.interp(np.arange(256 * DEEP) / DEEP, np.arange(256), curve.clip(0, 255))
    return np.asarray(np.rint(DEEP * deep).astype(np.uint16)[luma])
