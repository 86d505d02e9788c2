"""Times as people write them."""

import pytest

from vidstyle.times import clock, seconds_of


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("62.5", 62.5),
        ("90s", 90),
        ("1.5h", 5400),
        ("1:02.5", 62.5),
        ("0:07", 7),
        ("1:00:02", 3602),
        ("2d", 172_800),
    ],
)
def test_times_are_seconds_units_or_clock_times(text: str, seconds: float) -> None:
    assert seconds_of(text) == seconds


@pytest.mark.parametrize(
    "text", ["", "s", "1:60", "1:2:3:4", "-1:02", "1:-2", ":30", "1:nan", "a:1"]
)
def test_no_time_is_guessed(text: str) -> None:
    with pytest.raises(ValueError):
        seconds_of(text)


def test_long_times_have_hours() -> None:
    assert [clock(s) for s in (5, 754, 3599, 3600, 36_005)] == [
        "0:05", "12:34", "59:59", "1:00:00", "10:00:05",
    ]  # fmt: skip
