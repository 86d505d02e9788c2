"""How a given time is shared out. Knows only work, in any unit, and a clock."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

SCALES = (1.0, 0.75, 0.5, 0.35, 0.25)  # of a picture's sides
LEAST_SHARE = 0.5  # of the evaluations that must fit before a picture is made smaller for them
USUAL_EVERY = 4  # frames from one keyframe to the next
SPARSER = (4, 6, 8, 12)
RETOUCHING = 0.2  # of the time, for the frames between keyframes
PLAYING_S = 0.05  # what a frame takes besides its keyframes: flow, carrying, encoding


class Budget:
    """Gives each piece of work its share of the time that is left.

    What one piece does not use, the others get; what one takes too much, they pay for.
    """

    def __init__(
        self, seconds: float | None, work: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Start the clock.

        Args:
            seconds: for all of the work; None for as long as it takes.
            work: all of it.
            clock: seconds from any moment.
        """
        self._ends_s = math.inf if seconds is None else clock() + seconds
        self._work_left, self._clock = work, clock

    def seconds_for(self, work: float) -> float:
        """The share of a piece of work, at least 0; infinite without a limit."""
        left_s = max(0.0, self._ends_s - self._clock())
        return left_s * min(1.0, work / max(self._work_left, work))

    def spend(self, work: float) -> None:
        """Note that a piece of work is done."""
        self._work_left -= work


@dataclass(frozen=True, slots=True)
class FilmPlan:
    """What is given up for time."""

    every: int  # frames from one keyframe to the next
    scale: float  # of the working size


def affordable_scale(effort: float, evaluation_s: float, seconds: float) -> float:
    """How large a picture can be painted in a time: 1, or less of its sides.

    Args:
        effort: evaluations at full size that it would take at most.
        evaluation_s: what one takes.
        seconds: the time.
    """
    for scale in SCALES:
        if scale**2 * effort * evaluation_s * LEAST_SHARE <= seconds:
            return scale
    return SCALES[-1]


def plan_film(
    effort: Callable[[int], float],
    frames: int,
    evaluation_s: float,
    seconds: float | None,
    every: int | None,
) -> FilmPlan:
    """Choose the keyframes' distance and size.

    The distance grows first: frames between keyframes are carried, not worse painted.

    Args:
        effort: evaluations that the film takes with keyframes at a distance.
        frames: in the film.
        evaluation_s: what one takes at the working size.
        seconds: the time budget, if there is one.
        every: the distance, if it was asked for.
    """
    if seconds is None:
        return FilmPlan(every or USUAL_EVERY, 1.0)
    painting_s = painting_time_s(frames, seconds)
    distances = (every,) if every else SPARSER
    for scale in SCALES:
        for distance in distances:
            if affordable_scale(scale**2 * effort(distance), evaluation_s, painting_s) == 1:
                return FilmPlan(distance, scale)
    return FilmPlan(distances[-1], SCALES[-1])


def painting_time_s(frames: int, seconds: float) -> float:
    """What is left of a film's time budget once playing it is paid for; at least half."""
    return max(seconds / 2, (1 - RETOUCHING) * seconds - PLAYING_S * frames)
