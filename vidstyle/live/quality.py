"""Adaptive quality: working size, keyframe interval and network chosen from the measured load.

Pure arithmetic on measured times, without threads; the caller passes the time.
"""

import math
import statistics
from collections import deque
from dataclasses import dataclass, replace
from typing import Self

DOWN_AFTER_S, UP_AFTER_S = 1.0, 4.0  # overload or headroom must last so long for a change
LONGEST_UP_AFTER_S = 60.0  # limit of the backoff after steps up that failed
FAILED_WITHIN_S = 10.0  # a step up that is taken back within this time has failed
DOWN_TARGET, UP_TARGET = 0.9, 0.75  # share of the limits that a new level may use
PAINT_DEADLINE_SHARE = 0.6  # of the frame duration, for the painting where every frame is one
RENDER_SHARE = 0.9  # of the frame duration, for optical flow and warping
FIXED_SHARE = 0.5  # of the rendering time does not depend on the working size
SMALL_COST = 0.4  # time of the small network over that of the full one, until measured
RENDER_WINDOW = 15  # frames of the median rendering time; ignores single delayed frames
SMOOTHING = 0.8  # weight of the old value in the exponential averages
PAINT_PRIOR_S = 0.1  # seconds per megapixel, until measured
FEWEST_LINES = 120  # below, nothing can be recognized
LINES_STEP = 24  # of urgent keyframes


@dataclass(frozen=True, slots=True)
class Quality:
    """One quality level: working size, keyframe interval, network and frame decimation."""

    lines: int  # shorter side of the working size, in pixels
    every: int  # keyframe interval, in displayed frames
    small_network: bool = False  # use the style's smaller network
    decimation: int = 1  # one of so many captured frames is displayed
    scale: float = 1.0  # enlargement at which keyframes are painted, or less if the style wants so

    @property
    def painted_lines(self) -> float:
        """Shorter side of the generator's input, in pixels, at most."""
        return self.scale * self.lines

    def __str__(self) -> str:
        network = ", small network" if self.small_network else ""
        shown = f", 1 in {self.decimation} shown" if self.decimation > 1 else ""
        return f"{self.lines} lines, every {self.every}{network}{shown}"


@dataclass(frozen=True, slots=True)
class Load:
    """Measured load of one frame."""

    frame_s: float  # frame duration of the camera
    render_s: float  # optical flow and warping of the frame
    cores: float  # CPU use of this process, in CPU seconds per second


# Quality levels, best first. A few large keyframes look better than many small ones, up to a point.
# Strokes of 720 lines were chosen blind over those of 480 and less.
# Frames are decimated last, where optical flow and warping alone exceed the CPU budget. Where they
# only take longer than a frame, the capture channel drops frames by itself, and fewer of them.
LADDER = (
    Quality(480, 1, scale=1.5), Quality(480, 2, scale=1.5), Quality(480, 3, scale=1.5),
    Quality(480, 4, scale=1.5), Quality(360, 3, scale=1.5), Quality(360, 4, scale=1.5),
    Quality(360, 3), Quality(360, 4), Quality(360, 3, small_network=True),
    Quality(288, 3), Quality(288, 4), Quality(288, 4, small_network=True),
    Quality(240, 4), Quality(240, 6), Quality(180, 6), Quality(180, 8, small_network=True),
    Quality(180, 12), Quality(180, 6, decimation=2), Quality(180, 4, decimation=3),
    Quality(180, 3, decimation=5), Quality(180, 3, decimation=8),
)  # fmt: skip
FIRST = Quality(360, 3)  # until the generator has been measured


@dataclass(frozen=True, slots=True)
class _Choice:
    """Chosen level among those allowed; replaced as a whole, so that any thread may read it."""

    levels: tuple[Quality, ...]  # allowed, best first
    index: int

    @property
    def quality(self) -> Quality:
        return self.levels[self.index]

    @classmethod
    def nearest(cls, wanted: Quality, levels: tuple[Quality, ...]) -> Self:
        """Choose the level whose working size, and then keyframe interval, is nearest."""

        def distance(index: int) -> tuple[int, int]:
            there = levels[index]
            return abs(there.lines - wanted.lines), abs(there.every - wanted.every)

        return cls(levels, min(range(len(levels)), key=distance))


