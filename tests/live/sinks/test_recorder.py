import shutil
import sys
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from tests.live.scene import frame, panned
from tests.look import playable
from tests.processes import file_size_limit
from vidstyle.errors import SinkError
from vidstyle.frame import Picture
from vidstyle.live.audio.ring_buffer import CHANNELS, RATE, AudioRingBuffer
from vidstyle.live.sinks.base import OutputFrame
from vidstyle.live.sinks.recorder import Recorder

SUFFIXES = ("mkv", "mp4", "mov", "webm")


def output(number: int) -> OutputFrame:
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
        recorder.write(output(number))
    recorder.close()
    assert times(path) == pytest.approx([(n - 5) / 30 for n in numbers], abs=0.002)
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_recording_is_as_long_as_its_pictures_at_any_nominal_rate(
    tmp_path: Path, suffix: str
) -> None:
    path = tmp_path / f"a.{suffix}"
    recorder = Recorder(lambda: path, Fraction(10, 61), None)  # of a file with a pause of 120 s
    recorder.wanted = True
    for number in range(10):
        recorder.write(output(number))
    recorder.close()
    with av.open(path) as container:
        assert container.duration is not None
        assert 0.3 <= container.duration / av.time_base <= 0.6


def test_it_starts_and_stops_and_starts_again(tmp_path: Path) -> None:
    names = iter([tmp_path / "one.mkv", tmp_path / "two.mkv"])
    recorder = Recorder(lambda: next(names), Fraction(30), None)
    recorder.write(output(0))
    for start in (10, 30):
        recorder.wanted = True
        for number in range(start, start + 4):
            recorder.write(output(number))
        recorder.wanted = False
        recorder.write(output(start + 4))
    recorder.close()
    assert len(times(tmp_path / "one.mkv")) == len(times(tmp_path / "two.mkv")) == 4


