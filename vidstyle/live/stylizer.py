"""Live stylizer: one frame in, that frame stylized out, without waiting for the network.

Keyframes go through the generator on two painter threads. Each frame shows the last finished
keyframe, warped along the concatenated optical flow; a new keyframe is warped to the present frame
too, and fades in. Where the network keeps up with the camera, every frame is a keyframe and waits
for its own painting, and the cross-fade with the previous one only reduces flicker.
"""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from vidstyle.frame import Frame, Mask, Picture, Plane
from vidstyle.live.propagation import ActiveKeyframe, ToneTransfer, TrackedKeyframe, fill, patched
from vidstyle.live.quality import Load, Quality, QualityController
from vidstyle.live.style_fade import StyleFade
from vidstyle.options import Look
from vidstyle.stats import Stats
from vidstyle.stylize.boxes import Box
from vidstyle.stylize.compose import compose
from vidstyle.stylize.disocclusion import (
    covered_share,
    disoccluded_boxes,
    majority_filter,
    with_boxes_painted,
)
from vidstyle.stylize.exposure import Curve, ExposureTracker
from vidstyle.stylize.face_detector import find_faces
from vidstyle.stylize.fine_faces import FinePart, fine_parts, with_parts
from vidstyle.stylize.finish import Finish
from vidstyle.stylize.flow import FlowPath, thumbnail
from vidstyle.stylize.generator import ImageGenerator
from vidstyle.stylize.motion_tracker import MotionTracker
from vidstyle.stylize.person_mask import MaskTracker
from vidstyle.stylize.warp import cross_fade, enlarge, propagate

MAX_WAIT_SHARE = 0.8  # of the frame duration: limit of the wait for the frame's own painting
URGENT_SHARE = 0.4  # of the frame duration: time for the first painting of a scene or a style
SHORTEST_FADE = 2  # frames
PATCH_SHARE = 0.05  # of the picture: larger areas without a painting get a patch
AWAITED_SHARE = 0.4  # of the picture: above it, the frame waits for the patch
SMALLEST_PATCH = 0.1  # of the picture, for the choice of a patch's resolution
KEYFRAME_DUE = 1_000_000  # frames since the last keyframe; more than any interval


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


@dataclass(frozen=True, slots=True, eq=False)
class PendingKeyframe:
    """A keyframe in progress on a painter thread."""

    keyframe: TrackedKeyframe
    painted: Future[KeyframePainting]
    small_network: bool


