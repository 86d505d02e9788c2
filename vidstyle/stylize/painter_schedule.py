"""Painter schedule: the painter of each keyframe of a stream, by time or by scene."""

from collections.abc import Sequence
from enum import Enum
from functools import cache
from typing import NamedTuple, Protocol

from vidstyle.options import CPU
from vidstyle.style_plan import StylePlan
from vidstyle.stylize.catalog import expanded
from vidstyle.stylize.generator_pool import load_generator
from vidstyle.stylize.painter import FramePainter, GeneratorPainter

ROUNDING_S = 1e-6  # of frames' times, after subtractions


class Turn(Enum):
    """Change of a schedule between a frame and the next one."""

    NONE = "none"
    BEND = "bend"  # a cross-fade begins or ends: the frame has to be a keyframe
    SWITCH = "switch"  # another style at once: no painting may be carried across


class PainterSchedule(Protocol):
    """Painters of a stream; `VideoStylizer` asks from the thread that iterates `stylize`."""

    @property
    def by_scene(self) -> bool:
        """Whether the painter depends on the scene, so that scenes must be detected."""

    def painter(self, time_s: float, scene: int) -> FramePainter:
        """Return the painter of a keyframe; the same object as long as nothing changes.

        Args:
            time_s: presentation time of the keyframe in seconds.
            scene: number of its scene, from 0.
        """

    def turn(self, before_s: float, time_s: float) -> Turn:
        """Return the change after a frame at `before_s`, up to the next one at `time_s`."""


class TimedPainter(NamedTuple):
    """Painter of a schedule by time."""

    painter: FramePainter
    start_s: float = 0.0
    fade_s: float = 0.0  # cross-fade from the painter before, from `start_s` on


class PaintersByTime:
    """`PainterSchedule` of painters that begin at given times, with or without a cross-fade.

    During a cross-fade a keyframe is painted by both, mixed with the share of its time; between
    keyframes the stylizer mixes linearly, and keyframes stand at both ends of a cross-fade.
    """

    by_scene = False

    def __init__(self, painters: Sequence[TimedPainter]) -> None:
        """Make a schedule of painters in order of time; the first one begins at once."""
        self._first, *self._others = painters

    def painter(self, time_s: float, scene: int) -> FramePainter:
        painter = self._first.painter
        for each in self._others:
            if time_s < each.start_s:
                break
            passed_s = time_s - each.start_s
            if passed_s >= each.fade_s:
                painter = each.painter
            elif passed_s > 0:
                painter = painter.blended(each.painter, passed_s / each.fade_s)
        return painter

    def turn(self, before_s: float, time_s: float) -> Turn:
        passed = [t for t in self._others if before_s < t.start_s <= time_s]
        if any(each.fade_s == 0 for each in passed):
            return Turn.SWITCH
        ends = any(before_s < each.start_s + each.fade_s <= time_s for each in self._others)
        return Turn.BEND if passed or ends else Turn.NONE


class PaintersByScene:
    """`PainterSchedule` of painters that take turns, the next one at each cut."""

    by_scene = True

    def __init__(self, painters: Sequence[FramePainter]) -> None:
        self._painters = painters

    def painter(self, time_s: float, scene: int) -> FramePainter:
        return self._painters[scene % len(self._painters)]

    def turn(self, before_s: float, time_s: float) -> Turn:
        return Turn.NONE


def always(painter: FramePainter) -> PaintersByTime:
    """Schedule of a single painter."""
    return PaintersByTime([TimedPainter(painter)])


def load_painters(plan: StylePlan, start_s: float = 0.0, provider: str = CPU) -> PainterSchedule:
    """Load the generators of a style plan.

    Args:
        plan: styles; its times count from the beginning of the input.
        start_s: time in the input of the stream's first frame, which has time 0 in the stream.
        provider: execution provider, one of `PROVIDERS`.

    Raises:
        OptionError, SourceError, StyleError: as `load_generator`.
    """
    load = cache(lambda style: GeneratorPainter(load_generator(style, provider=provider)))
    if plan.by_scene:
        return PaintersByScene(list(map(load, expanded([change.style for change in plan.changes]))))
    earlier_s = start_s + ROUNDING_S
    return PaintersByTime(
        [TimedPainter(load(c.style), c.start_s - earlier_s, c.fade_s) for c in plan.changes]
    )
