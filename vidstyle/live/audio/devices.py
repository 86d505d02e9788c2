"""Audio devices through PortAudio (microphone, speaker), and the audio of video files."""

import logging
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import av
import numpy as np

from vidstyle.errors import DeviceError, MissingExtraError, SourceError, reason
from vidstyle.extras import install_hint
from vidstyle.live.audio.ring_buffer import CHANNELS, RATE, AudioRingBuffer, DelayLine
from vidstyle.live.sources.file import PacedFile
from vidstyle.media.demux import open_container

log = logging.getLogger(__name__)

AHEAD_S = 1.0  # a file's audio is decoded so far ahead of its playback
POLL_S = 0.05  # of the file's audio thread
CHECK_EVERY_S = 1.0  # period of the checks whether a device is still connected


def microphones() -> list[str]:
    """Names of all audio inputs, as "NUMBER: NAME".

    Raises:
        MissingExtraError: sounddevice or its library PortAudio is not installed.
    """
    return _names("max_input_channels")


def sound_outputs() -> list[str]:
    """Names of all audio outputs, as "NUMBER: NAME".

    Raises:
        MissingExtraError: as for `microphones`.
    """
    return _names("max_output_channels")


class AudioDevice(ABC):
    """Audio device: a PortAudio stream that is reopened after its device was unplugged."""

    name: str  # for messages
    channels_key: str  # of PortAudio's device descriptions, above 0 for devices of this kind

    def __init__(self) -> None:
        """Open and start the stream.

        Raises:
            MissingExtraError: as for `microphones`.
            DeviceError: no such device, or it does not start.
        """
        self._stream = self._start()

    def close(self) -> None:
        """Stop the stream; after `run` has returned."""
        self._stream.close()

    def run(self, stop: threading.Event) -> None:
        """Reopen the stream whenever it has ended, until `stop` is set; a thread's body."""
        lost = False
        while not stop.wait(CHECK_EVERY_S):
            if self._stream.active:
                continue
            if not lost:
                log.warning("%s has gone. Waiting for it to come back.", self.name)
                lost = True
            self._stream.close()
            with suppress(DeviceError):
                self._stream = self._start()
                log.warning("%s is back.", self.name)
                lost = False

    @abstractmethod
    def _open(self, sounddevice: Any) -> Any:
        """Return a new PortAudio stream, not yet started.

        Called when the device is created, and once per second by the thread of `run` while the
        device is lost.

        Args:
            sounddevice: the module.
        """

    def _start(self) -> Any:
        sounddevice = _sounddevice()
        try:
            return _started(self._open(sounddevice))
        except (ValueError, sounddevice.PortAudioError) as error:
            why = reason(error).rstrip(".")
            there = ", ".join(_names(self.channels_key)) or "none"
            raise DeviceError(f"{self.name} does not start: {why}. There is: {there}.") from error


class Microphone(AudioDevice):
    """Microphone: records into an audio ring buffer, on PortAudio's callback thread."""

    name, channels_key = "The microphone", "max_input_channels"

    def __init__(self, wanted: str | None, ring_buffer: AudioRingBuffer) -> None:
        """Open the microphone and start recording.

        Args:
            wanted: device number or part of its name; None for the system's default.
            ring_buffer: receives the samples, with capture times of `time.perf_counter`.

        Raises:
            MissingExtraError: as for `microphones`.
            DeviceError: no such microphone, or it does not start.
        """
        self._device, self._ring_buffer = _device(wanted), ring_buffer
        super().__init__()

    def _open(self, sounddevice: Any) -> Any:
        available = sounddevice.query_devices(self._device, "input")["max_input_channels"]
        channels = min(CHANNELS, available)
        return sounddevice.InputStream(
            RATE, 0, self._device, channels, "float32", callback=self._record
        )

    def _record(self, samples: Any, count: int, times: Any, status: object) -> None:
        """Callback of PortAudio, once per block: write it; mono becomes stereo."""
        start_s = time.perf_counter() - (times.currentTime - times.inputBufferAdcTime)
        stereo = np.broadcast_to(samples, (count, CHANNELS)) if samples.shape[1] == 1 else samples
        self._ring_buffer.write(stereo, start_s)


