"""The audio stream of a recording, against the samples in the ring buffer."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from vidstyle.errors import SinkError
from vidstyle.live.audio.ring_buffer import CHANNELS, RATE, AudioRingBuffer
from vidstyle.live.audio.track import SAFETY_LAG_S, AudioTrack

START_S = 50.0  # time of the first frame on the clock of the captured audio
TONE_HZ = {0: 440, 1: 1000}  # left, right


def tones(seconds: float, first_s: float = 0.0) -> NDArray[np.float32]:
    times = first_s + np.arange(round(seconds * RATE)) / RATE
    channels = [0.4 * np.sin(2 * np.pi * TONE_HZ[n] * times) for n in range(CHANNELS)]
    return np.stack(channels, axis=1).astype(np.float32)


def buffer_with(samples: NDArray[np.float32], start_s: float = START_S) -> AudioRingBuffer:
    ring_buffer = AudioRingBuffer()
    for first in range(0, len(samples), RATE // 10):
        block = samples[first : first + RATE // 10]
        ring_buffer.write(block, start_s + first / RATE)
    return ring_buffer


@contextmanager
def track(path: Path, ring_buffer: AudioRingBuffer) -> Iterator[AudioTrack]:
    with av.open(str(path), "w") as output:
        track = AudioTrack(ring_buffer, START_S, output)
        yield track
        track.close()


def decoded(path: Path) -> tuple[NDArray[np.float32], Any]:
    """The samples of a file, Nx2, and its stream's codec."""
    with av.open(str(path)) as container:
        stream = container.streams.audio[0]
        parts = [frame.to_ndarray() for frame in container.decode(audio=0)]
        samples = np.asarray(np.concatenate(parts, axis=1).T, np.float32)
        return samples, stream.codec_context.name


def pitch(samples: NDArray[np.float32]) -> float:
    """The strongest frequency, in Hz."""
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return float(np.argmax(spectrum) * RATE / len(samples))


@pytest.mark.parametrize(("suffix", "codec"), [("mp4", "aac"), ("mkv", "aac"), ("webm", "libopus")])
def test_both_channels_are_encoded_as_the_container_likes(
    tmp_path: Path, suffix: str, codec: str
) -> None:
    path = tmp_path / f"a.{suffix}"
    with track(path, buffer_with(tones(2))) as audio:
        audio.advance(1.5)
        audio.advance(math.inf)
    samples, found = decoded(path)
    assert found.removeprefix("lib") == codec.removeprefix("lib")
    middle = samples[RATE // 2 : RATE]
    assert [pitch(middle[:, n]) for n in range(CHANNELS)] == pytest.approx([440, 1000], abs=3)
    assert np.abs(middle).max() == pytest.approx(0.4, abs=0.05)


def test_a_container_that_takes_no_sound_is_an_error_that_names_it(tmp_path: Path) -> None:
    with (
        av.open(str(tmp_path / "a.gif"), "w") as output,
        pytest.raises(SinkError, match=r"Sound cannot be encoded for gif .*'gif' format does not"),
    ):
        AudioTrack(AudioRingBuffer(), START_S, output)


def test_it_ends_with_the_last_picture(tmp_path: Path) -> None:
    with track(tmp_path / "a.mkv", buffer_with(tones(4))) as audio:
        for time_s in (0.0, 0.7, 1.9):
            audio.advance(time_s)
        audio.advance(math.inf)
    samples, _ = decoded(tmp_path / "a.mkv")
    assert len(samples) / RATE == pytest.approx(1.9, abs=2 * 1024 / RATE)


def test_the_newest_samples_are_waited_for(tmp_path: Path) -> None:
    """What comes through the device half a second late is in the file all the same."""
    samples, ring_buffer = tones(3), AudioRingBuffer()
    block = RATE // 10
    with track(tmp_path / "a.mkv", ring_buffer) as audio:
        for number in range(30):
            late = number - round(10 * SAFETY_LAG_S) + 1
            if late >= 0:
                heard = samples[late * block : (late + 1) * block]
                ring_buffer.write(heard, START_S + late / 10)
            audio.advance((number + 1) / 10)
        audio.advance(math.inf)
    found, _ = decoded(tmp_path / "a.mkv")
    loud = np.abs(found[: RATE * 2]).reshape(-1, RATE // 50, CHANNELS).max(axis=(1, 2))
    assert (loud[1:] > 0.3).all()


def test_silence_stands_where_nothing_was_heard(tmp_path: Path) -> None:
    ring_buffer = buffer_with(tones(1.5), START_S + 1.0)  # the device starts a second late
    with track(tmp_path / "a.mkv", ring_buffer) as audio:
        audio.advance(2.4)
        audio.advance(math.inf)
    samples, _ = decoded(tmp_path / "a.mkv")
    assert np.abs(samples[: int(0.95 * RATE)]).max() < 0.02
    assert np.abs(samples[int(1.1 * RATE) : int(2.0 * RATE)]).max() > 0.3


def test_without_any_audio_there_is_silence_of_the_right_length(tmp_path: Path) -> None:
    with track(tmp_path / "a.mkv", AudioRingBuffer()) as audio:
        audio.advance(3.0)
        audio.advance(math.inf)
        assert audio.copied == {"audio": 1}
        assert audio.warnings == []
    samples, _ = decoded(tmp_path / "a.mkv")
    assert np.abs(samples).max() == 0
    assert len(samples) / RATE == pytest.approx(3.0, abs=2 * 1024 / RATE)
