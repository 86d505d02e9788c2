"""Synthesized audio for sample clips: a quiet arpeggio of plucked strings."""

import numpy as np
from numpy.typing import NDArray

NOTE_S = 0.25  # from one pluck to the next
LOUDNESS = 0.16  # highest sample, of 1
CHORDS = (  # MIDI notes: C, G, A minor and F by day, then an answer in A minor by night
    (48, 60, 64, 67), (47, 59, 62, 67), (45, 60, 64, 69), (41, 57, 60, 65),
    (45, 57, 60, 64), (40, 59, 64, 67), (41, 60, 65, 69), (48, 55, 60, 64),
)  # fmt: skip


def arpeggio(duration_s: float, rate: int) -> NDArray[np.float32]:
    """Synthesize the chords note by note, in a loop.

    Args:
        duration_s: it fades out over the last second.
        rate: samples per second.

    Returns:
        2xN float32 in -1..1, left and right.
    """
    length = round(duration_s * rate)
    sound = np.zeros((2, length))
    for number in range(int(duration_s / NOTE_S)):
        chord = CHORDS[number // 4 % len(CHORDS)]
        start = round(number * NOTE_S * rate)
        note = _pluck(chord[number % 4], rate)[: length - start]
        right = 0.5 + 0.3 * np.sin(number * 1.1)  # wanders from side to side
        sound[:, start : start + note.size] += np.outer([1 - right, right], note)
    sound *= LOUDNESS / np.abs(sound).max()
    sound *= np.minimum(1, np.arange(length, 0, -1) / rate)
    return sound.astype(np.float32)


def _pluck(note: int, rate: int) -> NDArray[np.float64]:
    """One plucked string: overtones decay faster the higher they are."""
    time_s = np.arange(round(2.5 * rate)) / rate
    pitch_hz = 440 * 2 ** ((note - 69) / 12)
    tones = (
        np.sin(2 * np.pi * pitch_hz * overtone * time_s)
        * np.exp(-time_s * (1.6 + 1.3 * overtone))
        / overtone**1.7
        for overtone in range(1, 7)
    )
    return np.asarray(sum(tones) * np.minimum(1, time_s / 0.006))
