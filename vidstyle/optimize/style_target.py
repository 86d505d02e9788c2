"""Style target: Gram matrices of the painting at any size, and maps to its colors."""

import hashlib
from collections.abc import Sequence

import cv2
import numpy as np
import torch
from torch import Tensor

from vidstyle.frame import RGBImage, with_short_side
from vidstyle.optimize.cache import Cache
from vidstyle.optimize.objective import Grams
from vidstyle.perceptual.color_transfer import color_map, to_tensor
from vidstyle.perceptual.features import FeatureNetwork

LARGEST_SIDE = 1024  # px, shorter side; a larger size shows no other strokes
COLORS_SIDE = 128  # px; enough for mean and covariance of the colors
LARGEST_GAIN = 2.0  # of a color map; above it, the noise of a gray photo turned pink and green

ColorMap = tuple[Tensor, Tensor]  # 3x3 matrix and offset of 3, for RGB 0..1


class StyleTarget:
    """Gram matrices and colors of a painting; Gram matrices are cached on disk."""

    def __init__(self, image: RGBImage, features: FeatureNetwork, cache: Cache) -> None:
        """Prepare a painting.

        Args:
            image: HxWx3 uint8 RGB.
            features: feature network of the Gram matrices; results are on its device.
            cache: disk cache; its keys are digests of image, feature weights and size.
        """
        self._image, self._features, self._cache = image, features, cache
        self._grams: dict[int, Grams] = {}
        self._colors = _colors(image)
        identity = hashlib.sha256(image.tobytes())
        for value in features.state_dict().values():
            identity.update(value.cpu().numpy().tobytes())
        self._identity = f"{image.shape} {identity.hexdigest()}"

    def grams(self, short_side: int) -> Grams:
        """Return the Gram matrices (1xCxC by layer) of the painting at a shorter side in px.

        The side is limited to the painting's own and to `LARGEST_SIDE`.
        """
        side = min(short_side, LARGEST_SIDE, *self._image.shape[:2])
        if side not in self._grams:
            self._grams[side] = self._cached_grams(side)
        return self._grams[side]

    def color_map(self, photos: Sequence[RGBImage]) -> ColorMap:
        """Return one linear map from the colors of all photos together to the painting's colors.

        No color contrast is amplified by more than `LARGEST_GAIN`, so that nearly gray photos do
        not get strong colors.

        Args:
            photos: HxWx3 uint8 RGB images of any sizes.
        """
        pixels = torch.cat([_colors(photo) for photo in photos], dim=1)
        matrix, _ = color_map(pixels, self._colors)
        gains, directions = torch.linalg.eigh(matrix)
        matrix = directions @ torch.diag(gains.clamp(max=LARGEST_GAIN)) @ directions.T
        offset = self._colors.mean(dim=1) - matrix @ pixels.mean(dim=1)
        return matrix.to(self._device), offset.to(self._device)

    def _cached_grams(self, side: int) -> Grams:
        key = f"{self._identity} {side}"
        arrays = self._cache.get(key)
        if arrays is None:
            arrays = {name: gram.cpu().numpy() for name, gram in self._computed_grams(side).items()}
            self._cache.put(key, arrays)
        return {name: torch.from_numpy(gram).to(self._device) for name, gram in arrays.items()}

    def _computed_grams(self, side: int) -> Grams:
        small = with_short_side(self._image, side, enlarge=False)
        picture = to_tensor(small)[None].to(self._device)
        with torch.no_grad():
            return self._features.grams(self._features(picture))

    @property
    def _device(self) -> torch.device:
        return next(self._features.parameters()).device


def _colors(image: RGBImage) -> Tensor:
    """Pixel colors of the image at a small size, 3xP float32 RGB 0..1."""
    size_wh = (COLORS_SIDE, COLORS_SIDE)
    small = np.asarray(cv2.resize(image, size_wh, interpolation=cv2.INTER_AREA), np.uint8)
    return to_tensor(small).flatten(1)
