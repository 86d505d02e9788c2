"""Real sound through a null sink of PulseAudio's, and the sound of files without any device."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from tests.clips import Clip, Sound
from tests.live.scene import WAIT_S
from tests.live.sources.playback import Clock
from vidstyle.errors import DeviceError, MissingExtraError
from vidstyle.extras import install_hint
from vidstyle.live.audio import devices
from vidstyle.live.audio.devices import (
    FileAudio,
    Microphone,
    Speaker,
    has_audio,
    microphones,
    sound_outputs,
)
from vidstyle.live.audio.ring_buffer import RATE, AudioRingBuffer
from vidstyle.live.sources.base import Pacer
from vidstyle.live.sources.file import PacedFile


def until(holds: Callable[[], object]) -> None:
    deadline = time.perf_counter() + WAIT_S
    while not holds():
        assert time.perf_counter() < deadline
        time.sleep(0.01)


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    tone = Sound(seconds=2.0)
    return Clip(frames=50, rate=25, sounds=[tone]).write(tmp_path / "in.mkv")


def test_a_file_s_sound_is_on_tape_when_its_pictures_are_shown(
    clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, ring_buffer, stop = Clock(), AudioRingBuffer(), threading.Event()
    monkeypatch.setattr(devices, "time", SimpleNamespace(perf_counter=clock))
    source = PacedFile(clip, loop=False, pacer=Pacer(clock))
    sound = FileAudio(clip, lambda: source.pacer.zero_s, ring_buffer)
    thread = threading.Thread(target=sound.run, args=(stop,))
    thread.start()
    try:
        while source.read(clock) is not None:
            until(lambda: (ring_buffer.end_s or 0.0) >= clock.now_s)
        zero_s = source.pacer.zero_s
        assert zero_s is not None
        assert clock.now_s == pytest.approx(zero_s + 49 / 25)
    finally:
        stop.set()
        thread.join(WAIT_S)
        source.close()
    position = ring_buffer.position(zero_s + 0.5)
    assert position is not None
    heard = ring_buffer.sample(position, RATE // 2, 1.0)[:, 0]
    spectrum = np.abs(np.fft.rfft(heard))
    assert abs(np.argmax(spectrum) * 2 - 440) <= 4  # Hz
    assert not ring_buffer.sample(
        position - RATE, 1000, 1.0
    ).any()  # nothing before the first picture


def test_sound_that_cannot_be_read_is_said_and_the_picture_goes_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "in.wav").write_bytes(b"no sound at all")
    stop = threading.Event()
    sound = FileAudio(tmp_path / "in.wav", lambda: 1.0, AudioRingBuffer())
    thread = threading.Thread(target=sound.run, args=(stop,))
    thread.start()
    try:
        until(lambda: caplog.records)
        assert thread.is_alive()
    finally:
        stop.set()
        thread.join(WAIT_S)
    (record,) = caplog.records
    assert "in.wav: its sound ends here: Invalid data" in record.message


def test_files_without_sound_are_known(tmp_path: Path, clip: Path) -> None:
    silent = Clip().write(tmp_path / "silent.mp4")
    for path, there in ((clip, True), (silent, False)):
        source = PacedFile(path, loop=False)
        assert has_audio(source) is there
        source.close()


def test_without_sounddevice_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    with pytest.raises(MissingExtraError, match=re.escape(install_hint("live"))):
        microphones()


class ToySounddevice:
    """A microphone and a speaker that cannot be opened by another name than theirs."""

    PortAudioError = OSError

    def query_devices(self, wanted: object = None, kind: str = "") -> Any:
        if wanted is not None:
            raise ValueError(f"No {kind} device matching '{wanted}'")
        names = (("Brio", 1, 0), ("HDMI", 0, 2))
        return [
            {"name": name, "max_input_channels": inputs, "max_output_channels": outputs}
            for name, inputs, outputs in names
        ]

    def OutputStream(self, *given: object, **more: object) -> None:  # noqa: N802 - its name
        raise ValueError(f"No output device matching '{given[2]}'")


class ToyStream:
    """A stream that runs, or cannot be started."""

    def __init__(self, starts: bool) -> None:
        self._starts, self.active, self.closed = starts, False, False

    def start(self) -> None:
        if not self._starts:
            raise OSError("Device unavailable")
        self.active = True

    def close(self) -> None:
        self.active, self.closed = False, True


class Unplugged(ToySounddevice):
    """A microphone whose streams can be opened, and started as often as told."""

    def __init__(self, *starts: bool) -> None:
        self._starts, self.streams = iter(starts), list[ToyStream]()

    def query_devices(self, wanted: object = None, kind: str = "") -> Any:
        devices = super().query_devices()
        return devices[0] if kind else devices

    def InputStream(self, *given: object, **more: object) -> ToyStream:  # noqa: N802 - its name
        self.streams.append(ToyStream(next(self._starts)))
        return self.streams[-1]


class Rounds(threading.Event):
    """A stop that is set after so many waits."""

    def __init__(self, rounds: int) -> None:
        super().__init__()
        self._left = iter(range(rounds))

    def wait(self, timeout: float | None = None) -> bool:
        return next(self._left, None) is None


def test_a_stream_that_does_not_start_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    portaudio = Unplugged(False)
    monkeypatch.setitem(sys.modules, "sounddevice", portaudio)
    with pytest.raises(DeviceError, match="The microphone does not start: Device unavailable"):
        Microphone(None, AudioRingBuffer())
    assert [stream.closed for stream in portaudio.streams] == [True]


def test_a_lost_device_leaves_no_stream_open_until_it_is_back(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    portaudio = Unplugged(True, False, False, True)
    monkeypatch.setitem(sys.modules, "sounddevice", portaudio)
    microphone = Microphone(None, AudioRingBuffer())
    portaudio.streams[0].active = False
    microphone.run(Rounds(4))
    assert [stream.closed for stream in portaudio.streams] == [True, True, True, False]
    assert caplog.messages == [
        "The microphone has gone. Waiting for it to come back.",
        "The microphone is back.",
    ]
    microphone.close()
    assert portaudio.streams[-1].closed


def test_a_name_that_fits_no_device_is_answered_with_those_that_there_are(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "sounddevice", ToySounddevice())
    assert (microphones(), sound_outputs()) == (["0: Brio"], ["1: HDMI"])
    with pytest.raises(DeviceError, match=r"device matching 'brjo'\. There is: 0: Brio\."):
        Microphone("brjo", AudioRingBuffer())
    with pytest.raises(DeviceError, match=r"device matching 'x'\. There is: 1: HDMI\."):
        Speaker("x", AudioRingBuffer(), lambda: 0.0)


class SoundServer:
    """A sound server of our own, with outputs that nobody hears."""

    def __init__(self, folder: Path) -> None:
        self.environment = {**os.environ, "XDG_RUNTIME_DIR": str(folder), "HOME": str(folder)}
        self._socket = folder / "pulse" / "native"
        (folder / ".asoundrc").write_text(
            "pcm.!default { type pulse }\nctl.!default { type pulse }\n"
        )

    def start(self) -> None:
        self._process = subprocess.Popen(
            ["pulseaudio", "-n", "--daemonize=no", "--exit-idle-time=-1",
             "-L", "module-native-protocol-unix",
             "-L", "module-null-sink sink_name=vs rate=48000",
             "-L", "module-null-sink sink_name=cable rate=48000"],
            env=self.environment, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        until(self._socket.exists)

    def stop(self) -> None:
        self._process.kill()
        self._process.wait(WAIT_S)
        self._socket.unlink(missing_ok=True)

    def play(self, hz: float, folder: Path) -> "subprocess.Popen[bytes]":
        """Play a tone into the first output, out of whose monitor it comes as from a microphone."""
        wave = 8000 * np.sin(2 * np.pi * hz * np.arange(60 * RATE) / RATE)
        tone = folder / "tone.raw"
        tone.write_bytes(np.repeat(wave.astype(np.int16)[:, None], 2, 1).tobytes())
        return self._tool("pacat", "-d", "vs", str(tone))

    def listen(self, sink: str, heard: Path) -> "subprocess.Popen[bytes]":
        """Keep what comes out of an output."""
        with heard.open("wb") as output:
            listener = self._tool(
                "parec", "-d", f"{sink}.monitor", "--latency-msec=10", stdout=output
            )
        time.sleep(1)  # a null sink stalls until somebody listens
        return listener

    def _tool(self, name: str, *words: str, **more: Any) -> "subprocess.Popen[bytes]":
        form = ["--format=s16le", f"--rate={RATE}", "--channels=2"]
        return subprocess.Popen([name, *form, *words], env=self.environment, **more)


@pytest.fixture
def server() -> Iterator[SoundServer]:
    if not (shutil.which("pulseaudio") and shutil.which("parec")):
        pytest.skip("needs pulseaudio")
    with tempfile.TemporaryDirectory() as folder:
        server = SoundServer(Path(folder))
        server.start()
        yield server
        server.stop()


def strongest_hz(samples: NDArray[Any]) -> float:
    """The strongest frequency of a tenth of a second of sound, where it is loudest."""
    size = RATE // 10
    chunks = samples[: len(samples) // size * size].reshape(-1, size).astype(float)
    loudest = chunks[np.argmax(np.abs(chunks).mean(1))]
    return float(np.argmax(np.abs(np.fft.rfft(loudest))) * 10)


def raw(path: Path) -> NDArray[np.int16]:
    """One channel of what was kept."""
    return np.frombuffer(path.read_bytes(), np.int16).reshape(-1, 2)[:, 0]


def words(inverter: Path, *more: str) -> list[str]:
    style = ["--style", str(inverter), "--no-window"]
    return [sys.executable, "-m", "vidstyle", "live", "--size", "96x64", *style, *more]


@pytest.mark.slow
def test_a_file_s_sound_is_heard(
    clip: Path, inverter: Path, server: SoundServer, tmp_path: Path
) -> None:
    listener = server.listen("vs", tmp_path / "heard.raw")
    subprocess.run(
        words(inverter, "--camera", str(clip), "--loop", "--play-audio", "--seconds", "6"),
        env=server.environment,
        check=True,
        timeout=2 * WAIT_S,
    )
    listener.terminate()
    listener.wait(WAIT_S)
    samples = raw(tmp_path / "heard.raw")
    assert np.count_nonzero(np.abs(samples) > 500) > RATE  # of about five seconds
    assert abs(strongest_hz(samples) - 440) <= 10


@pytest.mark.slow
def test_a_microphone_is_recorded_and_goes_into_the_cable(
    inverter: Path, tmp_path: Path, server: SoundServer
) -> None:
    player = server.play(660, tmp_path)
    listener = server.listen("cable", tmp_path / "heard.raw")
    path = tmp_path / "out.mkv"
    asked = ["--audio", "--audio-output", "default", "--record", str(path), "--seconds", "6"]
    try:
        subprocess.run(
            words(inverter, "--camera", "testsrc", *asked),
            env={**server.environment, "PULSE_SOURCE": "vs.monitor", "PULSE_SINK": "cable"},
            check=True,
            timeout=2 * WAIT_S,
        )
    finally:
        for process in (player, listener):
            process.terminate()
            process.wait(WAIT_S)
    with av.open(str(path)) as container:
        recorded = np.concatenate([f.to_ndarray()[0] for f in container.decode(audio=0)])
    for samples in (recorded, raw(tmp_path / "heard.raw") / 32768):
        assert np.count_nonzero(np.abs(samples) > 0.05) > 2 * RATE
        assert abs(strongest_hz(samples) - 660) <= 10


@pytest.mark.slow
def test_a_microphone_that_goes_comes_back_by_itself(
    inverter: Path, tmp_path: Path, server: SoundServer
) -> None:
    """The server dies, and with it all devices; the picture goes on."""
    process = subprocess.Popen(
        words(inverter, "--camera", "testsrc", "--audio", "--seconds", "14"),
        env={**server.environment, "PULSE_SOURCE": "vs.monitor"},
        stderr=subprocess.PIPE,
        text=True,
    )
    time.sleep(5)
    server.stop()
    time.sleep(3)
    server.start()
    error = process.communicate(timeout=2 * WAIT_S)[1]
    assert process.returncode == 0
    ours = [line for line in error.splitlines() if line.startswith("The microphone")]
    assert ours == [
        "The microphone has gone. Waiting for it to come back.",
        "The microphone is back.",
    ]


def test_metadata_in_an_old_encoding_are_no_obstacle(tmp_path: Path) -> None:
    clip = Clip(sounds=[Sound()], metadata={"title": "QQQQ"}).write(tmp_path / "in.mkv")
    clip.write_bytes(clip.read_bytes().replace(b"QQQQ", b"caf\xe9"))
    source = PacedFile(clip, loop=False)
    assert has_audio(source)
    source.close()
