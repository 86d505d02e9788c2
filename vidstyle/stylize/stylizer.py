"""Video stylizer: paints keyframes, and warps and cross-fades them to the frames between."""

import math
from collections import deque
from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from vidstyle.frame import Checkpoint, Frame, Mask, Picture
from vidstyle.media.parts import PART_S, PartRule, PartsByTime
from vidstyle.options import VIDEO_LINES, Look, StylizeOptions
from vidstyle.stats import Stats
from vidstyle.stylize.compose import compose
from vidstyle.stylize.exposure import exposure_curve
from vidstyle.stylize.face_detector import Face, find_faces
from vidstyle.stylize.fine_faces import moved, with_fine_faces
from vidstyle.stylize.finish import Finish
from vidstyle.stylize.flow import FlowPath
from vidstyle.stylize.generator import ImageGenerator
from vidstyle.stylize.keyframes import KeyframePlanner, KeyframeSpan, TrackedFrame, paths_to
from vidstyle.stylize.painter import FramePainter
from vidstyle.stylize.painter_schedule import PainterSchedule, Turn
from vidstyle.stylize.person_mask import MaskTracker, person_share
from vidstyle.stylize.warp import cross_fade

FIRST_INTERVAL = 6  # frames between keyframes until generator and warp have been timed
MEASURABLE_S = 0.05  # CPU time until a stage has been timed; Windows counts steps of 0.016 s
SHORTEST_INTERVAL, LONGEST_INTERVAL = 3, 12  # frames between keyframes; longer paths drift
MAX_SPAN_BYTES = 32e6  # of the frames of a keyframe span: 12 frames at 720p, 10 at 1080p
GENERATOR_TO_WARP = 2 / 3  # CPU time per frame of the generator over that of the warp, at most


