"""Frame in, frame out: keyframes by the generator, the frames between by warping."""

from collections import deque
from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np

from vidstyle.frame import Frame, Mask, Picture
from vidstyle.options import StylizeOptions
from vidstyle.stats import Stats
from vidstyle.stylize.compose import compose
from vidstyle.stylize.disocclusion import Inpaint, inpaint
from vidstyle.stylize.exposure import exposure_curve
from vidstyle.stylize.flow import Path
from vidstyle.stylize.generator import ImageGenerator
from vidstyle.stylize.keyframes import Keyframe, KeyframePlanner, Segment, Shot, ways_to
from vidstyle.stylize.mixture import Mixture
from vidstyle.stylize.warp import blend, sharpen, warp

FIRST_INTERVAL = 6  # frames, until both the generator and the warp have been timed
SHORTEST_INTERVAL, LONGEST_INTERVAL = 3, 12  # frames; longer paths drift
HELD_BYTES = 20e6  # of waiting frames, at most: 12 frames at 720p, 6 at 1080p
PAINTING_SHARE = 2 / 3  # of what carrying costs may go into painting


class Stylizer:
    """Turns frames into stylized frames of the same times.

    Belongs to one thread, but for `switch`. The generator works ahead on threads of its own.
    """

    def __init__(
        self,
        generator: ImageGenerator,
        options: StylizeOptions,
        stats: Stats,
        painters: int = 1,
        inpaint: Inpaint = inpaint,
    ) -> None:
        self._generator, self._options, self._stats = generator, options, stats
        self._painters, self._inpaint = painters, inpaint
        self._frame_bytes = 0

    def switch(self, generator: ImageGenerator) -> None:
        """Paint with another generator from the next keyframe on; callable from any thread.

        Costs nothing: load it before, see `GeneratorPool`. No frame waits or is lost; those
        between an old keyframe and a new one go over from the one style to the other.
        """
        self._generator = generator

    def stylize(self, frames: Iterable[Frame]) -> Generator[Frame, None, None]:
        """Yield one stylized frame for each frame, in order.

        Raises:
            StyleError: the generator failed.
        """
        with ThreadPoolExecutor(self._painters, thread_name_prefix="generator") as pool:

            def keyframe(shot: Shot) -> Keyframe:
                self._stats.count("keyframes")
                generator = self._generator  # read once: a switch may come at any time
                seen = generator.lit(shot.picture, shot.light)
                painting = pool.submit(self._paint, generator, seen)
                return Keyframe(shot, generator, painting)

            planner = KeyframePlanner(
                self._working,
                keyframe,
                self._interval,
                adaptive=self._options.every is None,
                stats=self._stats,
                motion=self._options.every != 1,
            )
            ahead: deque[Segment] = deque()
            try:
                for segment in planner.segments(frames):
                    if segment is not None:
                        ahead.append(segment)
                    # Frames are held no longer than it takes to paint: at 1080p each is 4 MB.
                    while ahead and (_is_painted(ahead[0]) or len(ahead) > self._painters):
                        yield from self._render(ahead.popleft())
                while ahead:
                    yield from self._render(ahead.popleft())
            finally:
                pool.shutdown(wait=True, cancel_futures=True)

    def stylize_picture(self, picture: Picture) -> Picture:
        """Stylize one picture by itself, now."""
        working = self._working(picture)
        light = exposure_curve(working.y, working.color.full_range)
        painting = self._paint(self._generator, self._generator.lit(working, light))
        return compose(picture, working, painting, self._options)

    def _working(self, picture: Picture) -> Picture:
        self._frame_bytes = sum(plane.nbytes for plane in picture.planes)
        with self._stats.timed("resize"):
            return picture.resized(*self._options.working_size_wh(picture.width, picture.height))

    def _paint(self, generator: ImageGenerator, picture: Picture) -> Picture:
        with self._stats.timed("generator"):
            return generator.paint_picture(picture)

    def _interval(self) -> int:
        """As many frames as keep painting cheaper than carrying: more keyframes, more flicker."""
        if self._options.every is not None:
            return self._options.every
        stages = self._stats.stages
        if "generator" not in stages or "warp" not in stages or stages["warp"].calls < 4:
            return FIRST_INTERVAL
        paint, carry = stages["generator"], stages["warp"]
        ratio = (paint.cpu_s / paint.calls) / (carry.cpu_s / carry.calls)
        longest = np.clip(
            HELD_BYTES // max(1, self._frame_bytes), SHORTEST_INTERVAL, LONGEST_INTERVAL
        )
        return int(np.clip(round(ratio / PAINTING_SHARE), SHORTEST_INTERVAL, longest))

    def _render(self, segment: Segment) -> Iterator[Frame]:
        with self._stats.timed("flow"):
            paths_back = ways_to(segment.right.shot, reversed(segment.between))
        while segment.between:
            assert segment.left is not None
            shot, path_back = segment.between.popleft(), paths_back.pop()
            yield self._between(segment.left, shot, path_back, segment.right)
        yield self._show(segment.right.shot, segment.right.painting.result())

    def _between(self, left: Keyframe, shot: Shot, path_back: Path, right: Keyframe) -> Frame:
        first, second = left.painting.result(), right.painting.result()
        with self._stats.timed("warp"):
            passed = shot.frame.time_s - left.shot.frame.time_s
            progress = passed / (right.shot.frame.time_s - left.shot.frame.time_s)
            first_weight = (1 - progress) * shot.path.trust
            second_weight = progress * path_back.trust
            both = first_weight + second_weight
            share = np.where(both > 1e-3, second_weight / np.maximum(both, 1e-3), progress)
            mixed = blend(
                warp(first, shot.path.flow),
                warp(second, path_back.flow),
                np.asarray(cv2.blur(share, (3, 3)), np.float32),
            )
            painting = sharpen(mixed)
        occlusion_mask: Mask = 1 - np.maximum(shot.path.trust, path_back.trust)
        with self._stats.timed("repaint"):
            generator = _generator_between(left, right, progress)
            seen = generator.lit(shot.picture, shot.light)
            painting = self._inpaint(painting, seen, occlusion_mask, generator)
        return self._show(shot, painting)

    def _show(self, shot: Shot, painting: Picture) -> Frame:
        with self._stats.timed("finish"):
            finished = compose(shot.frame.picture, shot.picture, painting, self._options)
        return shot.frame.showing(finished)


def _is_painted(segment: Segment) -> bool:
    return segment.right.painting.done()


def _generator_between(left: Keyframe, right: Keyframe, progress: float) -> ImageGenerator:
    """What paints a frame between two keyframes as their blend looks."""
    if left.generator is right.generator:
        return right.generator
    return Mixture([(left.generator, 1 - progress), (right.generator, progress)])
