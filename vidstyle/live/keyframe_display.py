"""Keyframe display of live: the last paintings, warped to the present frame and cross-faded."""

import numpy as np

from vidstyle.frame import Mask, Picture
from vidstyle.live.propagation import ActiveKeyframe, ToneTransfer, TrackedKeyframe, fill, patched
from vidstyle.live.style_fade import StyleFade
from vidstyle.options import Look
from vidstyle.stats import Stats
from vidstyle.stylize.compose import compose
from vidstyle.stylize.disocclusion import majority_filter
from vidstyle.stylize.warp import cross_fade, propagate

SHORTEST_FADE = 2  # frames


class KeyframeDisplay:
    """Painted keyframes on display; belongs to the thread of its `LiveStylizer`.

    A new keyframe fades in over the one before it, and a patch covers what neither shows. After a
    cut, frames are shown in the old painting's tones until a keyframe of the new scene takes over.
    """

    def __init__(self, stats: Stats, style_fade_s: float = 0.0) -> None:
        """Start without a keyframe.

        Args:
            stats: counts "cuts", and times the stages "carry" and "finish".
            style_fade_s: length of the cross-fade from a style to the next one, in seconds.
        """
        self._stats, self._style_fade = stats, StyleFade(style_fade_s)
        self._older: ActiveKeyframe | None = None  # fading out
        self._newer: ActiveKeyframe | None = None
        self._patch: ActiveKeyframe | None = None  # areas that neither of them shows
        self.is_stale = False  # the keyframes are of the scene before a cut
        self._frames_shown = 0  # since the newer keyframe took over
        self._fade = SHORTEST_FADE  # length of its fade-in, in frames

    def shows(self, style: str | None) -> bool:
        """Whether the newer keyframe is of this scene and in this style."""
        newer = self._newer
        return newer is not None and newer.keyframe.style == style and not self.is_stale

    def tracked(self) -> list[TrackedKeyframe]:
        """Keyframes whose paths each new frame extends; none of the scene before a cut."""
        if self.is_stale:
            return []
        active = (self._older, self._newer, self._patch, self._style_fade.outgoing)
        return [shown.keyframe for shown in active if shown is not None]

    def disoccluded(self) -> tuple[Mask, Mask]:
        """Where neither keyframe shows the newest frame, and where the patch does not either.

        Returns:
            Two masks, HxW float32 0..1, 1 where nothing is shown.
        """
        holes = majority_filter(1 - self._confidence())
        if self._patch is None:
            return holes, holes
        return holes, holes * (1 - self._patch.keyframe.path.confidence)

    def take_over(self, fresh: ActiveKeyframe, time_s: float) -> None:
        """Show a new keyframe, from the next picture on.

        Args:
            fresh: fades in over the newer one, if that shows this scene in the same style.
            time_s: presentation time of the frame in seconds.
        """
        if self._newer is not None and self.shows(fresh.keyframe.style):
            self._older = self._newer
            self._fade = max(
                SHORTEST_FADE, self._newer.keyframe.path.steps - fresh.keyframe.path.steps
            )
        else:
            if self._newer is not None and not self.is_stale:
                self._style_fade.begin(self._newer, time_s)
            self._older, self._patch = None, None
        self._newer, self.is_stale, self._frames_shown = fresh, False, 0

    def cover(self, patch: ActiveKeyframe) -> None:
        """Show a patch where neither keyframe shows anything, in place of the patch before."""
        self._patch = patch

    def cut(self) -> None:
        """Leave the scene: the newer keyframe lends its tones only, until another takes over."""
        if self._newer is not None:
            self._stats.count("cuts")
        self._older, self._patch, self.is_stale = None, None, True
        self._style_fade.end()

    def picture(
        self, working: Picture, original: Picture, look: Look, share: Mask | None, time_s: float
    ) -> Picture | None:
        """Return the picture of the newest frame; None before the first keyframe.

        Args:
            working: the frame in working size.
            original: the frame.
            look: `strength` and `keep_colors`.
            share: share of the painting in each pixel; None if all is painted.
            time_s: presentation time of the frame in seconds.
        """
        if self._newer is None:
            return None
        self._frames_shown += 1
        if self._frames_shown >= self._fade:
            self._older = None
        with self._stats.timed("carry"):
            if self.is_stale:  # the new scene's first painting is late
                painting = ToneTransfer.between(working, self._newer.painting).applied(working)
            else:
                painting = self._propagated(working, self._newer.resized(*_size_wh(working)))
            painting, finish = self._style_fade.applied(painting, self._newer.finish, time_s)
        with self._stats.timed("finish"):
            return compose(original, working, painting, look, finish, share=share)

    def _propagated(self, working: Picture, newer: ActiveKeyframe) -> Picture:
        """The keyframes' paintings, warped to the frame; patch and tones between them."""
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

    def _confidence(self) -> Mask:
        """Where the keyframes show the newest frame's content, HxW float32 0..1."""
        paths = [k.keyframe.path for k in (self._older, self._newer) if k is not None]
        return np.asarray(np.maximum.reduce([path.confidence for path in paths]), np.float32)


def _size_wh(picture: Picture) -> tuple[int, int]:
    return picture.width, picture.height
