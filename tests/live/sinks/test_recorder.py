from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from tests.live.scene import frame, panned
from tests.look import look
from vidstyle.errors import SinkError
from vidstyle.frame import Picture
from vidstyle.live.audio.ring_buffer import CHANNELS, RATE, AudioRingBuffer
from vidstyle.live.sinks.base import OutputFrame
from vidstyle.live.sinks.recorder import Recorder


def view(number: int) -> OutputFrame:
    picture = panned(number)
    return OutputFrame(frame(picture, number), picture)


def times(path: Path) -> list[float]:
    with av.open(str(path)) as container:
        return [f.time or 0.0 for f in container.decode(video=0)]


@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
def test_a_recording_holds_the_views_at_their_times(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a.{suffix}"
    recorder = Recorder(lambda: path, Fraction(30), None)
    recorder.wanted = True
    numbers = [5, 6, 7, 9, 14]  # frames were dropped
    for number in numbers:
        recorder.write(view(number))
    recorder.close()
    assert times(path) == pytest.approx([(n - 5) / 30 for n in numbers], abs=0.002)
    assert list(tmp_path.iterdir()) == [path]


def test_it_starts_and_stops_and_starts_again(tmp_path: Path) -> None:
    names = iter([tmp_path / "one.mkv", tmp_path / "two.mkv"])
    recorder = Recorder(lambda: next(names), Fraction(30), None)
    recorder.write(view(0))
    for start in (10, 30):
        recorder.wanted = True
        for number in range(start, start + 4):
            recorder.write(view(number))
        recorder.wanted = False
        recorder.write(view(start + 4))
    recorder.close()
    assert len(times(tmp_path / "one.mkv")) == len(times(tmp_path / "two.mkv")) == 4


def test_what_cannot_be_written_ends_the_recording_and_not_the_filter(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    recorder = Recorder(lambda: tmp_path / "gone" / "a.mkv", Fraction(30), None)
    recorder.wanted = True
    for number in range(60):  # the encoder holds the first ones back
        recorder.write(view(number))
        if not recorder.wanted:
            break
    assert not recorder.wanted
    recorder.write(view(61))
    (record,) = caplog.records
    assert "No such file" in record.message
    assert "The recording has ended" in record.message


def test_a_recording_whose_name_was_taken_is_kept_and_an_error(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    recorder = Recorder(lambda: tmp_path / "folder" / "a.mkv", Fraction(30), None)
    recorder.wanted = True
    recorder.write(view(0))
    (tmp_path / "folder" / "a.mkv").mkdir()  # its name is taken meanwhile
    with pytest.raises(SinkError, match=r"was not replaced\. The finished result is .*a-2\.mkv"):
        recorder.close()
    assert sorted(p.name for p in (tmp_path / "folder").iterdir()) == ["a-2.mkv", "a.mkv"]
    assert look(tmp_path / "folder" / "a-2.mkv").times == [0]


def test_picture_and_sound_are_in_step(tmp_path: Path) -> None:
    """A flash and a click at the same time end up at the same time in the file."""
    path, ring_buffer = tmp_path / "a.mp4", AudioRingBuffer()
    recorder = Recorder(lambda: path, Fraction(30), ring_buffer)
    recorder.wanted = True
    flash, count = 40, 90
    for number in range(count):
        time_s = frame(panned(0), number).time_s
        samples = np.zeros((RATE // 30, CHANNELS), np.float32)
        if number == flash:
            samples[:480] = 0.9
        ring_buffer.write(samples, time_s)
        bright = Picture.from_rgb(np.full((160, 256, 3), 255 * (number == flash), np.uint8))
        recorder.write(OutputFrame(frame(bright, number), bright))
    recorder.close()
    with av.open(str(path)) as container:
        flashes = [
            f.time or 0.0 for f in container.decode(video=0) if f.to_ndarray()[:160].mean() > 128
        ]
    with av.open(str(path)) as container:
        sound = [(f.time or 0.0, np.abs(f.to_ndarray()).max(0)) for f in container.decode(audio=0)]
    loud = [time + int(np.argmax(s > 0.3)) / RATE for time, s in sound if s.max() > 0.3]
    assert len(flashes) == 1
    assert abs(flashes[0] - loud[0]) < 0.020
    end_s = sound[-1][0] + len(sound[-1][1]) / RATE
    assert abs(end_s - count / 30) < 0.1
