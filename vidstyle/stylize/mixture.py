"""Several generators as one: the weighted mean of their paintings."""

from collections.abc import Sequence

import numpy as np

from vidstyle.frame import RGBImage
from vidstyle.stylize.generator import ImageGenerator


class Mixture(ImageGenerator):
    """Paints the same picture in each style and mixes what comes out, in RGB, pixel by pixel."""

    def __init__(self, parts: Sequence[tuple[ImageGenerator, float]]) -> None:
        """Take the generators and their weights, which add up to 1."""
        self._parts = tuple(parts)
        self.normalizes_exposure = any(
            generator.normalizes_exposure for generator, _ in self._parts
        )

    def paint(self, image: RGBImage) -> RGBImage:
        """Return the mean of all paintings of HxWx3 uint8 RGB, rounded once."""
        mean = np.zeros(image.shape, np.float32)
        for generator, weight in self._parts:
            mean += np.float32(weight) * generator.paint(image)
        return np.rint(mean).astype(np.uint8)