class Speaker(AudioDevice):
    """Speaker or audio cable: plays a ring buffer, delayed by the latency of the frames."""

    name, channels_key = "The sound output", "max_output_channels"

    def __init__(
        self, wanted: str | None, ring_buffer: AudioRingBuffer, delay_s: Callable[[], float]
    ) -> None:
        """Open the output and start playing.

        Args:
            wanted: device number or part of its name; None for the system's default.
            ring_buffer: audio to play.
            delay_s: returns the wanted delay from capture to output, in seconds; called once per
                audio block, on PortAudio's callback thread.

        Raises:
            MissingExtraError: as for `microphones`.
            DeviceError: no such output, or it does not start.
        """
        self._device, self._delay_s = _device(wanted), delay_s
        self._delay_line = DelayLine(ring_buffer)
        super().__init__()

    def _open(self, sounddevice: Any) -> Any:
        return sounddevice.OutputStream(
            RATE, 0, self._device, CHANNELS, "float32", callback=self._play
        )

    def _play(self, samples: Any, count: int, times: Any, status: object) -> None:
        """Callback of PortAudio, once per block: fill it."""
        heard_s = time.perf_counter() + (times.outputBufferDacTime - times.currentTime)
        samples[:] = self._delay_line.read(count, heard_s, self._delay_s())


def has_audio(source: PacedFile) -> bool:
    """Whether a video file has an audio stream."""
    with open_container(source.path) as container:
        return bool(container.streams.audio)


class FileAudio:
    """Decodes a video file's audio into a ring buffer, in sync with its frames."""

    def __init__(
        self, path: Path, start_s: Callable[[], float | None], ring_buffer: AudioRingBuffer
    ) -> None:
        """Take the file; it is opened by `run`.

        Args:
            path: video file with an audio stream.
            start_s: returns the time of the file's timestamp 0, by `time.perf_counter`, or None
                while the file does not play; called every `POLL_S` on the thread of `run`.
            ring_buffer: receives the samples.
        """
        self._path, self._start_s, self._ring_buffer = path, start_s, ring_buffer

    def run(self, stop: threading.Event) -> None:
        """Decode the file each time its playback starts, until `stop` is set; a thread's body."""
        playing_s: float | None = None
        while not stop.wait(POLL_S):
            file_start_s = self._start_s()
            if file_start_s is not None and file_start_s != playing_s:
                playing_s = file_start_s
                try:
                    self._play(file_start_s, stop)
                except (av.FFmpegError, SourceError) as error:
                    why = reason(error.__cause__ or error)
                    log.warning("%s: its sound ends here: %s.", self._path, why)

    def _play(self, file_start_s: float, stop: threading.Event) -> None:
        resampler = av.AudioResampler(format="flt", layout="stereo", rate=RATE)
        with open_container(self._path) as container:
            for frame in container.decode(audio=0):
                if stop.is_set():
                    return
                start_s = file_start_s + float(frame.time or 0.0)
                if start_s < time.perf_counter() - AHEAD_S:
                    continue  # the video is further ahead
                for part in resampler.resample(frame):
                    samples = np.asarray(part.to_ndarray().reshape(-1, CHANNELS), np.float32)
                    self._ring_buffer.write(samples, start_s)
                while start_s > time.perf_counter() + AHEAD_S:
                    if stop.wait(POLL_S) or self._start_s() != file_start_s:
                        return


def _started(stream: Any) -> Any:
    """Start a PortAudio stream and return it; one that does not start is closed."""
    try:
        stream.start()
    except BaseException:
        stream.close()
        raise
    return stream


def _names(channels_key: str) -> list[str]:
    devices = _sounddevice().query_devices()
    return [f"{n}: {d['name']}" for n, d in enumerate(devices) if d[channels_key]]


def _device(wanted: str | None) -> int | str | None:
    return int(wanted) if wanted is not None and wanted.isdecimal() else wanted


def _sounddevice() -> Any:
    try:
        import sounddevice
    except ImportError as error:
        raise MissingExtraError(
            f"Sound needs the package sounddevice. Install the extra: {install_hint('live')}."
        ) from error
    except OSError as error:
        raise MissingExtraError(
            "Sound needs the library PortAudio (Debian and Ubuntu: sudo apt install libportaudio2)."
        ) from error
    return sounddevice
