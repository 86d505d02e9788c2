"""Flashes and tones of a clip are found again, and their distance is measured."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from tools.benchmarks.lip_sync import (
    AUDIBLE,
    RATE,
    Tracks,
    flashes,
    flashes_s,
    tones,
    write_flashing_clip,
)


def signal(delay_s: float, count: int = 10 * RATE) -> Tracks:
    """Tracks of the clip, the sound late by so much."""
    times_s = [index / RATE for index in range(count)]
    levels = [250.0 if flashes(index) else 100.0 for index in range(count)]
    begins = [t for i, t in enumerate(times_s) if flashes(i) and not flashes(i - 1)]
    return Tracks(times_s, levels, [begin + delay_s for begin in begins], count / RATE)


def test_a_clip_is_in_sync(tmp_path: Path) -> None:
    clip = tmp_path / "clip.mp4"
    write_flashing_clip(clip, 2.0)
    tracks = Tracks.of(clip)
    assert len(tracks.times_s) == 2 * RATE
    assert tracks.sound_s == pytest.approx(2.0, abs=0.05)
    (error,) = tracks.sync_errors()
    assert error == pytest.approx((1.0, 0.0), abs=0.002)
    assert str(tracks).startswith("30 frames, the last at 1.933 s, sound until 2.0")


@pytest.mark.parametrize("delay_s", [-0.3, -0.02, 0.0, 0.04, 0.45])
def test_a_late_or_early_sound_is_measured(delay_s: float) -> None:
    errors = signal(delay_s).sync_errors()
    assert [error.time_s for error in errors] == [1, 3, 5, 7, 9]
    assert [error.delay_s for error in errors] == pytest.approx([delay_s] * 5)


def test_the_source_clip_counts_as_in_sync() -> None:
    errors = signal(0.06).sync_errors(signal(0.05))
    assert [error.delay_s for error in errors] == pytest.approx([0.01] * 5)


def test_flashes_without_a_tone_are_left_out() -> None:
    tracks = signal(0.0)
    del tracks.tones_s[1]
    assert [error.time_s for error in tracks.sync_errors()] == [1, 5, 7, 9]
    assert Tracks(tracks.times_s, tracks.levels).sync_errors() == []


def test_flashes_after_a_missing_frame_are_left_out() -> None:
    tracks = signal(0.0)
    for index in (RATE, 3 * RATE - 1):  # the first white frame, and the one before another flash
        del tracks.times_s[index], tracks.levels[index]
    assert flashes_s(tracks.times_s, tracks.levels) == [5, 7, 9]


def test_each_tone_is_noted_once() -> None:
    samples, tracks, block = tones(4.0), Tracks(), 1024
    for start in range(0, samples.shape[1], block):
        frame = av.AudioFrame.from_ndarray(
            np.ascontiguousarray(samples[:, start : start + block]), format="fltp", layout="stereo"
        )
        frame.sample_rate, frame.pts, frame.time_base = 48_000, start, Fraction(1, 48_000)
        tracks.add_sound(frame)
    assert tracks.tones_s == pytest.approx([1.0, 3.0], abs=0.001)
    assert tracks.sound_s == pytest.approx(4.0)
    assert float(np.abs(samples).max()) > AUDIBLE
