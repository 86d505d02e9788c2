"""Frame painter: paints keyframes, and inpaints disoccluded areas of the frames between them."""

from collections.abc import Callable, Sequence
from typing import Protocol, Self

from vidstyle.frame import Mask, Picture
from vidstyle.stylize.disocclusion import inpaint
from vidstyle.stylize.fine_faces import with_fine_faces
from vidstyle.stylize.finish import Finish
from vidstyle.stylize.generator import ImageGenerator
from vidstyle.stylize.keyframes import TrackedFrame
from vidstyle.stylize.warp import fade


class FramePainter(Protocol):
    """Interface between `VideoStylizer` and the generator or optimizer that paints its frames."""

    @property
    def finish(self) -> Finish:
        """Contrast, colors and sharpness of what is delivered; read once per frame."""

    def paint(self, frame: TrackedFrame) -> Picture:
        """Return the painting of a keyframe, at the working size.

        Its `faces` are painted finely, and all of it in the style's strokes if it says so.

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
    """`FramePainter` that runs a generator, or mixes the paintings of several while styles change.

    Each generator sees normalized exposure if it was trained on such.
    """

    def __init__(self, *generators: ImageGenerator, weights: Sequence[float] = (1.0,)) -> None:
        """Make a painter of one generator, or of several with weights that add up to 1."""
        self._weights = dict(zip(generators, weights, strict=True))

    @property
    def finish(self) -> Finish:
        return Finish.mixed((part.finish, weight) for part, weight in self._weights.items())

    def paint(self, frame: TrackedFrame) -> Picture:
        return self._mean(lambda part: _painted(frame, part))

    def inpaint(self, painting: Picture, frame: TrackedFrame, occlusion_mask: Mask) -> Picture:
        return self._mean(
            lambda part: inpaint(
                painting,
                _exposed(frame, part),
                occlusion_mask,
                part,
                frame.faces,
                _scale(frame, part),
            )
        )

    def blended(self, other: "GeneratorPainter", share: float) -> "GeneratorPainter":
        first, second = self._weights, other._weights
        weights = {
            part: (1 - share) * first.get(part, 0) + share * second.get(part, 0)
            for part in {**first, **second}
        }
        used = {part: weight for part, weight in weights.items() if weight > 0}
        return GeneratorPainter(*used, weights=tuple(used.values()))

    def _mean(self, painted: Callable[[ImageGenerator], Picture]) -> Picture:
        """Weighted mean of the generators' pictures."""
        mean, total = None, 0.0
        for generator, weight in self._weights.items():
            picture, total = painted(generator), total + weight
            mean = picture if mean is None else fade(mean, picture, weight / total)
        assert mean is not None
        return mean


def _painted(frame: TrackedFrame, generator: ImageGenerator) -> Picture:
    exposed = _exposed(frame, generator)
    scale = _scale(frame, generator)
    painting = generator.paint_picture(exposed, scale)
    return with_fine_faces(painting, exposed, frame.faces, generator, scale)


def _scale(frame: TrackedFrame, generator: ImageGenerator) -> float:
    return generator.painting_scale(frame.picture) if frame.style_strokes else 1.0


def _exposed(frame: TrackedFrame, generator: ImageGenerator) -> Picture:
    return generator.with_exposure(frame.picture, frame.exposure)
