"""Measures of a painted picture against its photo: detail bands, faces, eyes, tones, chroma.

Detail bands are octaves of differences of Gaussians of the luma, in pixels of the delivered
picture: fine from sigma 0.5 to 1, middle from sigma 2 to 4.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from vidstyle.errors import SourceError, reason
from vidstyle.frame import LUMA_OF_RGB, RGBImage

FINE_PX, MIDDLE_PX = (0.5, 1.0), (2.0, 4.0)  # sigmas of the two Gaussians of a band
DARKEST = 2  # percent of the pixels
MOST_COLORED = 95  # percentile of the chroma

Plane = NDArray[np.floating]
Box = tuple[float, float, float, float]  # left, top, right, bottom, 0..1 of width and height


@dataclass(frozen=True, slots=True)
class Marks:
    """Boxes of the faces and eyes of one picture."""

    faces: tuple[Box, ...] = ()
    eyes: tuple[Box, ...] = ()


def read_marks(file: Path) -> dict[str, Marks]:
    """Read marks from JSON: picture's file name -> `{"faces": [BOX], "eyes": [BOX]}`.

    A box is left, top, right and bottom, 0..1 of the picture's width and height.

    Raises:
        SourceError: the file cannot be read, or has another form.
    """
    try:
        entries = json.loads(file.read_bytes())
        return {name: _marks(entry) for name, entry in entries.items()}
    except OSError as error:
        raise SourceError(f"Cannot read {file}: {reason(error)}.") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise SourceError(
            f"{file} has no marks of the form "
            '{"a.jpg": {"faces": [[0.1, 0.1, 0.9, 0.9]], "eyes": []}}, with boxes '
            f"of left, top, right and bottom in 0..1 ({error})."
        ) from error


def measures(picture: RGBImage, photo: RGBImage, marks: Marks) -> dict[str, float]:
    """All measures of a picture; those of faces and eyes only where any are marked.

    Args:
        picture: HxWx3 uint8 RGB, as delivered.
        photo: HxWx3 uint8 RGB, the original, of the same size.
        marks: faces and eyes of the photo.

    Returns:
        `fine` and `middle`, correlations of the luma's detail bands with the photo's, -1..1;
        `darkest`, 2nd percentile of L*; `chroma`, 95th percentile of C*ab; `spread_a`, standard
        deviation of a*; `face`, mean standard deviation of L* inside the ellipses of the face
        boxes; `eyes`, mean ratio of the standard deviation of L* inside an eye box to the photo's.
    """
    lab, luma = lab_planes(picture), (_luma(picture), _luma(photo))
    found = {
        "fine": band_correlation(*luma, FINE_PX),
        "middle": band_correlation(*luma, MIDDLE_PX),
        "darkest": float(np.percentile(lab[..., 0], DARKEST)),
        "chroma": float(np.percentile(np.hypot(lab[..., 1], lab[..., 2]), MOST_COLORED)),
        "spread_a": float(lab[..., 1].std()),
    }
    if marks.faces:
        found["face"] = float(np.mean([face_deviation(lab[..., 0], box) for box in marks.faces]))
    if marks.eyes:
        lightness = lab_planes(photo)[..., 0]
        ratios = [eye_contrast(lab[..., 0], lightness, box) for box in marks.eyes]
        found["eyes"] = float(np.mean(ratios))
    return found


def lab_planes(image: RGBImage) -> Plane:
    """Convert HxWx3 uint8 sRGB to HxWx3 float32 CIE L*a*b*, white point D65; L* 0..100."""
    return np.asarray(cv2.cvtColor(image.astype(np.float32) / 255, cv2.COLOR_RGB2LAB), np.float32)


def band_correlation(picture: Plane, photo: Plane, sigmas_px: tuple[float, float]) -> float:
    """Pearson correlation of one detail band of two lumas, -1..1; 0 where one of them has none."""
    bands = [_band(luma, sigmas_px) for luma in (picture, photo)]
    first, second = (band - band.mean() for band in bands)
    norm = float(np.sqrt((first**2).mean() * (second**2).mean()))
    return float((first * second).mean()) / norm if norm > 0 else 0.0


def face_deviation(lightness: Plane, box: Box) -> float:
    """Standard deviation of L* inside the ellipse inscribed in a box."""
    inside = _crop(lightness, box)
    down, right = (np.linspace(-1, 1, length) for length in inside.shape)
    return float(inside[down[:, None] ** 2 + right**2 <= 1].std())


def eye_contrast(lightness: Plane, photo_lightness: Plane, box: Box) -> float:
    """Standard deviation of L* inside a box, over the photo's."""
    deviations = [float(_crop(plane, box).std()) for plane in (lightness, photo_lightness)]
    return deviations[0] / max(deviations[1], 1e-6)


def mean_measures(found: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """Mean of each measure over the pictures that have it."""
    keys = dict.fromkeys(key for one in found for key in one)
    return {key: float(np.mean([one[key] for one in found if key in one])) for key in keys}


def _luma(image: RGBImage) -> Plane:
    return np.asarray(image @ np.array(LUMA_OF_RGB), np.float32)


def _band(luma: Plane, sigmas_px: tuple[float, float]) -> Plane:
    below, above = (cv2.GaussianBlur(luma, (0, 0), sigma) for sigma in sigmas_px)
    return np.asarray(below - above, np.float64)  # float32 sums of a megapixel lose digits


def _crop(plane: Plane, box: Box) -> Plane:
    height, width = plane.shape
    left, top = int(box[0] * width), int(box[1] * height)
    right = max(left + 1, round(box[2] * width))
    return plane[top : max(top + 1, round(box[3] * height)), left:right]


def _marks(entry: Mapping[str, Sequence[Sequence[float]]]) -> Marks:
    faces, eyes = (tuple(map(_box, entry[key])) for key in ("faces", "eyes"))
    return Marks(faces, eyes)


def _box(numbers: Sequence[float]) -> Box:
    left, top, right, bottom = map(float, numbers)
    if not (0 <= left < right <= 1 and 0 <= top < bottom <= 1):
        raise ValueError(f"not a box: {numbers}")
    return left, top, right, bottom
