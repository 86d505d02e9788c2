"""What is asked of a painting: its Gram matrices at any size, and its colors."""

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

LARGEST_SIDE = 1024  # px of the short side; a painting larger than that shows no other strokes
COLORS_SIDE = 128  # px; enough for a mean and a covariance
LARGEST_GAIN = 2.0  # of a color map; with more, a gray photo's noise turned pink and green

ColorMap = tuple[Tensor, Tensor]  # a 3x3 matrix and an offset of 3


class Painting:
    """A painting as a feature network sees it; what was seen once is kept in a cache."""

    def __init__(self, image: RGBImage, features: FeatureNetwork, cache: Cache) -> None:
        """Take HxWx3 uint8 RGB."""
        self._image, self._features, self._cache = image, features, cache
        self._grams: dict[int, Grams] = {}
        self._colors = _colors(image)
        identity = hashlib.sha256(image.tobytes())
        for value in features.state_dict().values():
            identity.update(value.cpu().numpy().tobytes())
        self._identity = f"{image.shape} {identity.hexdigest()}"

    def grams(self, short_side: int) -> Grams:
        """Gram matrices (1xCxC by layer) of the painting at this size, or its own if smaller."""
        side = min(short_side, LARGEST_SIDE, *self._image.shape[:2])
        if side not in self._grams:
            self._grams[side] = self._cached_grams(side)
        return self._grams[side]

    def color_map(self, photos: Sequence[RGBImage]) -> ColorMap:
        """One map for all of some photos, as a whole, into the painting's colors.

        What a photo hardly has, it does not get: no color is drawn out further than by a factor.
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
            arrays = {name: gram.cpu().numpy() for name, gram in self._look(side).items()}
            self._cache.put(key, arrays)
        return {name: torch.from_numpy(gram).to(self._device) for name, gram in arrays.items()}

    def _look(self, side: int) -> Grams:
        picture = to_tensor(with_short_side(self._image, side, enlarge=False))[None].to(
            self._device
        )
        with torch.no_grad():
            return self._features.grams(self._features(picture))

    @property
    def _device(self) -> torch.device:
        return next(self._features.parameters()).device


def _colors(image: RGBImage) -> Tensor:
    """3xP float32 0..1: each as often as it is there."""
    size_wh = (COLORS_SIDE, COLORS_SIDE)
    small = np.asarray(cv2.resize(image, size_wh, interpolation=cv2.INTER_AREA), np.uint8)
    return to_tensor(small).flatten(1)
