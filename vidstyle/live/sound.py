"""Microphones, loudspeakers and the sound of files, on tape and from it."""

import threading
import time
from collections.abc import Callable
from typing import Any

import av
import numpy as np

from vidstyle.errors import MissingExtraError, SinkError, SourceError
from vidstyle.live.source import PacedFile
from vidstyle.live.tape import CHANNELS, RATE, Playhead, Tape

AHEAD_S = 1.0  # a file's sound is read so far ahead of what is heard
NAP_S = 0.05


def microphones() -> list[str]:
    """All inputs for sound, by number and name.

    Raises:
        MissingExtraError: sounddevice is not installed, or its PortAudio is not.
    """
    devices = _sounddevice().query_devices()
    return [f"{n}: {d['name']}" for n, d in enumerate(devices) if d["max_input_channels"]]


class Microphone:
    """Writes what is heard to a tape, on a thread of PortAudio's."""

    def __init__(self, wanted: str | None, tape: Tape) -> None:
        """Start to listen.

        Args:
            wanted: number or part of the name; None for the system's choice.
            tape: gets the sound, by `time.monotonic`.

        Raises:
            MissingExtraError: as for `microphones`.
            SourceError: no such microphone, or it does not start.
        """
        sounddevice = _sounddevice()
        self._tape = tape
        try:
            device = _device(wanted)
            channels = min(
                CHANNELS, sounddevice.query_devices(device, "input")["max_input_channels"]
            )
            self._stream = sounddevice.InputStream(
                RATE, 0, device, channels, "float32", callback=self._heard
            )
            self._stream.start()
        except (ValueError, sounddevice.PortAudioError) as error:
            raise SourceError(f"The microphone does not start: {_words(error)}.") from error

    def close(self) -> None:
        """Stop listening."""
        self._stream.close()

    def _heard(self, samples: Any, count: int, times: object, status: object) -> None:
        began_s = time.monotonic() - self._stream.latency - count / RATE
        both = np.broadcast_to(samples, (count, CHANNELS)) if samples.shape[1] == 1 else samples
        self._tape.write(both, began_s)


class Speaker:
    """Plays a tape as much later as the pictures are shown."""

    def __init__(self, wanted: str | None, tape: Tape, delay_s: Callable[[], float]) -> None:
        """Start to play.

        Args:
            wanted: number or part of the name; None for the system's choice.
            tape: what is played.
            delay_s: how long ago what is heard now was on tape; asked all the time.

        Raises:
            MissingExtraError: as for `microphones`.
            SinkError: no such output, or it does not start.
        """
        sounddevice = _sounddevice()
        self._playhead, self._delay_s = Playhead(tape), delay_s
        try:
            device = _device(wanted)
            self._stream = sounddevice.OutputStream(
                RATE, 0, device, CHANNELS, "float32", callback=self._play
            )
            self._stream.start()
        except (ValueError, sounddevice.PortAudioError) as error:
            raise SinkError(f"The sound output does not start: {_words(error)}.") from error

    def close(self) -> None:
        """Stop playing."""
        self._stream.close()

    def _play(self, samples: Any, count: int, times: object, status: object) -> None:
        heard_s = time.monotonic() + self._stream.latency
        samples[:] = self._playhead.read(count, heard_s - self._delay_s())


def has_sound(source: PacedFile) -> bool:
    """Whether there is sound beside the pictures of a file."""
    with av.open(str(source.path.absolute())) as container:
        return bool(container.streams.audio)


class FileSound:
    """Puts a file's sound on tape, in step with its pictures."""

    def __init__(self, source: PacedFile, tape: Tape) -> None:
        self._source, self._tape = source, tape

    def run(self, stop: threading.Event) -> None:
        """Read the file again whenever its pictures begin again; return at `stop`."""
        played_zero_s: float | None = None
        while not stop.wait(NAP_S):
            zero_s = self._source.pace.zero_s
            if zero_s is not None and zero_s != played_zero_s:
                played_zero_s = zero_s
                self._play(zero_s, stop)

    def _play(self, zero_s: float, stop: threading.Event) -> None:
        resampler = av.AudioResampler(format="flt", layout="stereo", rate=RATE)
        with av.open(str(self._source.path.absolute())) as container:
            for frame in container.decode(audio=0):
                start_s = zero_s + float(frame.time or 0.0)
                if start_s < time.monotonic() - AHEAD_S:
                    continue  # the pictures are further
                for part in resampler.resample(frame):
                    samples = np.asarray(part.to_ndarray().reshape(-1, CHANNELS), np.float32)
                    self._tape.write(samples, start_s)
                while start_s > time.monotonic() + AHEAD_S:
                    if stop.wait(NAP_S) or self._source.pace.zero_s != zero_s:
                        return


def _device(wanted: str | None) -> int | str | None:
    return int(wanted) if wanted is not None and wanted.isdecimal() else wanted


def _words(error: Exception) -> str:
    return str(error).strip().splitlines()[0].rstrip(".")


def _sounddevice() -> Any:
    try:
        import sounddevice
    except ImportError as error:
        raise MissingExtraError('Sound needs: pip install "vidstyle[live]"') from error
    except OSError as error:
        raise MissingExtraError(
            "Sound needs the library PortAudio (Debian and Ubuntu: sudo apt install libportaudio2)."
        ) from error
    return sounddevice
