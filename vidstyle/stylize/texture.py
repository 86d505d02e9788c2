"""Textures of paintings: covariances of features, and the shipped style with the nearest one.

The feature network runs in ONNX Runtime: the first layers of the slim features, with covariances
(Gram matrices without the means; Gatys et al., arXiv:1508.06576) as outputs. Written by
`tools.styles.textures`, as are the textures of the shipped styles.
"""

from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
import onnxruntime
from numpy.typing import NDArray

from vidstyle.assets import shipped_file
from vidstyle.frame import LUMA_OF_RGB, RGBImage, with_short_side
from vidstyle.stylize.onnx_session import load_session

SHORT_SIDE = 160  # px at which paintings are compared
LONGEST = 16  # times the short side, at most: of longer scrolls the middle counts
LUMA_MEAN, LUMA_DEVIATION = 0.45, 0.22  # of all paintings when compared
LEAST_DEVIATION = 1e-3  # of a painting's luma, against division by zero

Texture = NDArray[np.float32]  # LxP: covariances of L layers, each of length 1


@dataclass(frozen=True, slots=True, eq=False)
class StyleTexture:
    """A shipped style's texture."""

    style: str
    texture: Texture


def texture(painting: RGBImage) -> Texture:
    """Measure a painting's texture; its colors, size and contrast do not count.

    Args:
        painting: HxWx3 uint8 RGB.

    Raises:
        StyleError: a shipped file is missing or altered.
    """
    return unit_rows(covariances(painting, SHORT_SIDE))


def covariances(painting: RGBImage, side: int) -> NDArray[np.float32]:
    """Covariances of L layers of features, LxP float32, each a flattened square matrix.

    Args:
        painting: HxWx3 uint8 RGB; its luma is brought to one mean and contrast.
        side: short side to which it is resized, px.

    Raises:
        StyleError: a shipped file is missing or altered.
    """
    (measured,) = _encoder().run(None, {"luma": _normalized_luma(painting, side)})
    return np.asarray(measured, np.float32)


def unit_rows(layers: NDArray[np.float32]) -> Texture:
    """Scale each layer's covariances, a row, to length 1."""
    lengths = np.linalg.norm(layers, axis=1, keepdims=True)
    return np.asarray(layers / np.maximum(lengths, 1e-12), np.float32)


def similarity(one: Texture, other: Texture) -> float:
    """Mean cosine of the layers' covariances: 1 for equal textures."""
    return float((one * other).sum(axis=1).mean())


def by_nearness(painting: RGBImage) -> list[StyleTexture]:
    """Return the textures of the shipped styles, the nearest to a painting's first.

    Args:
        painting: HxWx3 uint8 RGB.

    Raises:
        StyleError: a shipped file is missing or altered.
    """
    wanted = texture(painting)
    return sorted(shipped_textures(), key=lambda style: -similarity(style.texture, wanted))


@cache
def shipped_textures() -> tuple[StyleTexture, ...]:
    """Return the textures of the shipped styles, in the catalog's order.

    Raises:
        StyleError: the file is missing or altered.
    """
    with np.load(shipped_file("textures", "textures")) as arrays:
        return tuple(
            StyleTexture(str(style), texture.astype(np.float32))
            for style, texture in zip(arrays["styles"], arrays["textures"], strict=True)
        )


def _normalized_luma(painting: RGBImage, side: int) -> NDArray[np.float32]:
    """1x1xHxW float32: the painting in gray, at one size, mean and contrast."""
    small = middle_part(with_short_side(painting, side), LONGEST)
    luma = cv2.transform(small, np.array([LUMA_OF_RGB])).astype(np.float32) / 255
    deviation = max(float(luma.std()), LEAST_DEVIATION)
    normal = (luma - luma.mean()) / deviation * LUMA_DEVIATION + LUMA_MEAN
    return np.asarray(normal.clip(0, 1)[np.newaxis, np.newaxis], np.float32)


def middle_part(image: RGBImage, longest: float) -> RGBImage:
    """The middle part of an image, whose long side is at most `longest` times the short one."""
    limit = round(longest * min(image.shape[:2]))
    top, left = (max(0, (side - limit) // 2) for side in image.shape[:2])
    return np.ascontiguousarray(image[top : top + limit, left : left + limit])


@cache
def _encoder() -> onnxruntime.InferenceSession:
    return load_session(shipped_file("textures", "texture-encoder"), threads=1)
