"""How good a picture this machine can afford right now.

Pure arithmetic on measured times: knows no threads and no clock but the one it is told.
"""

import math
import statistics
from collections import deque
from dataclasses import dataclass, replace

DOWN_AFTER_S, UP_AFTER_S = 1.0, 4.0  # how long a change must have been due
LONGEST_UP_AFTER_S = 60.0  # a step up that failed is tried again later and later
FAILED_WITHIN_S = 10.0  # a step up that must be taken back by then has failed
ROOM_DOWN, ROOM_UP = 0.9, 0.75  # of what is there: what a new level may take
WAITED_FOR = 0.6  # of a frame's time: a painting that takes longer is not waited for
RENDER_SHARE = 0.9  # of a frame's time may go into following and carrying
FIXED_SHARE = 0.5  # of the rendering does not depend on the working size
SMALL_COST = 0.4  # of a small network against the full one, until it has been measured
USUAL_OF = 15  # frames: what rendering usually takes is their median; single ones may be held up
MEMORY = 0.8  # weight of the past in the averages
PAINT_PRIOR_S = 0.1  # a megapixel, until it has been measured
FEWEST_LINES = 120  # below, nothing can be recognized
LINES_STEP = 24


@dataclass(frozen=True, slots=True)
class Quality:
    """What the picture is made with."""

    lines: int  # of the working size
    every: int  # frames from keyframe to keyframe
    small_network: bool = False  # the style's smaller network
    pace: int = 1  # of so many frames of the camera, one is shown

    def __str__(self) -> str:
        network = ", small network" if self.small_network else ""
        pace = f", 1 in {self.pace} shown" if self.pace > 1 else ""
        return f"{self.lines} lines, every {self.every}{network}{pace}"


@dataclass(frozen=True, slots=True)
class Load:
    """What was measured lately."""

    frame_s: float  # from frame to frame of the camera
    render_s: float  # following and carrying, for one frame
    cores: float  # CPU seconds per second that this process takes


# Best first. Few paintings that are large look better than many that are small, up to a point. Only
# in the end frames are left out, where even following and carrying take more than their share of
# the processor. Where they only take too long, frames drop by themselves, and fewer of them.
LADDER = (
    Quality(480, 1), Quality(480, 2), Quality(480, 3), Quality(360, 2), Quality(360, 3),
    Quality(360, 4), Quality(360, 3, small_network=True), Quality(288, 3), Quality(288, 4),
    Quality(288, 4, small_network=True), Quality(240, 4), Quality(240, 6), Quality(180, 6),
    Quality(180, 8, small_network=True), Quality(180, 12), Quality(180, 6, pace=2),
    Quality(180, 4, pace=3), Quality(180, 3, pace=5), Quality(180, 3, pace=8),
)  # fmt: skip
FIRST = Quality(360, 3)  # until something has been measured


