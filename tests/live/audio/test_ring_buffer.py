"""Sound by time: clocks that differ, callbacks at odd moments, and what is heard in the end."""

import numpy as np
import pytest

from vidstyle.live.audio.ring_buffer import (
    CAPACITY_S,
    CHANNELS,
    RATE,
    STALLED_S,
    AudioRingBuffer,
    DelayLine,
    LoudnessMeter,
    ReadHead,
    Samples,
)

BLOCK = 480  # samples: 10 ms


def tone(start_s: float, count: int, rate: float = RATE, hz: float = 300.0) -> Samples:
    """A tone whose phase tells the time."""
    times = start_s + np.arange(count) / rate
    return np.repeat(np.sin(2 * np.pi * hz * times)[:, None], CHANNELS, 1).astype(np.float32)


def filled(seconds: float, start_s: float = 100.0) -> AudioRingBuffer:
    ring_buffer = AudioRingBuffer()
    for block in range(round(seconds * RATE / BLOCK)):
        begin_s = start_s + block * BLOCK / RATE
        ring_buffer.write(tone(begin_s, BLOCK), begin_s)
    return ring_buffer


def heard_time_s(samples: Samples, around_s: float, hz: float = 300.0) -> float:
    """The time a piece of the tone was made at, from its phase; right within half a period."""
    times = np.arange(len(samples)) / RATE
    phase = np.angle(np.sum(samples[:, 0] * np.exp(-2j * np.pi * hz * times)))
    exact = (phase + np.pi / 2) / (2 * np.pi * hz)
    period = 1 / hz
    return float(exact + period * np.round((around_s - exact) / period))


def test_what_is_read_is_what_was_heard_at_that_time() -> None:
    samples = ReadHead(filled(2.0)).read(960, 101.0)
    assert np.abs(samples - tone(101.0, 960)).max() < 0.01


def test_reading_on_has_no_breaks() -> None:
    playhead = ReadHead(filled(2.0))
    blocks = [playhead.read(BLOCK, 100.5 + n * BLOCK / RATE) for n in range(50)]
    assert np.abs(np.diff(np.concatenate(blocks), axis=0)).max() < 2 * np.pi * 300 / RATE * 1.05


def test_before_and_behind_what_is_on_tape_there_is_silence() -> None:
    assert not ReadHead(AudioRingBuffer()).read(100, 5.0).any()
    assert not ReadHead(filled(1.0)).read(100, 99.0).any()
    assert not ReadHead(filled(1.0)).read(100, 103.0).any()
    assert not ReadHead(filled(CAPACITY_S + 2)).read(100, 100.5).any()  # overwritten by now


def test_a_delay_that_changes_is_followed_smoothly() -> None:
    ring_buffer, playhead = filled(9.0), None
    playhead = ReadHead(ring_buffer)
    blocks, delay_s = list[Samples](), 0.050
    for block in range(700):
        delay_s = 0.050 if block < 100 else 0.080
        blocks.append(playhead.read(BLOCK, 100.2 + block * BLOCK / RATE - delay_s))
    sound = np.concatenate(blocks)
    assert np.abs(np.diff(sound, axis=0)).max() < 2 * np.pi * 300 / RATE * 1.05  # never a click
    late_s = 100.2 + 690 * BLOCK / RATE
    assert (
        abs(late_s - heard_time_s(sound[690 * BLOCK : 694 * BLOCK], late_s - 0.08) - 0.08) < 0.002
    )


@pytest.mark.parametrize("drift", [-300e-6, 300e-6])
def test_clocks_that_drift_apart_stay_in_step(drift: float) -> None:
    """A card that is off by 300 ppm would be 30 ms off after 100 s."""
    ring_buffer, playhead, random = AudioRingBuffer(), None, np.random.default_rng(1)
    playhead = ReadHead(ring_buffer)
    worst_s, card_rate = 0.0, RATE * (1 + drift)
    for block in range(10_000):
        true_s = 100 + block * BLOCK / card_rate
        late_s = random.uniform(0, 0.008)  # callbacks come when they come
        ring_buffer.write(tone(true_s, BLOCK, card_rate), true_s + late_s)
        if block > 100:
            asked_s = true_s - 0.1
            samples = playhead.read(BLOCK, asked_s)
            if block % 500 == 0 and block > 2000:
                worst_s = max(worst_s, abs(heard_time_s(samples, asked_s) - asked_s))
    assert worst_s < 0.020


