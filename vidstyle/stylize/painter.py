"""Frame painter: paints keyframes, and inpaints disoccluded areas of the frames between them."""

from typing import Protocol, Self

from vidstyle.frame import Mask, Picture
from vidstyle.stylize.disocclusion import inpaint
from vidstyle.stylize.finish import Finish
from vidstyle.stylize.generator import ImageGenerator
from vidstyle.stylize.keyframes import TrackedFrame
from vidstyle.stylize.mixture import Mixture


class FramePainter(Protocol):
    """Interface between `VideoStylizer` and the generator or optimizer that paints its frames."""

    @property
    def finish(self) -> Finish:
        """Contrast, colors and sharpness of what is delivered; read once per frame."""

    def paint(self, frame: TrackedFrame) -> Picture:
        """Return the painting of a keyframe, at the working size.

        `VideoStylizer` calls it once per keyframe, from its pool threads, several at once.
        """

    def inpaint(self, painting: Picture, frame: TrackedFrame, occlusion_mask: Mask) -> Picture:
        """Return the painting of an inbetween frame with its disoccluded areas painted anew.

        `VideoStylizer` calls it once per frame between keyframes, in order, from the thread that
        iterates `stylize`.

        Args:
            painting: keyframe paintings warped to this frame and cross-faded.
            frame: the frame between keyframes.
            occlusion_mask: HxW float32 0..1, on the thumbnail's grid; 1 where no keyframe shows
                the frame's content.
        """

    def blended(self, other: Self, share: float) -> Self:
        """Return a painter that mixes this one with another, which has weight `share` (0..1).

        `VideoStylizer` calls it once per frame between two keyframes of different painters, from
        the thread that iterates `stylize`.
        """


class GeneratorPainter:
    """`FramePainter` that runs a generator, with normalized exposure if it was trained on such."""

    def __init__(self, generator: ImageGenerator) -> None:
        self._generator = generator

    @property
    def finish(self) -> Finish:
        return self._generator.finish

    def paint(self, frame: TrackedFrame) -> Picture:
        return self._generator.paint_picture(self._exposed(frame))

    def inpaint(self, painting: Picture, frame: TrackedFrame, occlusion_mask: Mask) -> Picture:
        return inpaint(painting, self._exposed(frame), occlusion_mask, self._generator)

    def blended(self, other: "GeneratorPainter", share: float) -> "GeneratorPainter":
        parts = [(self._generator, 1 - share), (other._generator, share)]
        return GeneratorPainter(Mixture(parts))

    def _exposed(self, frame: TrackedFrame) -> Picture:
        return self._generator.with_exposure(frame.picture, frame.exposure)
