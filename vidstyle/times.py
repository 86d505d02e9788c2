"""Times as text: seconds, durations with a unit, and clock times."""

SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}  # by the unit of a duration


def seconds_of(text: str) -> float:
    """Seconds in a duration or time: "62.5", "90s", "10m", "1.5h", "30d", "1:02.5" or "1:00:02.5".

    Raises:
        ValueError: the text is none of these.
    """
    if text[-1:] in SECONDS:
        return float(text[:-1]) * SECONDS[text[-1]]
    first, *others = text.split(":")
    if not others:
        return float(first)
    parts = [float(part) for part in (first, *others)]
    if len(parts) > 3 or not first.isdecimal() or not all(0 <= part < 60 for part in parts[1:]):
        raise ValueError(f"{text} is no time.")
    return sum(part * 60.0**power for power, part in enumerate(reversed(parts)))


def clock(seconds: float) -> str:
    """Time as of a clock: "3:20", "1:02:03"; fractions are left out."""
    minutes, seconds = divmod(int(seconds), 60)
    hours, minutes_left = divmod(minutes, 60)
    return f"{hours}:{minutes_left:02d}:{seconds:02d}" if hours else f"{minutes}:{seconds:02d}"
