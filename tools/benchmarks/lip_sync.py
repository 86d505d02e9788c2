"""Lip sync of a recording: a clip whose picture flashes at each tone, and a finder of both.

A white picture and a loud tone are found again after painting and encoding.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, Self

import av
import numpy as np
from numpy.typing import NDArray

from tools import scenery
from tools.benchmarks.sample_clip import sample_images
from tools.samples.make import SOUND_RATE, write_clip

RATE = 15  # frames per second
FLASH_EVERY, FIRST_FLASH, FLASH_FRAMES = 2 * RATE, RATE, 2  # frames
TONE_HZ, TONE_LEVEL = 1000, 0.5
AUDIBLE = TONE_LEVEL / 2  # level at which a tone begins
APART_S = 1.0  # from a tone to the next, at least
FARTHEST_S = 0.5  # from a flash to its tone, at most
WHOLE = 1.5  # frame durations between two frames, at most, if none is missing


class SyncError(NamedTuple):
    """Delay of a tone after its flash; negative if it is early."""

    time_s: float
    delay_s: float


@dataclass
class Tracks:
    """Frames and tones of a video file, in seconds from its start."""

    times_s: list[float] = field(default_factory=list)  # of the frames
    levels: list[float] = field(default_factory=list)  # mean luma of the frames, 0..255
    tones_s: list[float] = field(default_factory=list)  # begins of the tones
    sound_s: float = 0.0  # end of the sound

    @classmethod
    def of(cls, file: Path) -> Self:
        """Decode a video file and measure it.

        Raises:
            av.FFmpegError: the file is damaged.
        """
        tracks = cls()
        with av.open(str(file)) as container:
            container.streams.video[0].thread_type = "AUTO"
            for frame in container.decode(video=0, audio=0):
                if isinstance(frame, av.VideoFrame):
                    tracks.add_frame(frame)
                elif isinstance(frame, av.AudioFrame):
                    tracks.add_sound(frame)
        return tracks

    def __str__(self) -> str:
        return (
            f"{len(self.times_s)} frames, the last at {self.times_s[-1]:.3f} s, "
            f"sound until {self.sound_s:.3f} s"
        )

    def add_frame(self, frame: av.VideoFrame) -> None:
        """Note the time and the brightness of a frame with a plane of luma."""
        plane = frame.planes[0]
        rows = np.frombuffer(memoryview(plane), np.uint8).reshape(plane.height, plane.line_size)
        self.times_s.append(float(frame.time or 0.0))
        self.levels.append(float(rows[:, : plane.width].mean()))

    def add_sound(self, frame: av.AudioFrame) -> None:
        """Note the begin of a tone in a block of float samples, if there is one."""
        start_s = float(frame.time or 0.0)
        self.sound_s = start_s + frame.samples / frame.sample_rate
        loud = np.flatnonzero(np.abs(frame.to_ndarray()[0]) > AUDIBLE)
        if len(loud):
            tone_s = start_s + float(loud[0]) / frame.sample_rate
            if not self.tones_s or tone_s - self.tones_s[-1] > APART_S:
                self.tones_s.append(tone_s)

    def sync_errors(self, source: "Tracks | None" = None) -> list[SyncError]:
        """Delay of each tone after its flash.

        Flashes without a tone nearer than `FARTHEST_S` are left out.

        Args:
            source: file whose median delay counts as none.
        """
        zero_s = 0.0
        if source is not None:
            zero_s = float(np.median([error.delay_s for error in source.sync_errors()]))
        tones_s = np.asarray([*self.tones_s, np.inf])
        delays_s = ((time_s, tones_s - time_s) for time_s in flashes_s(self.times_s, self.levels))
        nearest_s = ((time_s, float(each[np.abs(each).argmin()])) for time_s, each in delays_s)
        return [SyncError(t, d - zero_s) for t, d in nearest_s if abs(d) < FARTHEST_S]


def flashes_s(times_s: Sequence[float], levels: Sequence[float]) -> list[float]:
    """Times of the frames at which the picture turns white.

    A flash is left out if the frame before it is missing, since it may have begun there.

    Args:
        times_s: of the frames.
        levels: brightness of the frames.
    """
    signal, steps_s = np.asarray(levels), np.diff(times_s)
    bright = signal > (np.median(signal) + signal.max()) / 2
    begins = bright[1:] & ~bright[:-1] & (steps_s < WHOLE / RATE)
    return [times_s[int(index) + 1] for index in np.flatnonzero(begins)]


def write_flashing_clip(file: Path, seconds: float) -> None:
    """Write the sample's first scene, forth and back, as a clip that turns white at each tone.

    Args:
        file: an .mp4 file, 640x360 at `RATE`.
        seconds: its length.
    """
    pictures = sample_images(scenery.CUT, scenery.RATE // RATE)
    pictures += pictures[-2:0:-1]
    images = itertools.islice(itertools.cycle(pictures), round(seconds * RATE))
    flashing = (
        np.full_like(image, 255) if flashes(index) else image for index, image in enumerate(images)
    )
    options = {"preset": "fast", "crf": "20"}
    write_clip(file, scenery.SIZE_WH, flashing, tones(seconds), options, RATE)


def flashes(index: int) -> bool:
    """Whether a frame of the clip is white."""
    return (index - FIRST_FLASH) % FLASH_EVERY < FLASH_FRAMES


def tones(seconds: float) -> NDArray[np.float32]:
    """2xN float32 samples at `SOUND_RATE`: a tone during each flash, else silence."""
    samples = np.arange(round(seconds * SOUND_RATE))
    heard = (samples * RATE // SOUND_RATE - FIRST_FLASH) % FLASH_EVERY < FLASH_FRAMES
    tone = TONE_LEVEL * np.sin(2 * np.pi * TONE_HZ * samples / SOUND_RATE) * heard
    return np.stack([tone, tone]).astype(np.float32)