def test_a_break_in_the_sound_is_jumped_over() -> None:
    ring_buffer = filled(1.0)
    ring_buffer.write(tone(110.0, RATE), 110.0)  # the computer slept
    samples = ReadHead(ring_buffer).read(960, 110.5)
    assert np.abs(samples - tone(110.5, 960)).max() < 0.01


def played(delay_s: float, device_latency_s: float, blocks: int = 300) -> tuple[Samples, float]:
    """A tone as heard through devices with a latency, and the time at which it begins."""
    ring_buffer, random = AudioRingBuffer(), np.random.default_rng(2)
    delayed, heard = DelayLine(ring_buffer), list[Samples]()
    for block in range(blocks):
        now_s = 100 + (block + 1) * BLOCK / RATE
        ring_buffer.write(tone(now_s - BLOCK / RATE, BLOCK), now_s - BLOCK / RATE)
        early_s = random.uniform(0, 0.003)  # callbacks come when they come
        heard.append(delayed.read(BLOCK, now_s - early_s + device_latency_s, delay_s))
    return np.concatenate(heard), 100 + BLOCK / RATE + device_latency_s


def test_sound_comes_as_late_as_the_picture() -> None:
    sound, start_s = played(delay_s=0.080, device_latency_s=0.020)
    late_s = start_s + 290 * BLOCK / RATE
    heard_s = heard_time_s(sound[290 * BLOCK : 294 * BLOCK], late_s - 0.080)
    assert abs(late_s - heard_s - 0.080) < 0.005


def test_sound_that_cannot_be_as_early_as_the_picture_is_heard_all_the_same() -> None:
    """The picture takes 20 ms, the devices 60: silence would be worse than 40 ms of lateness."""
    sound, start_s = played(delay_s=0.020, device_latency_s=0.060)
    settled = sound[20 * BLOCK :]
    blocks = settled[: len(settled) // BLOCK * BLOCK].reshape(-1, BLOCK, CHANNELS)
    assert (np.abs(blocks).max(axis=(1, 2)) > 0.9).all()  # no block is silent
    late_s = start_s + 290 * BLOCK / RATE
    heard_s = heard_time_s(sound[290 * BLOCK : 294 * BLOCK], late_s - 0.075)
    assert 0.060 < late_s - heard_s < 0.085


def test_a_microphone_that_stops_does_not_make_the_delay_grow() -> None:
    ring_buffer = filled(1.0)
    delayed = DelayLine(ring_buffer)
    delayed.read(BLOCK, 101.0, 0.05)
    for seconds in range(2, 9):
        assert not delayed.read(BLOCK, 100.0 + seconds, 0.05).any()
    ring_buffer.write(tone(109.0, RATE), 109.0)  # it is back
    samples = delayed.read(BLOCK, 109.9, STALLED_S / 2)
    assert np.abs(samples - tone(109.4, BLOCK)).max() < 0.02


def test_loudness_rises_at_once_and_falls_slowly() -> None:
    ring_buffer = AudioRingBuffer()
    loudness = LoudnessMeter(ring_buffer)
    assert loudness() == 0.0
    ring_buffer.write(tone(0.0, RATE) * 0.5, 0.0)
    assert loudness() == 1.0
    ring_buffer.write(np.zeros((RATE, CHANNELS), np.float32), 1.0)
    levels = [loudness() for _ in range(40)]
    assert 0.8 < levels[0] < 1.0
    assert levels == sorted(levels, reverse=True)
    assert levels[-1] < 0.05
