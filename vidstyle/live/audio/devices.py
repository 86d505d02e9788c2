"""Microphones, loudspeakers and the sound of files, on tape and from it."""

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

from vidstyle.errors import DeviceError, MissingExtraError, reason
from vidstyle.extras import install_hint
from vidstyle.live.audio.ring_buffer import CHANNELS, RATE, AudioRingBuffer, DelayLine
from vidstyle.live.sources.file import PacedFile

log = logging.getLogger(__name__)

AHEAD_S = 1.0  # a file's sound is read so far ahead of what is heard
NAP_S = 0.05
LOOK_S = 1.0  # between looks whether a device is still there


def microphones() -> list[str]:
    """All inputs for sound, by number and name.

    Raises:
        MissingExtraError: sounddevice is not installed, or its PortAudio is not.
    """
    devices = _sounddevice().query_devices()
    return [f"{n}: {d['name']}" for n, d in enumerate(devices) if d["max_input_channels"]]


class SoundDevice(ABC):
    """A stream through PortAudio that is opened again when its device went and came back."""

    name: str  # what messages call it

    def __init__(self) -> None:
        """Start the stream.

        Raises:
            DeviceError: no such device, or it does not start.
        """
        self._stream = self._started()

    def close(self) -> None:
        """Stop the stream; after `run` has returned."""
        self._stream.close()

    def run(self, stop: threading.Event) -> None:
        """Look after the stream; return at `stop`."""
        lost = False
        while not stop.wait(LOOK_S):
            if self._stream.active:
                continue
            if not lost:
                log.warning("%s has gone. Waiting for it to come back.", self.name)
                lost = True
            self._stream.close()
            with suppress(DeviceError):
                self._stream = self._started()
                log.warning("%s is back.", self.name)
                lost = False

    @abstractmethod
    def _open(self, sounddevice: Any) -> Any:
        """Return a new stream."""

    def _started(self) -> Any:
        sounddevice = _sounddevice()
        try:
            stream = self._open(sounddevice)
            stream.start()
        except (ValueError, sounddevice.PortAudioError) as error:
            why = reason(error).rstrip(".")
            raise DeviceError(f"{self.name} does not start: {why}.") from error
        return stream


class Microphone(SoundDevice):
    """Writes what is heard to a tape, on a thread of PortAudio's."""

    name = "The microphone"

    def __init__(self, wanted: str | None, ring_buffer: AudioRingBuffer) -> None:
        """Start to listen.

        Args:
            wanted: number or part of the name; None for the system's choice.
            tape: gets the sound, by `time.monotonic`.

        Raises:
            MissingExtraError: as for `microphones`.
            DeviceError: no such microphone, or it does not start.
        """
        self._device, self._ring_buffer = _device(wanted), ring_buffer
        super().__init__()

    def _open(self, sounddevice: Any) -> Any:
        there = sounddevice.query_devices(self._device, "input")["max_input_channels"]
        channels = min(CHANNELS, there)
        return sounddevice.InputStream(
            RATE, 0, self._device, channels, "float32", callback=self._heard
        )

    def _heard(self, samples: Any, count: int, times: Any, status: object) -> None:
        began_s = time.monotonic() - (times.currentTime - times.inputBufferAdcTime)
        both = np.broadcast_to(samples, (count, CHANNELS)) if samples.shape[1] == 1 else samples
        self._ring_buffer.write(both, began_s)


class Speaker(SoundDevice):
    """Plays a tape as much later as the pictures are shown."""

    name = "The sound output"

    def __init__(
        self, wanted: str | None, ring_buffer: AudioRingBuffer, delay_s: Callable[[], float]
    ) -> None:
        """Start to play.

        Args:
            wanted: number or part of the name; None for the system's choice.
            tape: what is played.
            delay_s: how long ago what is heard now was on tape; asked all the time.

        Raises:
            MissingExtraError: as for `microphones`.
            DeviceError: no such output, or it does not start.
        """
        self._device, self._sound, self._delay_s = _device(wanted), DelayLine(ring_buffer), delay_s
        super().__init__()

    def _open(self, sounddevice: Any) -> Any:
        return sounddevice.OutputStream(
            RATE, 0, self._device, CHANNELS, "float32", callback=self._play
        )

    def _play(self, samples: Any, count: int, times: Any, status: object) -> None:
        heard_s = time.monotonic() + (times.outputBufferDacTime - times.currentTime)
        samples[:] = self._sound.read(count, heard_s, self._delay_s())


def has_sound(source: PacedFile) -> bool:
    """Whether there is sound beside the pictures of a file."""
    with av.open(str(source.path.absolute())) as container:
        return bool(container.streams.audio)


class FileSound:
    """Puts a file's sound on tape, in step with its pictures."""

    def __init__(
        self, path: Path, began_s: Callable[[], float | None], ring_buffer: AudioRingBuffer
    ) -> None:
        """Take the file.

        Args:
            path: of the file.
            began_s: when its pictures began to play, by `time.monotonic`; None while they do not.
            tape: gets the sound.
        """
        self._path, self._began_s, self._ring_buffer = path, began_s, ring_buffer

    def run(self, stop: threading.Event) -> None:
        """Read the file again whenever its pictures begin again; return at `stop`."""
        played_s: float | None = None
        while not stop.wait(NAP_S):
            began_s = self._began_s()
            if began_s is not None and began_s != played_s:
                played_s = began_s
                try:
                    self._play(began_s, stop)
                except av.FFmpegError as error:
                    log.warning("%s: its sound ends here: %s.", self._path, reason(error))

    def _play(self, began_s: float, stop: threading.Event) -> None:
        resampler = av.AudioResampler(format="flt", layout="stereo", rate=RATE)
        with av.open(str(self._path.absolute())) as container:
            for frame in container.decode(audio=0):
                start_s = began_s + float(frame.time or 0.0)
                if start_s < time.monotonic() - AHEAD_S:
                    continue  # the pictures are further
                for part in resampler.resample(frame):
                    samples = np.asarray(part.to_ndarray().reshape(-1, CHANNELS), np.float32)
                    self._ring_buffer.write(samples, start_s)
                while start_s > time.monotonic() + AHEAD_S:
                    if stop.wait(NAP_S) or self._began_s() != began_s:
                        return


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
