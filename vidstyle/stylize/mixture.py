"""Mixture of generators: the weighted mean of their stylized images."""

from collections.abc import Sequence

import numpy as np

from vidstyle.frame import RGBImage, check_image
from vidstyle.stylize.finish import Finish
from vidstyle.stylize.generator import ImageGenerator


class Mixture(ImageGenerator):
    """Generator whose output is the weighted mean of other generators' outputs, per RGB pixel.

    Its input has normalized exposure if one of its parts was trained on such.
    """

    def __init__(self, parts: Sequence[tuple[ImageGenerator, float]]) -> None:
        """Combine generators with their weights, which must add up to 1."""
        self._parts = tuple(parts)
        self.finish = Finish.mixed((part.finish, weight) for part, weight in self._parts)
        self.abstraction = sum(weight * part.abstraction for part, weight in self._parts)
        self.smoothing = sum(weight * part.smoothing for part, weight in self._parts)
        self.own_chroma = sum(weight * generator.own_chroma for generator, weight in self._parts)
        self.stroke_lines = sum(weight * part.stroke_lines for part, weight in self._parts)
        self.normalizes_exposure = any(
            generator.normalizes_exposure for generator, _ in self._parts
        )

    def paint(self, image: RGBImage) -> RGBImage:
        """Return the weighted mean as HxWx3 uint8 RGB, rounded once; raises as the parts."""
        check_image(image)
        mean = np.zeros(image.shape, np.float32)
        for generator, weight in self._parts:
            mean += np.float32(weight) * generator.paint(image)
        return np.rint(mean).astype(np.uint8)
