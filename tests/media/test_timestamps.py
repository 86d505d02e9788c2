"""Clocks that start again, stand still, or are missing."""

from fractions import Fraction

import av
import pytest

from vidstyle.media.timestamps import FrameClock, in_display_order, restart_offset

TICK = Fraction(1, 100)


@pytest.mark.parametrize(("time", "last"), [(0, None), (5, 4), (5, 5), (5, 6), (5, 54)])
def test_small_steps_back_are_no_restart(time: int, last: int | None) -> None:
    assert restart_offset(time, last, 4, TICK) == 0


def test_a_restart_goes_on_one_step_after_the_last_time() -> None:
    assert 3 + restart_offset(3, 500, 4, TICK) == 504


@pytest.mark.parametrize(
    ("pts", "dts", "expected"),
    [
        ([2, 4, 3, 6, 5], [2, 3, 4, 5, None], [2, 3, 4, 5, 6]),  # packed B-frames
        ([0, 1, 2, 3], [0, 1, 2, 3], [0, 1, 2, 3]),
        ([0, 2, 1], [None] * 3, [0, 1, 2]),
        ([0, 3, 1], [0, 3, 1], [0, 3, 1]),  # a part that was recorded twice
        ([70, 80, 10], [70, 80, 90], [70, 80, 10]),  # a restart
        ([None, 1, None], [0, 1, 2], [None, 1, None]),
        ([], [], []),
    ],
)
def test_swapped_times_of_neighbors_are_exchanged(
    pts: list[int | None], dts: list[int | None], expected: list[int | None]
) -> None:
    frames = list[av.VideoFrame]()
    for shown, decoded in zip(pts, dts, strict=True):
        frame = av.VideoFrame(16, 16, "gray")
        frame.pts, frame.dts = shown, decoded
        frames.append(frame)
    ordered = list(in_display_order(iter(frames), TICK))
    assert ordered == frames
    assert [frame.pts for frame in ordered] == expected


@pytest.mark.parametrize(
    ("times", "expected", "counted"),
    [
        ([50, 54, 60], [0, 4, 10], []),
        ([None, None, 57], [0, 4, 7], []),
        ([50, 50, 49, 54], [0, 1, 2, 4], ["repeated times"] * 2),
        ([500, 3, 7], [450, 454, 458], ["clock restarts"]),
    ],
)
def test_a_frame_clock_always_goes_forwards(
    times: list[int | None], expected: list[int], counted: list[str]
) -> None:
    counters = list[str]()
    clock = FrameClock(50, 4, TICK, counters.append)
    assert [clock.pts(time) for time in times] == expected
    assert counters == counted