@dataclass(frozen=True, slots=True, eq=False)
class Painting:
    """Painting of a keyframe, and the faces that are painted finely in it."""

    picture: Picture
    faces: tuple[Face, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Keyframe:
    """Time of a keyframe, its painter, and its painting, finished or still in progress."""

    time_s: float
    painter: FramePainter
    painting: Future[Painting]


@dataclass(frozen=True, slots=True, eq=False)
class PaintedSpan:
    """Keyframe span whose keyframe paintings have been started."""

    left: Keyframe | None
    frames: deque[TrackedFrame]  # between the keyframes, then that of the right one
    right: Keyframe


class VideoStylizer:
    """`FrameTransform` that stylizes a stream of frames by keyframes and optical flow.

    Belongs to one thread. Keyframes are painted ahead on its own thread pool.
    """

    def __init__(
        self, painters: PainterSchedule, options: StylizeOptions, stats: Stats, threads: int = 1
    ) -> None:
        """Make a stylizer for one stream.

        Args:
            painters: paint keyframes and inpaint disoccluded areas.
            options: keyframe interval, working size and output composition.
            stats: receives the counters "keyframes" and "cuts" and the timings of the stages.
            threads: number of keyframes painted in parallel.
        """
        self._painters, self.options, self._stats = painters, options, stats
        self._threads = threads
        self._checkpoint: Checkpoint | None = None
        self._frame_bytes = 0
        self._time_s = -math.inf  # of the newest frame
        self._newest: Keyframe | None = None
        self._mask_tracker = MaskTracker()

    def part_rule(self, rate: Fraction) -> PartRule:
        """Rule for the parts of the stream, which may begin anywhere; `rate` has no effect."""
        return PartsByTime(PART_S)

    def start_at(self, checkpoint: Checkpoint) -> None:
        """Go on with an interrupted stream; called before `stylize`.

        Args:
            checkpoint: of the first frame, completed by an earlier stylizer.
        """
        self._checkpoint = checkpoint

    def stylize(self, frames: Iterable[Frame]) -> Generator[Frame, None, None]:
        """Yield one stylized frame of the same time for each frame, in order.

        Raises:
            StyleError: the painter failed.
        """
        every = self.options.every
        masked = self.options.only != "all"  # a mask follows the flow
        motion = every != 1 or self._painters.by_scene or masked
        planner = KeyframePlanner(every is None, self._stats, motion, self._checkpoint)
        ahead: deque[PaintedSpan] = deque()
        with ThreadPoolExecutor(self._threads, thread_name_prefix="generator") as pool:
            try:
                for frame in frames:
                    spans = self._plan(planner, frame)
                    ahead.extend(self._start(span, pool) for span in spans)
                    # Frames are released as soon as they are painted: 4 MB each at 1080p.
                    while ahead and (_is_painted(ahead[0]) or self._is_full(planner, ahead)):
                        yield from self._render(ahead.popleft())
                ahead.extend(self._start(span, pool) for span in planner.end())
                while ahead:
                    yield from self._render(ahead.popleft())
            finally:
                pool.shutdown(wait=True, cancel_futures=True)

    def _plan(self, planner: KeyframePlanner, frame: Frame) -> list[KeyframeSpan]:
        """Add a frame to the planner, with the keyframes that schedule and checkpoints need."""
        before_s, self._time_s = self._time_s, frame.time_s
        turn = self._painters.turn(before_s, frame.time_s)
        is_free = turn is Turn.NONE and frame.checkpoint is None
        interval = self._interval() if is_free else 1
        working = self._working(frame.picture)
        return planner.add(frame, working, interval, restart=turn is Turn.SWITCH)

    def _start(self, span: KeyframeSpan, pool: ThreadPoolExecutor) -> PaintedSpan:
        """Submit the keyframe at the end of a span to the pool."""
        right = self._with_count(span.right)
        self._stats.count("keyframes")
        painter = self._painters.painter(right.frame.time_s, right.scene)
        painting = pool.submit(self._paint, painter, right)
        left = None if span.left is None else self._newest
        self._newest = Keyframe(right.frame.time_s, painter, painting)
        span.between.append(right)
        return PaintedSpan(left, span.between, self._newest)

    def _with_count(self, keyframe: TrackedFrame) -> TrackedFrame:
        """Add the number of keyframes before it to a keyframe's checkpoint, if it has one."""
        checkpoint = keyframe.frame.checkpoint
        if checkpoint is None:
            return keyframe
        counts = checkpoint.counts | {"keyframes": self._stats["keyframes"]}
        checkpoint = replace(checkpoint, counts=counts)
        return replace(keyframe, frame=replace(keyframe.frame, checkpoint=checkpoint))

    def _paint(self, painter: FramePainter, keyframe: TrackedFrame) -> Painting:
        with self._stats.timed("generator"):
            faces = tuple(find_faces(keyframe.picture)) if self.options.fine_faces else ()
            return Painting(painter.paint(self._detailed(keyframe, faces)), faces)

    def _detailed(self, frame: TrackedFrame, faces: tuple[Face, ...]) -> TrackedFrame:
        """Add to a frame how finely it and its faces are painted."""
        return replace(frame, faces=faces, style_strokes=self.options.style_strokes)

    def _working(self, picture: Picture) -> Picture:
        self._frame_bytes = picture.nbytes
        return working_picture(picture, self.options, self._stats)

    def _interval(self) -> int:
        """Keyframe interval from the measured cost of painting and warping.

        The shortest interval at which painting costs `GENERATOR_TO_WARP` of the warp at most; more
        keyframes would flicker more.
        """
        if self.options.every is not None:
            return self.options.every
        longest = np.clip(
            MAX_SPAN_BYTES // max(1, self._frame_bytes), SHORTEST_INTERVAL, LONGEST_INTERVAL
        )
        return int(np.clip(self._wanted_interval(), SHORTEST_INTERVAL, longest))

    def _wanted_interval(self) -> int:
        """Keyframe interval by the measured times alone."""
        stages = self._stats.stages
        if "generator" not in stages or "warp" not in stages:
            return FIRST_INTERVAL
        paint, warp = stages["generator"], stages["warp"]
        if min(paint.cpu_s, warp.cpu_s) < MEASURABLE_S:
            return FIRST_INTERVAL
        ratio = (paint.cpu_s / paint.calls) / (warp.cpu_s / warp.calls)
        return round(ratio / GENERATOR_TO_WARP)

    def _is_full(self, planner: KeyframePlanner, ahead: deque[PaintedSpan]) -> bool:
        """Whether a span has to be rendered, once it is painted, before another frame is taken.

        Frames of two spans are held at most, and another span's for each further painter: fewer
        where frames are large, at 4K hardly more than one span.
        """
        frames = planner.waiting + sum(len(span.frames) for span in ahead)
        held_bytes = (frames + 1) * self._frame_bytes
        too_large = held_bytes > MAX_SPAN_BYTES * (1 + self._threads / 2)
        return too_large or len(ahead) > self._threads

    def _render(self, span: PaintedSpan) -> Iterator[Frame]:
        with self._stats.timed("flow"):
            paths_forward = _paths_forward(span.frames)
        while paths_forward:
            assert span.left is not None
            path = paths_forward.pop()
            yield self._between(span.left, span.frames.popleft(), path, span.right)
        painting = span.right.painting.result().picture
        yield self._composed(span.frames.popleft(), painting, span.right.painter.finish)

    def _between(
        self, left: Keyframe, frame: TrackedFrame, path_forward: FlowPath, right: Keyframe
    ) -> Frame:
        first, second = left.painting.result(), right.painting.result()
        with self._stats.timed("warp"):
            progress = (frame.frame.time_s - left.time_s) / (right.time_s - left.time_s)
            painting = cross_fade(
                first.picture, frame.path, second.picture, path_forward, progress, progress
            )
        occlusion_mask = 1 - np.maximum(frame.path.confidence, path_forward.confidence)
        with self._stats.timed("repaint"):
            painter = _painter_between(left, right, progress)
            nearest, path = (first, frame.path) if progress < 0.5 else (second, path_forward)
            size_wh = painting.width, painting.height
            faces = tuple(moved(face, path, *size_wh) for face in nearest.faces)
            painting = painter.inpaint(painting, self._detailed(frame, faces), occlusion_mask)
        return self._composed(frame, painting, painter.finish)

    def _composed(self, frame: TrackedFrame, painting: Picture, finish: Finish) -> Frame:
        share = self._person_share(frame) if self.options.only != "all" else None
        with self._stats.timed("finish"):
            options, original = self.options, frame.frame.picture
            working, resize, compare = frame.picture, options.resize, options.compare
            composed = compose(original, working, painting, options, finish, resize, compare, share)
        return frame.frame.showing(composed)

    def _person_share(self, frame: TrackedFrame) -> Mask:
        # A part begins without the mask before it, as a run that goes on with it does.
        begins = frame.frame.checkpoint is not None
        with self._stats.timed("mask"):
            return self._mask_tracker.person_share(
                frame.frame.picture,
                frame.thumbnail,
                None if begins else frame.to_previous,
                self.options.only,
            )


def stylize_picture(
    picture: Picture,
    generator: ImageGenerator,
    options: StylizeOptions,
    stats: Stats,
    lines: int | None = None,
) -> Picture:
    """Stylize a single picture in the calling thread; callable from several threads at once.

    Args:
        picture: the picture at its full size.
        generator: paints it at the working size.
        options: working size and output composition.
        stats: receives the timings of stages "resize" and "generator".
        lines: of the working size at most, if the options name none; None: as its strokes want.

    Raises:
        StyleError: the generator failed.
    """
    working = working_picture(picture, options, stats, lines or round(generator.stroke_lines))
    exposure = exposure_curve(working.y, working.color.full_range)
    with stats.timed("generator"):
        exposed = generator.with_exposure(working, exposure)
        faces = find_faces(working) if options.fine_faces else []
        scale = generator.painting_scale(working) if options.style_strokes else 1.0
        painting = generator.paint_picture(exposed, scale)
        painting = with_fine_faces(painting, exposed, faces, generator, scale)
    share = None if options.only == "all" else person_share(picture, options.only)
    return compose(
        picture,
        working,
        painting,
        options,
        generator.finish,
        options.resize,
        options.compare,
        share,
    )


def working_picture(
    picture: Picture, look: Look, stats: Stats, lines: int = VIDEO_LINES
) -> Picture:
    """Return the picture at the working size, timed as stage "resize"."""
    with stats.timed("resize"):
        return picture.resized(*look.working_size_wh(picture.width, picture.height, lines))


def _paths_forward(frames: deque[TrackedFrame]) -> list[FlowPath]:
    """Flow paths from the frames between two keyframes to the right one, the last frame's first."""
    right, *between = reversed(frames)
    return paths_to(right, between)


def _is_painted(span: PaintedSpan) -> bool:
    return span.right.painting.done()


def _painter_between(left: Keyframe, right: Keyframe, progress: float) -> FramePainter:
    """Painter for a frame between two keyframes, mixed like their cross-fade."""
    if left.painter is right.painter:
        return right.painter
    return left.painter.blended(right.painter, progress)
