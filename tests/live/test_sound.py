"""Real sound through a null sink of PulseAudio's, and the sound of files without any device."""

import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.clips import Clip, Sound
from tests.live.scene import WAIT_S
from vidstyle.errors import MissingExtraError
from vidstyle.live.sound import FileSound, has_sound, microphones
from vidstyle.live.source import PacedFile
from vidstyle.live.tape import RATE, Tape


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    tone = Sound(seconds=2.0)
    return Clip(frames=50, rate=25, sounds=[tone]).write(tmp_path / "in.mkv")


def test_a_file_s_sound_is_on_tape_when_its_pictures_are_shown(clip: Path) -> None:
    source, tape, stop = PacedFile(clip, loop=False), Tape(), threading.Event()
    thread = threading.Thread(target=FileSound(source, tape).run, args=(stop,))
    thread.start()
    try:
        while source.read() is not None:
            pass
        zero_s = source.pace.zero_s
        assert zero_s is not None
        deadline = time.monotonic() + WAIT_S
        while (tape.end_s or 0.0) < zero_s + 1.9:
            assert time.monotonic() < deadline
            time.sleep(0.02)
    finally:
        stop.set()
        thread.join(WAIT_S)
        source.close()
    place = tape.place(zero_s + 0.5)
    assert place is not None
    heard = tape.sample(place, RATE // 2, 1.0)[:, 0]
    spectrum = np.abs(np.fft.rfft(heard))
    assert abs(np.argmax(spectrum) * 2 - 440) <= 4  # Hz
    assert not tape.sample(place - RATE, 1000, 1.0).any()  # nothing before the first picture


def test_files_without_sound_are_known(tmp_path: Path, clip: Path) -> None:
    silent = Clip().write(tmp_path / "silent.mp4")
    for path, there in ((clip, True), (silent, False)):
        source = PacedFile(path, loop=False)
        assert has_sound(source) is there
        source.close()


def test_without_sounddevice_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    with pytest.raises(MissingExtraError, match=r"vidstyle\[live\]"):
        microphones()


@pytest.fixture
def null_sink() -> Iterator[dict[str, str]]:
    """A sound server of our own, whose only output nobody hears."""
    if not (shutil.which("pulseaudio") and shutil.which("parec")):
        pytest.skip("needs pulseaudio")
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "XDG_RUNTIME_DIR": folder, "HOME": folder}
        server = subprocess.Popen(
            ["pulseaudio", "-n", "--daemonize=no", "--exit-idle-time=-1",
             "-L", "module-native-protocol-unix",
             "-L", "module-null-sink sink_name=vs rate=48000"],
            env=environment, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        deadline = time.monotonic() + WAIT_S
        while not (Path(folder) / "pulse" / "native").exists():
            assert time.monotonic() < deadline
            time.sleep(0.05)
        (Path(folder) / ".asoundrc").write_text(
            "pcm.!default { type pulse }\nctl.!default { type pulse }\n"
        )
        yield environment
        server.terminate()
        server.wait()


@pytest.mark.slow
def test_a_file_s_sound_is_heard(clip: Path, inverter: Path, null_sink: dict[str, str]) -> None:
    heard = Path(null_sink["HOME"]) / "heard.raw"
    with heard.open("wb") as output:
        listener = subprocess.Popen(
            ["parec", "-d", "vs.monitor", "--format=s16le", f"--rate={RATE}", "--channels=2",
             "--latency-msec=10"],
            env=null_sink, stdout=output,
        )  # fmt: skip
        time.sleep(1)  # a null sink stalls until somebody listens
        words = ["live", "--camera", str(clip), "--loop", "--play-audio", "--style", str(inverter)]
        subprocess.run(
            [sys.executable, "-m", "vidstyle", *words, "--no-window", "--seconds", "6"],
            env=null_sink, check=True, timeout=2 * WAIT_S,
        )  # fmt: skip
        listener.terminate()
        listener.wait()
    samples = np.frombuffer(heard.read_bytes(), np.int16).reshape(-1, 2)[:, 0].astype(float)
    loud = samples[np.abs(samples) > 500]
    assert len(loud) > RATE  # of about five seconds
    chunks = samples[: len(samples) // 4800 * 4800].reshape(-1, 4800)
    loudest = chunks[np.argmax(np.abs(chunks).mean(1))]
    assert abs(np.argmax(np.abs(np.fft.rfft(loudest))) * 10 - 440) <= 10  # Hz


@pytest.mark.slow
def test_a_microphone_is_recorded_beside_the_picture(
    inverter: Path, tmp_path: Path, null_sink: dict[str, str]
) -> None:
    """What is played into the null sink comes out of its monitor, as out of a microphone."""
    import av

    tone = tmp_path / "tone.raw"
    wave = 8000 * np.sin(2 * np.pi * 660 * np.arange(20 * RATE) / RATE)
    tone.write_bytes(np.repeat(wave.astype(np.int16)[:, None], 2, 1).tobytes())
    player = subprocess.Popen(
        ["pacat", "-d", "vs", "--format=s16le", f"--rate={RATE}", "--channels=2", str(tone)],
        env=null_sink,
    )
    path = tmp_path / "out.mkv"
    words = ["live", "--camera", "testsrc", "--size", "96x64", "--style", str(inverter), "--audio"]
    try:
        subprocess.run(
            [sys.executable, "-m", "vidstyle", *words, "--no-window", "--record", str(path),
             "--seconds", "6"],
            env={**null_sink, "PULSE_SOURCE": "vs.monitor"}, check=True, timeout=2 * WAIT_S,
        )  # fmt: skip
    finally:
        player.kill()
        player.wait()
    with av.open(str(path)) as container:
        heard = np.concatenate([f.to_ndarray()[0] for f in container.decode(audio=0)])
    middle = heard[len(heard) // 2 :][: RATE // 2]
    assert abs(np.argmax(np.abs(np.fft.rfft(middle))) * 2 - 660) <= 6  # Hz
