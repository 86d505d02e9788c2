"""Time budget: seconds for each piece of work, and keyframe interval and scale of a film."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

SCALES = (1.0, 0.75, 0.5, 0.35, 0.25)  # of the sides of a picture, largest first
MIN_SHARE = 0.5  # of the evaluations must fit into the time; otherwise the picture is scaled down
DEFAULT_INTERVAL = 4  # frames from one keyframe to the next
INTERVALS = (4, 6, 8, 12)  # frames, tried in this order when time is short
INBETWEEN_SHARE = 0.2  # of the time budget, for polishing the frames between keyframes
RENDER_S = 0.05  # per frame, for optical flow, warping and encoding


class Budget:
    """Time budget that assigns each piece of work its share of the remaining time.

    Time saved or overrun by one piece is spread over the following ones.
    """

    def __init__(
        self, seconds: float | None, work: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Start the clock.

        Args:
            seconds: for all of the work; None without a limit.
            work: total amount of work, in any unit.
            clock: monotonic time in seconds.
        """
        self._ends_s = math.inf if seconds is None else clock() + seconds
        self._work_left, self._clock = work, clock

    def seconds_for(self, work: float) -> float:
        """Return the seconds for a piece of work, at least 0; infinite without a limit."""
        left_s = max(0.0, self._ends_s - self._clock())
        return left_s * min(1.0, work / max(self._work_left, work))

    def spend(self, work: float) -> None:
        """Subtract a finished piece of work from the remaining work."""
        self._work_left -= work


@dataclass(frozen=True, slots=True)
class FilmPlan:
    """Keyframe interval and picture scale of a film within its time budget."""

    every: int  # frames from one keyframe to the next
    scale: float  # of the working size, 0 to 1


def affordable_scale(effort: float, evaluation_s: float, seconds: float) -> float:
    """Return the largest scale of `SCALES` at which a picture can be painted in the time.

    Args:
        effort: largest number of evaluations of the loss, in evaluations at full size.
        evaluation_s: seconds for one evaluation at full size.
        seconds: available time.
    """
    for scale in SCALES:
        if scale**2 * effort * evaluation_s * MIN_SHARE <= seconds:
            return scale
    return SCALES[-1]


def plan_film(
    effort: Callable[[int], float],
    frames: int,
    evaluation_s: float,
    seconds: float | None,
    every: int | None,
) -> FilmPlan:
    """Choose keyframe interval and scale for a time budget.

    The interval grows before the scale shrinks: frames between keyframes are warped from them, so
    a longer interval costs less quality than a smaller size.

    Args:
        effort: function from a keyframe interval to the evaluations that the film takes at most.
        frames: number of frames of the film.
        evaluation_s: seconds for one evaluation at the working size.
        seconds: time budget; None without a limit.
        every: requested keyframe interval; None to choose one.
    """
    if seconds is None:
        return FilmPlan(every or DEFAULT_INTERVAL, 1.0)
    painting_s = painting_time_s(frames, seconds)
    distances = (every,) if every else INTERVALS
    for scale in SCALES:
        for distance in distances:
            if affordable_scale(scale**2 * effort(distance), evaluation_s, painting_s) == 1:
                return FilmPlan(distance, scale)
    return FilmPlan(distances[-1], SCALES[-1])


def painting_time_s(frames: int, seconds: float) -> float:
    """Return the part of a film's time budget for painting keyframes; at least half of it.

    The rest is for rendering the frames and polishing those between keyframes.
    """
    return max(seconds / 2, (1 - INBETWEEN_SHARE) * seconds - RENDER_S * frames)
