"""Audio track of a recording: encodes the audio ring buffer beside the video stream."""

import math
from collections import Counter
from fractions import Fraction
from typing import Any

import av
import numpy as np

from vidstyle.errors import SinkError, reason
from vidstyle.live.audio.ring_buffer import RATE, AudioRingBuffer, ReadHead
from vidstyle.media.info import VideoInfo

MAX_BLOCK = RATE  # samples per write
SAFETY_LAG_S = 0.5  # the newest samples may still be on their way through the audio device


class NoAudio:
    """Side streams of a silent recording: none."""

    def __init__(
        self, like: VideoInfo, output: av.container.OutputContainer, video: av.VideoStream
    ) -> None:
        self.warnings: list[str] = []

    @property
    def copied(self) -> Counter[str]:
        return Counter()

    def advance(self, until_s: float) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Do nothing."""


class AudioTrack:
    """Audio stream of a recording (AAC; Opus in WebM), read from a ring buffer.

    Belongs to the thread of the recorder.
    """

    def __init__(
        self, ring_buffer: AudioRingBuffer, start_s: float, output: av.container.OutputContainer
    ) -> None:
        """Add an audio stream to an output file.

        Args:
            ring_buffer: captured audio, on the clock of the frames' timestamps.
            start_s: capture time of the first frame, in seconds.
            output: container whose header has not been written yet.

        Raises:
            SinkError: this FFmpeg has no encoder for the audio of the container.
        """
        self.warnings: list[str] = []
        codec = "libopus" if output.format.name == "webm" else "aac"
        try:
            stream: Any = output.add_stream(codec, rate=RATE, layout="stereo")
        except (ValueError, av.FFmpegError) as error:
            raise SinkError(
                f"Sound cannot be encoded for {output.format.name} ({reason(error)}). Choose "
                "another format, or leave the sound out."
            ) from error
        self._output, self._stream = output, stream
        self._read_head, self._start_s = ReadHead(ring_buffer), start_s
        self._written = 0  # samples
        self._last_picture_s = 0.0

    @property
    def copied(self) -> Counter[str]:
        return Counter(audio=1)

    def advance(self, until_s: float) -> None:
        """Encode audio up to a time; called by the file sink after each video packet.

        Args:
            until_s: time since the first frame, in seconds; infinity at the end of the file.
        """
        if until_s == math.inf:
            self._write_until(self._last_picture_s)
            self._output.mux(self._stream.encode(None))
            return
        self._last_picture_s = until_s
        self._write_until(until_s - SAFETY_LAG_S)

    def close(self) -> None:
        """Do nothing: the ring buffer belongs to the session."""

    def _write_until(self, until_s: float) -> None:
        missing = round(until_s * RATE) - self._written
        while missing > 0:  # hours of audio, after a suspended computer
            count = min(missing, MAX_BLOCK)
            self._write(count)
            missing -= count

    def _write(self, count: int) -> None:
        samples = self._read_head.read(count, self._start_s + self._written / RATE)
        planes = np.ascontiguousarray(samples.T)
        frame = av.AudioFrame.from_ndarray(planes, format="fltp", layout="stereo")
        frame.sample_rate, frame.time_base = RATE, Fraction(1, RATE)
        frame.pts = self._written
        self._output.mux(self._stream.encode(frame))
        self._written += count