class QualityController:
    """Chooses a quality level of `LADDER` from the measured load, with hysteresis.

    A level fits when the predicted CPU use stays within the budget, a keyframe is painted before
    the next one is due, and a frame is rendered within its duration. The way down jumps to the
    first level that fits, the way up takes one level at a time.

    Belongs to one thread, except that `quality` and `exceeded_cores` may be read from any.
    """

    def __init__(
        self,
        budget_cores: float,
        *,
        lines: int | None = None,
        most_lines: int = 480,
        has_small_network: bool = False,
    ) -> None:
        """Set the limits.

        Args:
            budget_cores: CPU seconds per second that the process may use.
            lines: pins the working size's shorter side, in pixels, and the strokes with it; None
                follows the load.
            most_lines: upper limit of the working size's shorter side, in pixels.
            has_small_network: the style has a smaller network.
        """
        self._budget_cores = budget_cores
        self._has_small_network = has_small_network
        self._lines, self._most_lines = lines, most_lines
        self._every: int | None = None
        self._paint_s: dict[bool, float] = {}  # seconds per megapixel; True: of the small network
        self._overload_since_s: float | None = None
        self._headroom_since_s: float | None = None
        self._went_up_s: float | None = None
        self._up_after_s = UP_AFTER_S
        self._render_s: deque[float] = deque(maxlen=RENDER_WINDOW)
        self._choice = _Choice.nearest(FIRST, self._allowed())
        self.exceeded_cores: float | None = None  # CPU use over the budget at the lowest level

    @property
    def quality(self) -> Quality:
        return self._choice.quality

    def pin(self, every: int | None) -> None:
        """Pin the keyframe interval, in frames; None lets it follow the load."""
        if every == self._every:
            return
        self._every = every
        self._choice = _Choice.nearest(self.quality, self._allowed())

    def painted(self, seconds: float, megapixels: float, small_network: bool) -> None:
        """Update the measured generator time, after each finished keyframe.

        Args:
            seconds: time that the generator took.
            megapixels: size of its input.
            small_network: it was the style's smaller network.
        """
        new = seconds / megapixels
        old = self._paint_s.get(small_network, new)
        self._paint_s[small_network] = SMOOTHING * old + (1 - SMOOTHING) * new

    def affordable_lines(
        self, budget_s: float, megapixels_per_line2: float, small_network: bool
    ) -> int:
        """The shorter side, in pixels, of a picture that is painted within a time.

        Args:
            budget_s: time for the generator, in seconds.
            megapixels_per_line2: see `observe`.
            small_network: for the style's smaller network.

        Returns:
            A number from `FEWEST_LINES` up to the `lines` of the current level.
        """
        one_line_s = self._painting_s(Quality(1, 1, small_network), megapixels_per_line2)
        most = self.quality.lines
        affordable = most if one_line_s == 0 else math.isqrt(int(budget_s / one_line_s))
        affordable -= affordable % LINES_STEP  # ONNX Runtime allocates memory for each size
        return max(FEWEST_LINES, min(affordable, most))

    def observe(self, now_s: float, load: Load, megapixels_per_line2: float) -> Quality:
        """Update with the measured load of a frame; return the level for the next frames.

        Called once per stylized frame.

        Args:
            now_s: time of a monotonic clock, in seconds.
            load: measured since the last call.
            megapixels_per_line2: megapixels of the working size over its shorter side squared, a
                constant of the aspect ratio.
        """
        if not self._paint_s:
            return self.quality
        self._render_s.append(load.render_s)
        load, choice = replace(load, render_s=statistics.median(self._render_s)), self._choice

        def fits(index: int, room: float) -> bool:
            return self._fits(choice.levels[index], load, megapixels_per_line2, room)

        if not fits(choice.index, 1.0):
            self._headroom_since_s = None
            self._overload_since_s = (
                now_s if self._overload_since_s is None else self._overload_since_s
            )
            if now_s - self._overload_since_s >= DOWN_AFTER_S:
                below = self._below(load, megapixels_per_line2)
                if below:
                    self._go_down(
                        next((n for n in below if fits(n, DOWN_TARGET)), below[-1]), now_s
                    )
                elif load.cores > self._budget_cores:
                    self.exceeded_cores = load.cores
            return self.quality
        self._overload_since_s = self.exceeded_cores = None
        if choice.index == 0 or not fits(choice.index - 1, UP_TARGET):
            self._headroom_since_s = None
            return self.quality
        self._headroom_since_s = now_s if self._headroom_since_s is None else self._headroom_since_s
        if now_s - self._headroom_since_s >= self._up_after_s:
            self._go_to(choice.index - 1)
            self._went_up_s = now_s
        return self.quality

    def _below(self, load: Load, mp_per_line2: float) -> list[int]:
        """Indices of the levels below; with decimation only where the CPU budget requires it."""
        levels, index = self._choice.levels, self._choice.index
        whole = [n for n, quality in enumerate(levels) if quality.decimation == 1]
        enough = self._in_budget(levels[whole[-1]], load, mp_per_line2, 1.0)
        last = max(index, whole[-1]) if enough else len(levels) - 1
        return list(range(index + 1, last + 1))

    def _go_down(self, index: int, now_s: float) -> None:
        if self._went_up_s is not None:
            failed = now_s - self._went_up_s < FAILED_WITHIN_S
            longer = min(2 * self._up_after_s, LONGEST_UP_AFTER_S)
            self._up_after_s = longer if failed else UP_AFTER_S
        self._go_to(index)
        self._went_up_s = None

    def _go_to(self, index: int) -> None:
        self._choice = replace(self._choice, index=index)
        self._overload_since_s = self._headroom_since_s = None
        self._render_s.clear()

    def _fits(self, quality: Quality, load: Load, mp_per_line2: float, room: float) -> bool:
        if not self._in_budget(quality, load, mp_per_line2, room):
            return False
        frame_s = load.frame_s * quality.decimation
        deadline_s = frame_s * (PAINT_DEADLINE_SHARE if quality.every == 1 else quality.every)
        return (
            self._painting_s(quality, mp_per_line2) <= deadline_s * room
            and self._rendering_s(quality, load) <= frame_s * RENDER_SHARE * room
        )

    def _in_budget(self, quality: Quality, load: Load, mp_per_line2: float, room: float) -> bool:
        now = self.quality
        cores = (
            load.cores
            + self._rendering_s(quality, load) / (load.frame_s * quality.decimation)
            - load.render_s / (load.frame_s * now.decimation)
            + self._painting_cores(quality, load, mp_per_line2)
            - self._painting_cores(now, load, mp_per_line2)
        )
        return cores <= self._budget_cores * room

    def _rendering_s(self, quality: Quality, load: Load) -> float:
        grown = FIXED_SHARE + (1 - FIXED_SHARE) * (quality.lines / self.quality.lines) ** 2
        return load.render_s * grown

    def _painting_s(self, quality: Quality, mp_per_line2: float) -> float:
        full = self._paint_s.get(False, self._paint_s.get(True, PAINT_PRIOR_S) / SMALL_COST)
        cost = self._paint_s.get(True, full * SMALL_COST) if quality.small_network else full
        return cost * quality.painted_lines**2 * mp_per_line2

    def _painting_cores(self, quality: Quality, load: Load, mp_per_line2: float) -> float:
        paint_s = self._painting_s(quality, mp_per_line2)
        return paint_s / max(paint_s, quality.every * quality.decimation * load.frame_s)

    def _allowed(self) -> tuple[Quality, ...]:
        levels = [
            Quality(
                self._lines or min(level.lines, self._most_lines),
                self._every or level.every,
                level.small_network,
                level.decimation,
                1.0 if self._lines else level.scale,
            )
            for level in LADDER
            if self._has_small_network or not level.small_network
        ]
        return tuple(dict.fromkeys(levels))