class Governor:
    """Chooses a level of the ladder from the measured load, with hysteresis.

    A level fits when the process stays within its share of the processor, a keyframe is painted
    before the next is due, and frames are carried faster than they come. Down goes at once to what
    fits, up goes step by step.
    """

    def __init__(
        self,
        budget_cores: float,
        *,
        lines: int | None = None,
        most_lines: int = 480,
        has_small_network: bool = False,
    ) -> None:
        """Take the limits.

        Args:
            budget_cores: CPU seconds per second that the process may take.
            lines: pins the working size.
            most_lines: of the working size.
            has_small_network: the style has one.
        """
        self._budget_cores = budget_cores
        self._has_small_network = has_small_network
        self._lines, self._most_lines = lines, most_lines
        self._every: int | None = None
        self._paint_s: dict[
            bool, float
        ] = {}  # a megapixel, by whether the network is the small one
        self._pressed_since: float | None = None
        self._roomy_since: float | None = None
        self._went_up_at: float | None = None
        self._up_after_s = UP_AFTER_S
        self._render_s: deque[float] = deque(maxlen=USUAL_OF)
        self._levels = self._allowed()
        self._level = self._nearest(FIRST)
        self.exceeded_cores: float | None = None  # taken, where even the least is over the budget

    @property
    def quality(self) -> Quality:
        return self._levels[self._level]

    def pin(self, every: int | None) -> None:
        """Pin the interval, or with None let it follow the load again."""
        if every == self._every:
            return
        before, self._every = self.quality, every
        self._levels = self._allowed()
        self._level = self._nearest(before)

    def painted(self, seconds: float, megapixels: float, small_network: bool) -> None:
        """Note how long a painting took."""
        new = seconds / megapixels
        old = self._paint_s.get(small_network, new)
        self._paint_s[small_network] = MEMORY * old + (1 - MEMORY) * new

    def affordable_lines(
        self, budget_s: float, megapixels_per_line2: float, small_network: bool
    ) -> int:
        """The working size, at most today's, that is painted within so many seconds."""
        one_line_s = self._painting_s(Quality(1, 1, small_network), megapixels_per_line2)
        affordable = math.isqrt(int(budget_s / one_line_s))
        affordable -= affordable % LINES_STEP  # each size takes memory of its own
        return max(FEWEST_LINES, min(affordable, self.quality.lines))

    def observe(self, now_s: float, load: Load, megapixels_per_line2: float) -> Quality:
        """Take what was measured, and say what to make the picture with from now on.

        Args:
            now_s: on any clock that only goes forward.
            load: what was measured since the last call.
            megapixels_per_line2: of the working size, by its shorter side squared.
        """
        if not self._paint_s:
            return self.quality
        self._render_s.append(load.render_s)
        load = replace(load, render_s=statistics.median(self._render_s))

        def fits(level: int, room: float) -> bool:
            return self._fits(self._levels[level], load, megapixels_per_line2, room)

        if not fits(self._level, 1.0):
            self._roomy_since = None
            self._pressed_since = now_s if self._pressed_since is None else self._pressed_since
            if now_s - self._pressed_since >= DOWN_AFTER_S:
                below = self._below(load, megapixels_per_line2)
                if below:
                    self._go_down(next((n for n in below if fits(n, ROOM_DOWN)), below[-1]), now_s)
                elif load.cores > self._budget_cores:
                    self.exceeded_cores = load.cores
            return self.quality
        self._pressed_since = self.exceeded_cores = None
        if self._level == 0 or not fits(self._level - 1, ROOM_UP):
            self._roomy_since = None
            return self.quality
        self._roomy_since = now_s if self._roomy_since is None else self._roomy_since
        if now_s - self._roomy_since >= self._up_after_s:
            self._go_to(self._level - 1)
            self._went_up_at = now_s
        return self.quality

    def _below(self, load: Load, mp_per_line2: float) -> list[int]:
        """The levels that could help; those that leave out frames only where the budget asks."""
        whole = [n for n, quality in enumerate(self._levels) if quality.pace == 1]
        enough = self._in_budget(self._levels[whole[-1]], load, mp_per_line2, 1.0)
        last = max(self._level, whole[-1]) if enough else len(self._levels) - 1
        return list(range(self._level + 1, last + 1))

    def _go_down(self, level: int, now_s: float) -> None:
        if self._went_up_at is not None:
            failed = now_s - self._went_up_at < FAILED_WITHIN_S
            longer = min(2 * self._up_after_s, LONGEST_UP_AFTER_S)
            self._up_after_s = longer if failed else UP_AFTER_S
        self._go_to(level)
        self._went_up_at = None

    def _go_to(self, level: int) -> None:
        self._level, self._pressed_since, self._roomy_since = level, None, None
        self._render_s.clear()

    def _fits(self, quality: Quality, load: Load, mp_per_line2: float, room: float) -> bool:
        if not self._in_budget(quality, load, mp_per_line2, room):
            return False
        frame_s = load.frame_s * quality.pace
        deadline_s = frame_s * (WAITED_FOR if quality.every == 1 else quality.every)
        return (
            self._painting_s(quality, mp_per_line2) <= deadline_s * room
            and self._rendering_s(quality, load) <= frame_s * RENDER_SHARE * room
        )

    def _in_budget(self, quality: Quality, load: Load, mp_per_line2: float, room: float) -> bool:
        now = self.quality
        cores = (
            load.cores
            + self._rendering_s(quality, load) / (load.frame_s * quality.pace)
            - load.render_s / (load.frame_s * now.pace)
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
        return cost * quality.lines**2 * mp_per_line2

    def _painting_cores(self, quality: Quality, load: Load, mp_per_line2: float) -> float:
        paint_s = self._painting_s(quality, mp_per_line2)
        return paint_s / max(paint_s, quality.every * quality.pace * load.frame_s)

    def _allowed(self) -> tuple[Quality, ...]:
        levels = [
            Quality(
                self._lines or min(level.lines, self._most_lines),
                self._every or level.every,
                level.small_network,
                level.pace,
            )
            for level in LADDER
            if self._has_small_network or not level.small_network
        ]
        return tuple(dict.fromkeys(levels))

    def _nearest(self, wanted: Quality) -> int:
        def distance(level: int) -> tuple[int, int]:
            there = self._levels[level]
            return abs(there.lines - wanted.lines), abs(there.every - wanted.every)

        return min(range(len(self._levels)), key=distance)
