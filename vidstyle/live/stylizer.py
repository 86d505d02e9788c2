"""Frame in, stylized frame out, at once: the display never waits for the network.

Keyframes are painted on threads of their own. Each frame shows the last finished painting, carried
along the joined flow; a new painting is carried to the present too, and fades in. Where the network
keeps up with the camera it paints every frame, and the frame before only steadies it.
"""

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from functools import lru_cache, partial

import numpy as np

from vidstyle.frame import Frame, Picture, Plane
from vidstyle.live.propagation import Tones, TrackedKeyframe, fill
from vidstyle.live.quality import Governor, Load, Quality
from vidstyle.options import Look
from vidstyle.stats import Stats
from vidstyle.stylize.compose import compose
from vidstyle.stylize.exposure import Curve, ExposureTracker
from vidstyle.stylize.flow import thumbnail
from vidstyle.stylize.generator import ImageGenerator
from vidstyle.stylize.motion_tracker import MotionTracker
from vidstyle.stylize.warp import cross_fade, enlarge, propagate

PATIENCE = 0.8  # of a frame's time may pass before a frame is shown without its own painting
QUICK_SHARE = 0.4  # of a frame's time for the first painting of a scene or a style
SHORTEST_FADE = 2  # frames
FAR_BACK = 1_000_000  # frames; a keyframe is due


@dataclass(frozen=True, slots=True, eq=False)
class Painted:
    """A painting of the working size, and what it took."""

    picture: Picture
    tones: Tones
    seconds: float
    megapixels: float


Paint = Callable[[Picture, Picture], Painted]  # from what is to be painted and the working picture


@dataclass(frozen=True, slots=True, eq=False)
class ActiveKeyframe:
    """A finished painting and the way to it."""

    painting: Picture
    tones: Tones
    keyframe: TrackedKeyframe

    def resized(self, width: int, height: int) -> "ActiveKeyframe":
        """The same at today's working size."""
        return ActiveKeyframe(self.painting.resized(width, height), self.tones, self.keyframe)


@dataclass(frozen=True, slots=True, eq=False)
class PendingKeyframe:
    """A painting that is being made."""

    keyframe: TrackedKeyframe
    painted: Future[Painted]
    small_network: bool


