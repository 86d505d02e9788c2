"""Live stylizer: one frame in, that frame stylized out, without waiting for the network.

Keyframes go through the generator on two painter threads. Each frame shows the last finished
keyframe, warped along the concatenated optical flow; a new keyframe is warped to the present frame
too, and fades in. Where the network keeps up with the camera, every frame is a keyframe and waits
for its own painting, and the cross-fade with the previous one only reduces flicker.
"""

import time
from collections.abc import Callable
from concurrent.futures import Future, wait
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from vidstyle.frame import Frame, Mask, Picture, Plane
from vidstyle.live.keyframe_display import KeyframeDisplay
from vidstyle.live.keyframe_painter import KeyframePainter, KeyframePainting, PaintJob
from vidstyle.live.propagation import ActiveKeyframe, TrackedKeyframe
from vidstyle.live.quality import Load, Quality, QualityController
from vidstyle.options import Look
from vidstyle.stats import Stats
from vidstyle.stylize.disocclusion import covered_share, disoccluded_boxes
from vidstyle.stylize.exposure import Curve, ExposureTracker
from vidstyle.stylize.flow import FlowPath, thumbnail
from vidstyle.stylize.generator import ImageGenerator
from vidstyle.stylize.motion_tracker import MotionTracker
from vidstyle.stylize.person_mask import MaskTracker

