"""Timestamps across clock restarts within a file, as where recordings were concatenated."""

from fractions import Fraction

MIN_RESTART_S = 0.5  # a smaller step back is an error of one packet


def restart_offset(time: int, last: int | None, step: int, time_base: Fraction) -> int:
    """Offset that makes timestamps continue after a clock restart.

    Args:
        time: timestamp of a frame or packet, in units of `time_base`.
        last: timestamp before it; None at the beginning.
        step: usual distance of two timestamps, in units of `time_base`.
        time_base: seconds per unit.

    Returns:
        Units to add to this and all later timestamps; 0 unless the clock was restarted here.
    """
    if last is None or (last - time) * time_base < MIN_RESTART_S:
        return 0
    return last + step - time