class LiveStylizer:
    """Stylizes the newest frame; belongs to one thread."""

    def __init__(
        self,
        governor: Governor,
        stats: Stats,
        frame_s: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Start the painters.

        Args:
            governor: says how to paint, and is told what it took.
            stats: gets "keyframes" and "cuts", and the times of the stages.
            frame_s: from frame to frame, as the source promises.
            clock: in seconds.
        """
        self._governor, self._stats = governor, stats
        self._frame_s, self._clock = frame_s, clock
        self._tracker, self._exposure = MotionTracker(), ExposureTracker()
        # The second is for what cannot wait until the first is done: a new style, a new scene.
        self._painters = ThreadPoolExecutor(2, thread_name_prefix="painter")
        self._regular: PendingKeyframe | None = None
        self._urgent: PendingKeyframe | None = None
        self._older: ActiveKeyframe | None = None  # on its way out
        self._newer: ActiveKeyframe | None = None
        self._stale = False  # what is shown is of another scene
        self._since_keyframe = FAR_BACK
        self._frames_shown, self._fade = 0, SHORTEST_FADE  # since the newer one came; to fade in

    def close(self) -> None:
        """Join the painters."""
        self._painters.shutdown(cancel_futures=True)

    def begin_anew(self) -> None:
        """Do not look for the next frame in the last: time has passed, or another picture was."""
        self._tracker = MotionTracker()

    def stylize(
        self,
        frame: Frame,
        generator: ImageGenerator,
        look: Look,
        cores: float,
    ) -> Frame | None:
        """Return the frame stylized; None as long as nothing has been painted yet.

        Args:
            frame: all of one size.
            generator: paints what is begun with this frame.
            look: `style` names the generator; a new name is shown at once, without fading.
            cores: CPU seconds per second that the process takes.

        Raises:
            StyleError: a painting failed.
        """
        started = self._clock()
        quality, picture = self._governor.quality, frame.picture
        with self._stats.timed("resize"):
            working = picture.resized(
                *working_size_wh(picture.width, picture.height, quality.lines)
            )
            present = thumbnail(picture)
        here = TrackedKeyframe.at(look.style, present)
        paint = partial(self._paint, generator, self._measured(frame, present))
        begun = self._begin(here, working, paint, quality) if self._shows(here.style) else None
        with self._stats.timed("flow"):
            self._follow(present, begun)
        if not self._shows(here.style):
            paint = partial(self._paint, generator, self._measured(frame, present))
            self._hurry(
                TrackedKeyframe.at(here.style, present), working, paint, quality.small_network
            )
        waited_s = self._wait(started, begun if quality.every == 1 else None)
        self._collect(look.style)
        shown = self._show(working, picture, look) if self._newer else None
        render_s = self._clock() - started - waited_s
        load = Load(self._frame_s, render_s, cores)
        self._governor.observe(self._clock(), load, _megapixels_per_line2(picture))
        return frame.showing(shown) if shown else None

    def _shows(self, style: str | None) -> bool:
        """Whether the newest painting is of this scene and in this style."""
        return self._newer is not None and self._newer.keyframe.style == style and not self._stale

    def _measured(self, frame: Frame, present: Plane) -> Curve:
        """The scene's light; once it is known to be another scene, without a memory."""
        full_range = frame.picture.color.full_range
        return self._exposure.measure(present, full_range, frame.time_s, cut=self._stale)

    def _begin(
        self, here: TrackedKeyframe, working: Picture, paint: Paint, quality: Quality
    ) -> PendingKeyframe | None:
        """Begin the next keyframe with this frame, if it is time and the painter is free."""
        self._since_keyframe += 1
        if self._regular is not None or self._since_keyframe < quality.every:
            return None
        self._since_keyframe = 0
        painted = self._painters.submit(paint, working, working)
        self._regular = PendingKeyframe(here, painted, quality.small_network)
        return self._regular

    def _hurry(
        self, here: TrackedKeyframe, working: Picture, paint: Paint, small_network: bool
    ) -> None:
        """Begin a painting so small that it is done within this frame's time."""
        if self._urgent is not None and self._urgent.keyframe.style == here.style:
            return
        lines = self._governor.affordable_lines(
            QUICK_SHARE * self._frame_s, _megapixels_per_line2(working), small_network
        )
        sketch = working.resized(*working_size_wh(working.width, working.height, lines))
        painted = self._painters.submit(paint, sketch, working)
        self._urgent = PendingKeyframe(here, painted, small_network)

    def _paint(
        self, generator: ImageGenerator, curve: Curve, seen: Picture, working: Picture
    ) -> Painted:
        self._stats.count("keyframes")
        started = self._clock()
        with self._stats.timed("generator"):
            painting = generator.paint_picture(generator.with_exposure(seen, curve))
        seconds = self._clock() - started
        megapixels = seen.width * seen.height / 1e6
        tones = Tones.between(seen, painting)
        return Painted(enlarge(painting, seen, working), tones, seconds, megapixels)

    def _follow(self, present: Plane, begun: PendingKeyframe | None) -> None:
        """Take along everything that is painted or being painted, or drop it at a cut."""
        before = [c for c in (self._regular, self._urgent) if c is not None and c is not begun]
        keyframes = [c.keyframe for c in before]
        if not self._stale:
            keyframes += [
                shown.keyframe for shown in (self._older, self._newer) if shown is not None
            ]
        motion = self._tracker.advance(present)
        if motion is not None:
            for keyframe in keyframes:
                keyframe.follow(motion.to_previous, present)
            return
        if self._newer is not None:
            self._stats.count("cuts")
        self._regular, self._urgent, self._stale = begun, None, True

    def _wait(self, started: float, begun: PendingKeyframe | None) -> float:
        """Give what this frame should show a little time to be finished; return how long."""
        awaited = self._urgent or begun
        if awaited is None:
            return 0.0
        asked = self._clock()
        left_s = started + PATIENCE * self._frame_s - asked
        wait([awaited.painted], timeout=max(0.0, left_s))
        return self._clock() - asked

    def _collect(self, style: str | None) -> None:
        """Take over what has been painted; the more careful painting wins."""
        for pending in (self._urgent, self._regular):
            if pending is None or not pending.painted.done():
                continue
            painted, keyframe = pending.painted.result(), pending.keyframe
            self._governor.painted(painted.seconds, painted.megapixels, pending.small_network)
            urgent = pending is self._urgent
            if urgent:
                self._urgent = None
            else:
                self._regular = None
            if keyframe.style == style and not (urgent and self._shows(style)):
                self._take_over(ActiveKeyframe(painted.picture, painted.tones, keyframe))

    def _take_over(self, fresh: ActiveKeyframe) -> None:
        if self._newer is not None and self._shows(fresh.keyframe.style):
            self._older = self._newer
            self._fade = max(
                SHORTEST_FADE, self._newer.keyframe.path.steps - fresh.keyframe.path.steps
            )
        else:
            self._older, self._since_keyframe = None, FAR_BACK
        self._newer, self._stale, self._frames_shown = fresh, False, 0

    def _show(self, working: Picture, original: Picture, look: Look) -> Picture:
        assert self._newer is not None
        size_wh = (working.width, working.height)
        self._frames_shown += 1
        if self._frames_shown >= self._fade:
            self._older = None
        with self._stats.timed("carry"):
            newer = self._newer.resized(*size_wh)
            path = newer.keyframe.path
            confidence = path.confidence
            if self._older is None:
                painting = propagate(newer.painting, path)
            else:
                older, progress = self._older.resized(*size_wh), self._frames_shown / self._fade
                old_path = older.keyframe.path
                painting = cross_fade(
                    older.painting, old_path, newer.painting, path, progress, fallback=1.0
                )
                confidence = np.maximum(confidence, old_path.confidence)
            if not self._stale:
                painting = fill(painting, working, 1 - confidence, newer.tones)
        with self._stats.timed("finish"):
            return compose(original, working, painting, look)


@lru_cache(maxsize=8)
def working_size_wh(width: int, height: int, lines: int) -> tuple[int, int]:
    """The size at which a picture is painted, for so many lines of its shorter side."""
    return Look(max_height=max(16, lines)).working_size_wh(width, height)


def _megapixels_per_line2(picture: Picture) -> float:
    sides = picture.width, picture.height
    return max(sides) / min(sides) / 1e6
