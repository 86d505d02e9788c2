"""Clocks that start again in the middle of a file, as where recordings were joined."""

from fractions import Fraction

LEAST_RESTART_S = 0.5  # a smaller step back is a fault of one packet, not a new clock


def restart_offset(time: int, last: int | None, step: int, time_base: Fraction) -> int:
    """How far this and all later times must be moved to go on after the last one.

    Args:
        time: of a frame or packet, in units of `time_base`.
        last: the time before it; None at the beginning.
        step: from one time to the next, usually.
        time_base: seconds per unit.

    Returns:
        0, unless the clock has started again.
    """
    if last is None or (last - time) * time_base < LEAST_RESTART_S:
        return 0
    return last + step - time
