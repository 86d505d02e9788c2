"""Frame painter: paints keyframes, and the disoccluded parts of the frames between them."""

from typing import Protocol, Self

from vidstyle.frame import Mask, Picture
from vidstyle.stylize.disocclusion import inpaint
from vidstyle.stylize.generator import ImageGenerator
from vidstyle.stylize.keyframes import TrackedFrame
from vidstyle.stylize.mixture import Mixture


class FramePainter(Protocol):
    """Paints for the temporal core, a generator or an optimizer behind it."""

    def paint(self, frame: TrackedFrame) -> Picture:
        """Paint a keyframe at the working size.

        Called once for each keyframe, several at a time, from threads of the stylizer's pool.
        """

    def inpaint(self, painting: Picture, frame: TrackedFrame, occlusion_mask: Mask) -> Picture:
        """Paint anew the parts of a frame that no keyframe shows.

        Called once for each frame between keyframes, in order, from the stylizer's thread.

        Args:
            painting: the keyframes' paintings brought to this frame.
            frame: the frame itself.
            occlusion_mask: HxW float32 0..1, on the thumbnail's grid; 1 where no keyframe shows
                what the frame shows.
        """

    def blended(self, other: Self, share: float) -> Self:
        """A painter between this one and another; `share` (0..1) is the other's."""


class GeneratorPainter:
    """Paints by one run of a generator, which sees normalized exposure if it was trained so."""

    def __init__(self, generator: ImageGenerator) -> None:
        self._generator = generator

    def paint(self, frame: TrackedFrame) -> Picture:
        return self._generator.paint_picture(self._seen(frame))

    def inpaint(self, painting: Picture, frame: TrackedFrame, occlusion_mask: Mask) -> Picture:
        return inpaint(painting, self._seen(frame), occlusion_mask, self._generator)

    def blended(self, other: "GeneratorPainter", share: float) -> "GeneratorPainter":
        parts = [(self._generator, 1 - share), (other._generator, share)]
        return GeneratorPainter(Mixture(parts))

    def _seen(self, frame: TrackedFrame) -> Picture:
        return self._generator.with_exposure(frame.picture, frame.exposure)
