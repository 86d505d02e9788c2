"""Forecast of the steps of a timed training, with a warning where they are too few."""

import math
import re

from vidstyle.errors import Cure, Note
from vidstyle.options import TrainOptions
from vidstyle.stylize.catalog import shipped_styles

SKIPPED_STEPS = 2  # of a sitting, with the first column of the contact sheet
MEASURED_STEPS = 10
MEASURED_SHARE = 0.05  # of the run, where that comes first
# The fewest of a style that ships are 1,200 from another style (red-chalk), and 2,300 from random
# weights (great-wave-17k).
ENOUGH_FROM_STYLE, ENOUGH_FROM_NOTHING = 1000, 2000
ROUNDED_MINUTES = 5


class StepForecast:
    """Measures the pace of a training once, after its first steps; belongs to its thread."""

    def __init__(self, options: TrainOptions) -> None:
        """Create a forecast; that of a run with a number of steps has nothing to say."""
        self._options = options
        self._pending = options.steps is None
        self._seen = 0  # steps of this sitting
        self._first = 0, 0.0  # step and time from which the pace is measured

    def note(self, step: int, elapsed_s: float) -> Note | None:
        """Warning that the expected steps are too few, at most once per run.

        Args:
            step: steps finished, over all sittings.
            elapsed_s: time of training for them, in seconds.
        """
        if not self._pending:
            return None
        self._seen += 1
        if self._seen <= SKIPPED_STEPS:
            self._first = step, elapsed_s
            return None
        first_step, first_s = self._first
        steps, took_s = step - first_step, elapsed_s - first_s
        total_s = self._options.minutes * 60
        if steps < MEASURED_STEPS and took_s < MEASURED_SHARE * total_s:
            return None
        self._pending = False
        step_s = took_s / steps
        expected = step + max(0.0, total_s - elapsed_s) / step_s if step_s else math.inf
        enough = self._enough()
        if expected >= enough:
            return None
        return self._warning(expected, (elapsed_s + (enough - step) * step_s) / 60)

    def _enough(self) -> int:
        return ENOUGH_FROM_NOTHING if self._options.start_from == "none" else ENOUGH_FROM_STYLE

    def _warning(self, expected: float, minutes: float) -> Note:
        options = self._options
        longer = ROUNDED_MINUTES * math.ceil(minutes / ROUNDED_MINUTES)
        cures: list[Cure] = [{"minutes": longer}]
        advice = "Give it more time"
        if options.start_from == "none":
            advice += ", or start from the nearest style"
            cures.append({"start_from": "auto"})
        return Note(
            f"Only about {_rounded(expected)} steps fit into {options.minutes:g} minutes here"
            f"{_comparison(options.size)}. {advice}.",
            *cures,
        )


def _comparison(size_class: str) -> str:
    """Clause on the steps of the shipped styles of a size class; empty where there are none."""
    steps = [
        int(found[1])
        for style in shipped_styles()
        if style.size_class == size_class
        and (found := re.search(r"\bsteps (\d+)", style.training)) is not None
    ]
    if not steps:
        return ""
    return f", and the shipped styles of this size had {min(steps):,} to {max(steps):,}"


def _rounded(steps: float) -> int:
    return 10 * round(steps / 10) if steps >= 100 else round(steps)