@pytest.mark.logs_errors
def test_what_cannot_be_written_ends_the_recording_and_not_the_filter(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    recorder = Recorder(lambda: tmp_path / "gone" / "a.mkv", Fraction(30), None)
    recorder.wanted = True
    for number in range(60):  # the encoder holds the first ones back
        recorder.write(output(number))
        if not recorder.wanted:
            break
    assert not recorder.wanted
    recorder.write(output(61))
    (record,) = caplog.records
    assert "No such file" in record.message
    assert "The recording has ended" in record.message


@pytest.mark.logs_errors
@pytest.mark.skipif(sys.platform == "win32", reason="there, a folder of open files stays")
def test_a_folder_that_vanishes_ends_the_recording_and_not_the_filter(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "stick"
    folder.mkdir()
    recorder = Recorder(lambda: folder / "a.mkv", Fraction(30), None)
    recorder.wanted = True
    recorder.write(output(0))
    folder.rename(tmp_path / "unplugged")
    recorder.write(output(1))
    assert (recorder.wanted, recorder.cut_short) == (False, 1)
    recorder.write(output(2))
    recorder.close()
    (record,) = caplog.records
    assert record.message.startswith(f"Cannot write {folder / 'a.mkv'}: No such file")
    assert record.message.endswith("The recording has ended.")


@pytest.mark.logs_errors
@pytest.mark.skipif(sys.platform == "win32", reason="there, the current folder stays")
def test_a_current_folder_that_vanished_ends_the_recording_and_not_the_filter(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "stick"
    folder.mkdir()
    monkeypatch.chdir(folder)
    folder.rmdir()
    recorder = Recorder(lambda: Path("a.mkv"), Fraction(30), None)
    recorder.wanted = True
    recorder.write(output(0))
    recorder.close()
    assert (recorder.wanted, recorder.cut_short) == (False, 1)
    (record,) = caplog.records
    assert record.message.startswith("Cannot write a.mkv: No such file")


def noise(number: int, height: int = 80, width: int = 128) -> OutputFrame:
    """Frames that no encoder makes small."""
    image = np.random.default_rng(number).integers(0, 255, (height, width, 3), np.uint8)
    picture = Picture.from_rgb(image)
    return OutputFrame(frame(picture, number), picture)


def heard(ring_buffer: AudioRingBuffer, number: int) -> None:
    ring_buffer.write(
        np.full((RATE // 30, CHANNELS), 0.1, np.float32), frame(panned(0), number).time_s
    )


@pytest.mark.logs_errors
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_full_disk_ends_the_recording_and_what_is_written_can_be_played(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, suffix: str
) -> None:
    path, ring_buffer = tmp_path / f"a.{suffix}", AudioRingBuffer()
    recorder = Recorder(lambda: path, Fraction(30), ring_buffer)
    recorder.wanted = True
    with file_size_limit(900_000):
        for number in range(300):
            heard(ring_buffer, number)
            recorder.write(noise(number, 160, 256))
            if not recorder.wanted:
                break
    assert not recorder.wanted
    recorder.close()
    assert recorder.cut_short == 1
    (record,) = caplog.records
    assert "What was recorded until then is kept and can be played." in record.message
    assert list(tmp_path.iterdir()) == [path]
    assert len(times(path)) > 30


@pytest.mark.logs_errors
def test_a_disk_that_is_nearly_full_leaves_a_finished_recording(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.mkv"
    recorder = Recorder(lambda: path, Fraction(30), None)
    recorder.wanted = True
    usage = shutil.disk_usage(tmp_path)
    for number in range(40):
        left = usage._replace(free=10_000_000 if number < 30 else 100_000)
        monkeypatch.setattr(shutil, "disk_usage", lambda path, left=left: left)
        recorder.write(output(number))
    assert (recorder.wanted, recorder.cut_short) == (False, 1)
    recorder.close()
    (record,) = caplog.records
    assert record.message.endswith(
        "The disk is full, so it has ended: make room, or choose another disk."
    )
    with av.open(str(path)) as container:
        assert container.duration == pytest.approx(31 / 30 * 1e6, abs=2e3)
    assert len(times(path)) == 31


def test_a_failure_in_the_end_is_an_error_and_keeps_the_file(tmp_path: Path) -> None:
    path = tmp_path / "a.mkv"
    recorder = Recorder(lambda: path, Fraction(30), None)
    recorder.wanted = True
    for number in range(90):
        recorder.write(noise(number))
    with file_size_limit(path.stat().st_size + 1000), pytest.raises(SinkError, match="is kept"):
        recorder.close()
    assert list(tmp_path.iterdir()) == [path]
    assert len(times(path)) > 30


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_recording_can_be_played_at_any_moment(tmp_path: Path, suffix: str) -> None:
    path, ring_buffer = tmp_path / f"a.{suffix}", AudioRingBuffer()
    recorder = Recorder(lambda: path, Fraction(30), ring_buffer)
    recorder.wanted = True
    for number in range(120):
        heard(ring_buffer, number)
        recorder.write(noise(number))
    content = path.read_bytes()
    recorder.close()
    for share in (1.0, 0.9, 0.71, 0.52):  # as a power cut may leave it
        cut = tmp_path / f"cut.{suffix}"
        cut.write_bytes(content[: round(share * len(content))])
        frames, samples = playable(cut)
        assert frames > share * 120 - 75
        assert samples / RATE > share * 4 - 2.5


@pytest.mark.parametrize("suffix", ["mp4", "mov"])
def test_a_finished_recording_is_an_ordinary_file(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a.{suffix}"
    recorder = Recorder(lambda: path, Fraction(30), None)
    recorder.wanted = True
    for number in range(90):
        recorder.write(output(number))
    recorder.close()
    content, boxes, place = path.read_bytes(), [], 0
    while place < len(content):
        boxes.append(content[place + 4 : place + 8])
        place += int.from_bytes(content[place : place + 4], "big")
    assert b"moof" not in boxes
    assert boxes.count(b"moov") == 1


@pytest.mark.logs_errors
@pytest.mark.parametrize("replace", [False, True])
def test_a_file_that_has_come_meanwhile_is_replaced_only_on_request(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, replace: bool
) -> None:
    path = tmp_path / "a.mkv"
    recorder = Recorder(lambda: path, Fraction(30), None, replace)
    recorder.wanted = True
    path.write_text("precious")
    for number in range(4):
        recorder.write(output(number))
    recorder.close()
    assert recorder.cut_short == int(not replace)
    if replace:
        assert len(times(path)) == 4
    else:
        assert path.read_text() == "precious"
        assert "exists now" in caplog.text


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