MAX_WAIT_SHARE = 0.8  # of the frame duration: limit of the wait for the frame's own painting
URGENT_SHARE = 0.4  # of the frame duration: time for the first painting of a scene or a style
PATCH_SHARE = 0.05  # of the picture: larger areas without a painting get a patch
AWAITED_SHARE = 0.4  # of the picture: above it, the frame waits for the patch
SMALLEST_PATCH = 0.1  # of the picture, for the choice of a patch's resolution
KEYFRAME_DUE = 1_000_000  # frames since the last keyframe; more than any interval


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
        self._painter = KeyframePainter(stats, clock)
        self._display = KeyframeDisplay(stats, style_fade_s)
        self._regular: PendingKeyframe | None = None
        self._urgent: PendingKeyframe | None = None
        self._pending_patch: PendingKeyframe | None = None
        self._needs_patch = False  # too little of the newest frame is painted to be shown
        self._since_keyframe = KEYFRAME_DUE

    def close(self) -> None:
        """Cancel waiting keyframes and join the painter threads."""
        self._painter.close()

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
        started = self._clock()
        quality, picture = self._quality_controller.quality, frame.picture
        with self._stats.timed("resize"):
            working = picture.resized(
                *working_size_wh(picture.width, picture.height, quality.lines)
            )
            present = thumbnail(picture)
        here = TrackedKeyframe.at(look.style, present)
        job = self._job(generator, frame, present, look, working)
        begun = self._begin(here, job, quality) if self._display.shows(here.style) else None
        with self._stats.timed("flow"):
            to_previous = self._track(present)
        if not self._display.shows(here.style):
            job = self._job(generator, frame, present, look, working)
            here = TrackedKeyframe.at(here.style, present)
            self._begin_urgent(here, job, quality.small_network)
        elif begun is None or quality.every > 1:
            here = TrackedKeyframe.at(here.style, present)
            self._begin_patch(here, job, quality.small_network)
        waited_s = self._wait(started, self._regular if begun and quality.every == 1 else None)
        self._collect(look.style, frame.time_s)
        share = self._person_share(picture, present, to_previous, look)
        shown = self._display.picture(working, picture, look, share, frame.time_s)
        render_s = self._clock() - started - waited_s
        load = Load(self._frame_s, render_s, cores)
        self._quality_controller.observe(self._clock(), load, _megapixels_per_line2(picture))
        return frame.showing(shown) if shown else None

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
        return self._exposure.measure(present, full_range, frame.time_s, cut=self._display.is_stale)

    def _begin(
        self, here: TrackedKeyframe, job: PaintJob, quality: Quality
    ) -> PendingKeyframe | None:
        """Make this frame a keyframe, if one is due and no regular one is in progress."""
        self._since_keyframe += 1
        if self._regular is not None or self._since_keyframe < quality.every:
            return None
        self._since_keyframe = 0
        painted = self._painter.begin(job)
        self._regular = PendingKeyframe(here, painted, quality.small_network)
        return self._regular

    def _begin_urgent(self, here: TrackedKeyframe, job: PaintJob, small_network: bool) -> None:
        """Start a keyframe small enough to be finished within `URGENT_SHARE` of a frame."""
        if self._urgent is not None and self._urgent.keyframe.style == here.style:
            return
        sketch = self._sketch(job.working, URGENT_SHARE * self._frame_s, small_network)
        painted = self._painter.begin(replace(job, seen=sketch))
        self._urgent = PendingKeyframe(here, painted, small_network)

    def _sketch(self, working: Picture, budget_s: float, small_network: bool) -> Picture:
        """The frame small enough to be painted within a time, in seconds."""
        lines = self._quality_controller.affordable_lines(
            budget_s, _megapixels_per_line2(working), small_network
        )
        return working.resized(*working_size_wh(working.width, working.height, lines))

    def _begin_patch(self, here: TrackedKeyframe, job: PaintJob, small_network: bool) -> None:
        """Start painting the areas that no painting shows, if they are large and none is begun."""
        holes, bare = self._display.disoccluded()
        bare_share = float(np.mean(bare))
        self._needs_patch = bare_share > AWAITED_SHARE
        if bare_share < PATCH_SHARE or self._pending_patch is not None:
            return
        boxes = disoccluded_boxes(holes, job.working.width, job.working.height)
        share = covered_share(boxes, job.working)
        budget_s = URGENT_SHARE * self._frame_s / max(share, SMALLEST_PATCH)
        sketch = self._sketch(job.working, budget_s, small_network)
        boxes = disoccluded_boxes(holes, sketch.width, sketch.height)
        painted = self._painter.begin(replace(job, seen=sketch, boxes=boxes))
        self._pending_patch = PendingKeyframe(here.inside(boxes, sketch), painted, small_network)

    def _track(self, present: Plane) -> FlowPath | None:
        """Extend the flow paths to all keyframes by this frame; drop the pending ones at a cut.

        Returns:
            The flow to the previous frame; None at a cut.
        """
        motion = self._tracker.advance(present)
        if motion is None:
            self._cut()
            return None
        for keyframe in (*self._pending(), *self._display.tracked()):
            if keyframe.thumbnail is not present:  # not of this frame itself
                keyframe.extend_path(motion.to_previous, present)
        return motion.to_previous

    def _pending(self) -> list[TrackedKeyframe]:
        pending = (self._regular, self._urgent, self._pending_patch)
        return [begun.keyframe for begun in pending if begun is not None]

    def _cut(self) -> None:
        """Drop all pending keyframes: also this frame's own, whose exposure is the old scene's."""
        for pending in (self._regular, self._urgent, self._pending_patch):
            if pending is not None:
                pending.painted.cancel()  # or the paintings of a row of cuts would queue up
        self._regular = self._urgent = self._pending_patch = None
        self._display.cut()

    def _wait(self, started: float, begun: PendingKeyframe | None) -> float:
        """Wait for an urgent keyframe or the frame's own one; return the seconds waited."""
        awaited = self._urgent or (self._pending_patch if self._needs_patch else None) or begun
        if awaited is None:
            return 0.0
        asked = self._clock()
        left_s = started + MAX_WAIT_SHARE * self._frame_s - asked
        wait([awaited.painted], timeout=max(0.0, left_s))
        return self._clock() - asked

    def _collect(self, style: str | None, time_s: float) -> None:
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
            shown = self._display.shows(style)
            if keyframe.style == style and not (urgent and shown):
                if not shown:  # the first one of a scene or a style, and often a sketch
                    self._since_keyframe = KEYFRAME_DUE
                self._display.take_over(_active(painted, keyframe), time_s)
        self._collect_patch(style)

    def _collect_patch(self, style: str | None) -> None:
        pending = self._pending_patch
        if pending is None or not pending.painted.done():
            return
        self._pending_patch, painted = None, pending.painted.result()
        if pending.keyframe.style == style and self._display.shows(style):
            self._display.cover(_active(painted, pending.keyframe))

    def _person_share(
        self, picture: Picture, present: Plane, to_previous: FlowPath | None, look: Look
    ) -> Mask | None:
        """Share of the painting in each pixel; None if all is painted."""
        if look.only == "all":
            self._mask_tracker = MaskTracker()
            return None
        with self._stats.timed("mask"):
            return self._mask_tracker.person_share(picture, present, to_previous, look.only)


def _active(painted: KeyframePainting, keyframe: TrackedKeyframe) -> ActiveKeyframe:
    return ActiveKeyframe(painted.picture, painted.tones, painted.finish, keyframe)


@lru_cache(maxsize=8)
def working_size_wh(width: int, height: int, lines: int) -> tuple[int, int]:
    """Width and height of the generator's input, for `lines` pixels on the shorter side."""
    return Look(max_height=max(16, lines)).working_size_wh(width, height)


def _megapixels_per_line2(picture: Picture) -> float:
    sides = picture.width, picture.height
    return max(sides) / min(sides) / 1e6
