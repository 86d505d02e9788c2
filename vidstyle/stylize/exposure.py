"""Even light: a picture made about as bright as photos are, before it is painted.

A network without normalization at run time paints a dark room dark and snow white, with a corner
of its painting's palette. Networks with instance norm, as Johnson et al. (arXiv:1603.08155), bring
every picture to the same brightness, but each part of it differently when parts are painted apart.
Here one curve for the whole picture does it: histogram matching to typical photos (Gonzalez and
Woods, Digital Image Processing, 3.3), four fifths of the way, with bounds to its slope, so that
noise in the dark stays small and a fade to black remains one.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from vidstyle.frame import Picture, Plane, RGBImage

# Luma 0..255 of the darkest pixel, of that at a sixteenth of all pixels, ... of photos together.
TYPICAL = (0, 13, 26, 34, 46, 60, 74, 89, 101, 114, 130, 147, 162, 177, 194, 218, 255)
EVENNESS = 0.8  # 1 would give every picture the same histogram
SLOPES = (0.4, 2.5)  # least and largest, before what is missing to white is spread
SMOOTH = 17  # levels
SETTLE_S = 1.0  # the time in which the light of a scene follows by two thirds

Curve = NDArray[np.float32]  # 256, from levels of luma as the plane holds them to others


class ExposureTracker:
    """The curve of frame after frame; slow within a scene, so that nothing pumps."""

    def __init__(self) -> None:
        self._curve: Curve | None = None
        self._time_s = 0.0

    def measure(self, luma: Plane, full_range: bool, time_s: float, cut: bool) -> Curve:
        """Return the curve of the frame with this luma, which may be a thumbnail.

        Args:
            luma: HxW.
            full_range: whether it is 0..255 instead of 16..235.
            time_s: of the frame.
            cut: whether it begins a scene.
        """
        curve, passed_s = exposure_curve(luma, full_range), abs(time_s - self._time_s)
        if self._curve is not None and not cut:
            curve = curve + (self._curve - curve) * np.float32(np.exp(-passed_s / SETTLE_S))
        self._curve, self._time_s = curve, time_s
        return curve


def exposure_curve(luma: Plane, full_range: bool = True) -> Curve:
    """The curve that makes this luma (HxW) evenly lit; black and white stay what they are."""
    black, white = (0, 255) if full_range else (16, 235)
    span = white - black
    counts = np.bincount(luma.ravel(), minlength=256)
    counts[black] += counts[:black].sum()
    counts[white] += counts[white + 1 :].sum()
    inside = counts[black : white + 1]
    shares = (np.cumsum(inside) - inside / 2) / luma.size
    typical = np.asarray(TYPICAL) / 255 * span
    wanted = np.interp(shares, np.linspace(0, 1, len(typical)), typical)
    own = np.arange(span + 1)
    slopes = np.clip(np.diff(own + EVENNESS * (wanted - own)), *SLOPES)
    padded = np.pad(slopes, SMOOTH // 2, mode="edge")
    slopes = np.convolve(padded, np.full(SMOOTH, 1 / SMOOTH), mode="valid")
    slopes += (span - slopes.sum()) / span
    curve = np.arange(256, dtype=np.float32)
    curve[black + 1 : white + 1] = black + np.cumsum(slopes)
    return curve


def with_curve(picture: Picture, curve: Curve) -> Picture:
    """The picture with its luma sent through a curve; its chroma stays."""
    return Picture(_through(curve, picture.y), picture.u, picture.v, picture.color)


def with_normal_exposure(image: RGBImage) -> RGBImage:
    """A picture by itself, HxWx3 uint8 RGB, evenly lit."""
    planes = cv2.split(cv2.cvtColor(image, cv2.COLOR_RGB2YCrCb))
    luma = np.asarray(planes[0], np.uint8)
    even = cv2.merge([_through(exposure_curve(luma), luma), *planes[1:]])
    return np.asarray(cv2.cvtColor(even, cv2.COLOR_YCrCb2RGB), np.uint8)


def _through(curve: Curve, luma: Plane) -> Plane:
    levels = np.rint(curve).clip(0, 255).astype(np.uint8)
    return np.asarray(cv2.LUT(luma, levels), np.uint8)
