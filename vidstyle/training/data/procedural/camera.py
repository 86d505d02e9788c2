"""Camera model: sharpness, exposure, tint, vignetting, sensor noise and JPEG compression."""

import cv2
import numpy as np
from numpy.typing import NDArray

from vidstyle.frame import LUMA_OF_RGB, RGBImage

# Targets of the exposure: mean and contrast (standard deviation) of luma, with their spread. 233
# photos have 0.44 +- 0.12 and 0.22 +- 0.06; the contrast is aimed higher as it is reached in part.
MEAN, MEAN_SPREAD = 0.44, 0.11
CONTRAST, CONTRAST_SPREAD = 0.25, 0.06
SHARPNESS = (-0.6, 1.0)  # from a soft lens to a camera that sharpens


def photograph(scene: RGBImage, random: np.random.Generator) -> RGBImage:
    """Apply the camera model to a scene; both are HxWx3 uint8 RGB."""
    light = scene.astype(np.float32) / 255
    blurred = np.asarray(cv2.GaussianBlur(light, (0, 0), 1.0))
    light = light + random.uniform(*SHARPNESS) * (light - blurred)
    light = _exposed(light, random) * (1 + random.normal(0, 0.04, 3))
    light = light * _vignette(light.shape[0], random)
    level = random.choice([0.0, 0.005, 0.01, 0.03])
    if level:
        grain = random.standard_normal(light.shape, np.float32)
        light = light + level * np.sqrt(np.clip(light, 0.05, 1)) * grain
    return _compressed(np.clip(255 * light, 0, 255).astype(np.uint8), random)


def _exposed(light: NDArray[np.floating], random: np.random.Generator) -> NDArray[np.floating]:
    """Bring the exposure part of the way to a typical one: nights stay dark, and fog stays pale.

    Changes luma only; the ratio of the colors stays.
    """
    luma = light @ np.array(LUMA_OF_RGB, np.float32)
    mean, contrast = float(luma.mean()), float(luma.std()) + 0.02
    wanted_mean = (mean + random.normal(MEAN, MEAN_SPREAD)) / 2
    gain = (max(random.normal(CONTRAST, CONTRAST_SPREAD), 0.05) / contrast) ** 0.8
    wanted = np.maximum(wanted_mean + (luma - mean) * np.clip(gain, 0.6, 2.2), 0.3 * luma)
    return np.asarray(light * (wanted / np.maximum(luma, 0.01))[..., None])


def _vignette(side: int, random: np.random.Generator) -> NDArray[np.floating]:
    across = np.linspace(-1, 1, side, dtype=np.float32)
    squared = across[None] ** 2 + across[:, None] ** 2
    return np.asarray(1 - random.uniform(0, 0.2) * squared[..., None])


def _compressed(image: RGBImage, random: np.random.Generator) -> RGBImage:
    """JPEG compression at a random quality of 60..95."""
    quality = int(random.integers(60, 96))
    bgr = cv2.cvtColor(image, cv2.COLOR_RGB2BGR)
    _, encoded = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, quality])
    decoded = cv2.imdecode(encoded, cv2.IMREAD_COLOR)
    assert decoded is not None
    return np.asarray(cv2.cvtColor(decoded, cv2.COLOR_BGR2RGB), np.uint8)