class LiveStylizer:
    """Stylizes frames in capture order, with the latency of the newest; belongs to one thread."""

    def __init__(
        self,
        quality_controller: QualityController,
        stats: Stats,
        frame_s: float,
        clock: Callable[[], float] = time.perf_counter,
        style_fade_s: float = 0.0,
    ) -> None:
        """Create the painter threads.

        Args:
            quality_controller: gives working size and interval, and takes the measured load.
            stats: counts "keyframes" and "cuts", and times the stages.
            frame_s: nominal frame duration of the source, in seconds.
            clock: monotonic clock, in seconds.
            style_fade_s: length of the cross-fade from a style to the next one, in seconds.
        """
        self._quality_controller, self._stats = quality_controller, stats
        self._frame_s, self._clock = frame_s, clock
        self._tracker, self._exposure = MotionTracker(), ExposureTracker()
        self._mask_tracker = MaskTracker()
        # The second thread is for urgent keyframes, after a cut or a change of style.
        self._painters = ThreadPoolExecutor(2, thread_name_prefix="painter")
        self._regular: PendingKeyframe | None = None
        self._urgent: PendingKeyframe | None = None
        self._pending_patch: PendingKeyframe | None = None
        self._older: ActiveKeyframe | None = None  # fading out
        self._newer: ActiveKeyframe | None = None
        self._patch: ActiveKeyframe | None = None  # areas that neither of them shows
        self._style_fade, self._time_s = StyleFade(style_fade_s), 0.0
        self._needs_patch = False  # too little of the newest frame is painted to be shown
        self._stale = False  # the active keyframes are of the scene before a cut
        self._since_keyframe = KEYFRAME_DUE
        self._frames_shown = 0  # since the newer keyframe became active
        self._fade = SHORTEST_FADE  # length of its fade-in, in frames

    def close(self) -> None:
        """Cancel waiting keyframes and join the painter threads."""
        self._painters.shutdown(cancel_futures=True)

    @property
    def quality(self) -> Quality:
        """Quality level of the next frame; callable from any thread."""
        return self._quality_controller.quality

    def pin(self, every: int | None) -> None:
        """Pin the keyframe interval, in frames; None lets it follow the load."""
        self._quality_controller.pin(every)

    def reset_motion(self) -> None:
        """Forget the previous frame: no optical flow to the next one, after a gap in the video."""
        self._tracker = MotionTracker()

    def stylize(
        self,
        frame: Frame,
        generator: ImageGenerator,
        look: Look,
        cores: float,
    ) -> Frame | None:
        """Return the frame stylized; None until the first keyframe is finished.

        Called once per captured frame, on one thread: the render thread, or that of the caller of
        a `FrameStream`.

        Args:
            frame: next frame; all frames have the same size.
            generator: network for keyframes that begin with this frame.
            look: `strength`, `keep_colors`, `only`, and the style's name. A new style is shown
                from its first finished keyframe on.
            cores: measured CPU use of the process, in CPU seconds per second.

        Returns:
            A frame of the same size, pts and time base.

        Raises:
            StyleError: the generator failed on a keyframe.
        """
        started, self._time_s = self._clock(), frame.time_s
        quality, picture = self._quality_controller.quality, frame.picture
        with self._stats.timed("resize"):
            working = picture.resized(
                *working_size_wh(picture.width, picture.height, quality.lines)
            )
            present = thumbnail(picture)
        here = TrackedKeyframe.at(look.style, present)
        job = self._job(generator, frame, present, look, working)
        begun = self._begin(here, job, quality) if self._shows(here.style) else None
        with self._stats.timed("flow"):
            to_previous = self._track(present)
        if not self._shows(here.style):
            job = self._job(generator, frame, present, look, working)
            here = TrackedKeyframe.at(here.style, present)
            self._begin_urgent(here, job, quality.small_network)
        elif begun is None or quality.every > 1:
            here = TrackedKeyframe.at(here.style, present)
            self._begin_patch(here, job, quality.small_network)
        waited_s = self._wait(started, self._regular if begun and quality.every == 1 else None)
        self._collect(look.style)
        share = self._person_share(picture, present, to_previous, look)
        shown = self._show(working, picture, look, share) if self._newer else None
        render_s = self._clock() - started - waited_s
        load = Load(self._frame_s, render_s, cores)
        self._quality_controller.observe(self._clock(), load, _megapixels_per_line2(picture))
        return frame.showing(shown) if shown else None

    def _shows(self, style: str | None) -> bool:
        """Whether the newer active keyframe is of this scene and in this style."""
        return self._newer is not None and self._newer.keyframe.style == style and not self._stale

    def _job(
        self, generator: ImageGenerator, frame: Frame, present: Plane, look: Look, working: Picture
    ) -> PaintJob:
        """Painting of the whole frame in working size."""
        curve = self._exposure_curve(frame, present)
        scale = self._quality_controller.quality.scale if look.style_strokes else 1.0
        return PaintJob(generator, curve, scale, look.fine_faces, working, working)

    def _exposure_curve(self, frame: Frame, present: Plane) -> Curve:
        """The tone curve of exposure normalization; measured afresh after a cut."""
        full_range = frame.picture.color.full_range
        return self._exposure.measure(present, full_range, frame.time_s, cut=self._stale)

    def _begin(
        self, here: TrackedKeyframe, job: PaintJob, quality: Quality
    ) -> PendingKeyframe | None:
        """Make this frame a keyframe, if one is due and no regular one is in progress."""
        self._since_keyframe += 1
        if self._regular is not None or self._since_keyframe < quality.every:
            return None
        self._since_keyframe = 0
        painted = self._painters.submit(self._paint, job)
        self._regular = PendingKeyframe(here, painted, quality.small_network)
        return self._regular

    def _begin_urgent(self, here: TrackedKeyframe, job: PaintJob, small_network: bool) -> None:
        """Start a keyframe small enough to be finished within `URGENT_SHARE` of a frame."""
        if self._urgent is not None and self._urgent.keyframe.style == here.style:
            return
        sketch = self._sketch(job.working, URGENT_SHARE * self._frame_s, small_network)
        painted = self._painters.submit(self._paint, replace(job, seen=sketch))
        self._urgent = PendingKeyframe(here, painted, small_network)

    def _sketch(self, working: Picture, budget_s: float, small_network: bool) -> Picture:
        """The frame small enough to be painted within a time, in seconds."""
        lines = self._quality_controller.affordable_lines(
            budget_s, _megapixels_per_line2(working), small_network
        )
        return working.resized(*working_size_wh(working.width, working.height, lines))

    def _begin_patch(self, here: TrackedKeyframe, job: PaintJob, small_network: bool) -> None:
        """Start painting the areas that no painting shows, if they are large and none is begun."""
        holes = majority_filter(1 - self._confidence())
        bare = holes if self._patch is None else holes * (1 - self._patch.keyframe.path.confidence)
        bare_share = float(np.mean(bare))
        self._needs_patch = bare_share > AWAITED_SHARE
        if bare_share < PATCH_SHARE or self._pending_patch is not None:
            return
        boxes = disoccluded_boxes(holes, job.working.width, job.working.height)
        share = covered_share(boxes, job.working)
        budget_s = URGENT_SHARE * self._frame_s / max(share, SMALLEST_PATCH)
        sketch = self._sketch(job.working, budget_s, small_network)
        boxes = disoccluded_boxes(holes, sketch.width, sketch.height)
        painted = self._painters.submit(self._paint, replace(job, seen=sketch, boxes=boxes))
        self._pending_patch = PendingKeyframe(here.inside(boxes, sketch), painted, small_network)

    def _confidence(self) -> Mask:
        """Where the active keyframes show the newest frame's content, HxW float32 0..1."""
        paths = [k.keyframe.path for k in (self._older, self._newer) if k is not None]
        return np.asarray(np.maximum.reduce([path.confidence for path in paths]), np.float32)

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

    def _track(self, present: Plane) -> FlowPath | None:
        """Extend the flow paths to all keyframes by this frame; drop the pending ones at a cut.

        Returns:
            The flow to the previous frame; None at a cut.
        """
        motion = self._tracker.advance(present)
        if motion is None:
            self._cut()
            return None
        outgoing = self._style_fade.outgoing
        active = [] if self._stale else [self._older, self._newer, self._patch, outgoing]
        for keyframe in (*self._pending(), *(shown.keyframe for shown in active if shown)):
            if keyframe.thumbnail is not present:  # not of this frame itself
                keyframe.extend_path(motion.to_previous, present)
        return motion.to_previous

    def _pending(self) -> list[TrackedKeyframe]:
        pending = (self._regular, self._urgent, self._pending_patch)
        return [begun.keyframe for begun in pending if begun is not None]

    def _cut(self) -> None:
        """Drop all pending keyframes: also this frame's own, whose exposure is the old scene's."""
        if self._newer is not None:
            self._stats.count("cuts")
        for pending in (self._regular, self._urgent, self._pending_patch):
            if pending is not None:
                pending.painted.cancel()  # or the paintings of a row of cuts would queue up
        self._regular = self._urgent = self._pending_patch = None
        self._older, self._patch, self._stale = None, None, True
        self._style_fade.end()

    def _wait(self, started: float, begun: PendingKeyframe | None) -> float:
        """Wait for an urgent keyframe or the frame's own one; return the seconds waited."""
        awaited = self._urgent or (self._pending_patch if self._needs_patch else None) or begun
        if awaited is None:
            return 0.0
        asked = self._clock()
        left_s = started + MAX_WAIT_SHARE * self._frame_s - asked
        wait([awaited.painted], timeout=max(0.0, left_s))
        return self._clock() - asked

    def _collect(self, style: str | None) -> None:
        """Activate finished keyframes of this style; a regular one takes precedence."""
        for pending in (self._urgent, self._regular):
            if pending is None or not pending.painted.done():
                continue
            painted, keyframe = pending.painted.result(), pending.keyframe
            self._quality_controller.painted(
                painted.seconds, painted.megapixels, pending.small_network
            )
            urgent = pending is self._urgent
            if urgent:
                self._urgent = None
            else:
                self._regular = None
            if keyframe.style == style and not (urgent and self._shows(style)):
                self._take_over(_active(painted, keyframe))
        self._collect_patch(style)

    def _collect_patch(self, style: str | None) -> None:
        pending = self._pending_patch
        if pending is None or not pending.painted.done():
            return
        self._pending_patch, painted = None, pending.painted.result()
        if pending.keyframe.style == style and self._shows(style):
            self._patch = _active(painted, pending.keyframe)

    def _take_over(self, fresh: ActiveKeyframe) -> None:
        if self._newer is not None and self._shows(fresh.keyframe.style):
            self._older = self._newer
            self._fade = max(
                SHORTEST_FADE, self._newer.keyframe.path.steps - fresh.keyframe.path.steps
            )
        else:
            if self._newer is not None and not self._stale:
                self._style_fade.begin(self._newer, self._time_s)
            self._older, self._patch, self._since_keyframe = None, None, KEYFRAME_DUE
        self._newer, self._stale, self._frames_shown = fresh, False, 0

    def _person_share(
        self, picture: Picture, present: Plane, to_previous: FlowPath | None, look: Look
    ) -> Mask | None:
        """Share of the painting in each pixel; None if all is painted."""
        if look.only == "all":
            self._mask_tracker = MaskTracker()
            return None
        with self._stats.timed("mask"):
            return self._mask_tracker.person_share(picture, present, to_previous, look.only)

    def _show(self, working: Picture, original: Picture, look: Look, share: Mask | None) -> Picture:
        assert self._newer is not None
        self._frames_shown += 1
        if self._frames_shown >= self._fade:
            self._older = None
        with self._stats.timed("carry"):
            if self._stale:  # the new scene's first painting is late
                painting = ToneTransfer.between(working, self._newer.painting).applied(working)
            else:
                painting = self._propagated(working, self._newer.resized(*_size_wh(working)))
            painting, finish = self._style_fade.applied(painting, self._newer.finish, self._time_s)
        with self._stats.timed("finish"):
            return compose(original, working, painting, look, finish, share=share)

    def _propagated(self, working: Picture, newer: ActiveKeyframe) -> Picture:
        """The active keyframes' paintings, warped to the frame; patch and tones between them."""
        path, confidence = newer.keyframe.path, self._confidence()
        if self._older is None:
            painting = propagate(newer.painting, path)
        else:
            older, progress = (
                self._older.resized(*_size_wh(working)),
                self._frames_shown / self._fade,
            )
            painting = cross_fade(
                older.painting, older.keyframe.path, newer.painting, path, progress, fallback=1.0
            )
        if self._patch is not None:
            patch = self._patch.resized(*_size_wh(working))
            painting, confidence = patched(painting, confidence, patch.painting, patch.keyframe)
        return fill(painting, working, 1 - confidence, newer.tones)


def _active(painted: KeyframePainting, keyframe: TrackedKeyframe) -> ActiveKeyframe:
    return ActiveKeyframe(painted.picture, painted.tones, painted.finish, keyframe)


def _size_wh(picture: Picture) -> tuple[int, int]:
    return picture.width, picture.height


@lru_cache(maxsize=8)
def working_size_wh(width: int, height: int, lines: int) -> tuple[int, int]:
    """Width and height of the generator's input, for `lines` pixels on the shorter side."""
    return Look(max_height=max(16, lines)).working_size_wh(width, height)


def _megapixels_per_line2(picture: Picture) -> float:
    sides = picture.width, picture.height
    return max(sides) / min(sides) / 1e6
