"""Keyframe painter of live: frames through the generator, on threads of its own."""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from vidstyle.closable import Closable
from vidstyle.frame import Picture
from vidstyle.live.propagation import ToneTransfer
from vidstyle.stats import Stats
from vidstyle.stylize.boxes import Box
from vidstyle.stylize.disocclusion import with_boxes_painted
from vidstyle.stylize.exposure import Curve
from vidstyle.stylize.face_detector import find_faces
from vidstyle.stylize.fine_faces import FinePart, fine_parts, with_parts
from vidstyle.stylize.finish import Finish
from vidstyle.stylize.generator import ImageGenerator
from vidstyle.stylize.warp import enlarge


@dataclass(frozen=True, slots=True, eq=False)
class KeyframePainting:
    """Generator output for a keyframe, with its measured cost."""

    picture: Picture  # of the working size
    tones: ToneTransfer
    seconds: float  # taken by the generator
    megapixels: float  # of the generator's input
    finish: Finish  # of the generator


@dataclass(frozen=True, slots=True, eq=False)
class PaintJob:
    """Painting that a painter thread is to make of a frame."""

    generator: ImageGenerator
    curve: Curve  # of exposure normalization
    scale: float  # of the painting over the working size, at most
    fine_faces: bool
    working: Picture  # the frame in working size
    seen: Picture  # the generator's input: `working`, or a smaller one whose painting is enlarged
    boxes: Sequence[Box] | None = None  # areas of `seen` to paint; None for all of it

    @property
    def is_hurried(self) -> bool:
        """Whether only a part is painted, or in less than the working size."""
        return self.boxes is not None or self.seen is not self.working


class KeyframePainter(Closable):
    """Two painter threads; the second one is for urgent keyframes, after a cut or a new style."""

    def __init__(self, stats: Stats, clock: Callable[[], float] = time.perf_counter) -> None:
        """Create the threads.

        Args:
            stats: counts "keyframes", and times the stage "generator".
            clock: monotonic clock, in seconds.
        """
        self._stats, self._clock = stats, clock
        self._threads = ThreadPoolExecutor(2, thread_name_prefix="painter")

    def close(self) -> None:
        """Cancel waiting paintings and join the threads."""
        self._threads.shutdown(cancel_futures=True)

    def begin(self, job: PaintJob) -> Future[KeyframePainting]:
        """Begin a painting, on the next free thread; its future raises the generator's errors."""
        return self._threads.submit(self._paint, job)

    def _paint(self, job: PaintJob) -> KeyframePainting:
        started = self._clock()
        generator, seen, parts = job.generator, job.seen, list[FinePart]()
        even = generator.with_exposure(seen, job.curve)
        scale = min(1.0 if job.is_hurried else job.scale, generator.painting_scale(seen))
        with self._stats.timed("generator"):
            if job.boxes is None:
                self._stats.count("keyframes")
                if job.fine_faces and not job.is_hurried:
                    parts = fine_parts(even, find_faces(seen), generator, scale)
                painting = with_parts(generator.paint_picture(even, scale), parts)
            else:
                painting = with_boxes_painted(even, job.boxes, generator)
        seconds = self._clock() - started
        pixels = scale**2 * seen.width * seen.height + sum(part.painted_px for part in parts)
        megapixels = pixels / 1e6
        tones = ToneTransfer.between(seen, painting)
        finish = generator.finish
        enlarged = enlarge(painting, seen, job.working, finish.sharpness)
        return KeyframePainting(enlarged, tones, seconds, megapixels, finish)
