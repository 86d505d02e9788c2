"""Writes what is shown into a file, from when it is asked to until it is asked to stop."""

import logging
from collections.abc import Callable
from contextlib import ExitStack
from fractions import Fraction
from pathlib import Path

import av

from vidstyle.errors import SinkError
from vidstyle.frame import BT709, Frame, Picture
from vidstyle.live.audio.ring_buffer import AudioRingBuffer
from vidstyle.live.audio.track import NoAudio, SoundTrack
from vidstyle.live.sinks.base import OutputFrame
from vidstyle.live.sinks.growing_file import GrowingFile
from vidstyle.media.codecs import choose_encoder
from vidstyle.media.info import FULL_RANGE, LIMITED_RANGE, ColorTags, VideoInfo
from vidstyle.media.sink import SideStreams
from vidstyle.stats import Stats

log = logging.getLogger(__name__)

CLOCK = Fraction(1, 90_000)  # seconds per unit; every container keeps it well enough


class Recorder:
    """A sink that can be switched on and off; each time on makes one file."""

    def __init__(
        self,
        name: Callable[[], Path],
        rate: Fraction,
        ring_buffer: AudioRingBuffer | None,
        replace: bool = False,
    ) -> None:
        """Take the names of files to come.

        Args:
            name: asked once for each file.
            rate: pictures per second, about.
            tape: sound that goes along, by the times of the frames; None for silent files.
            replace: whether files of such names may be replaced.
        """
        self._name, self._rate, self._ring_buffer = name, rate, ring_buffer
        self._replace = replace
        self.wanted = False  # set by whoever wants it, from any thread
        self.cut_short = 0  # recordings that ended before they were asked to
        self._file: GrowingFile | None = None
        self._open = ExitStack()
        self._path = Path()
        self._begun_s, self._last_pts = 0.0, -1

    def write(self, view: OutputFrame) -> None:
        """Record the view, if that is wanted; what fails ends the recording, not the filter."""
        try:
            if self._file is not None and not self.wanted:
                self._finish()
            elif self.wanted:
                self._record(view.frame)
        except SinkError as error:
            self.wanted, self._file = False, None
            self._open.close()
            self.cut_short += 1
            log.error("%s The recording has ended.", error)

    def close(self) -> None:
        """Finish the recording.

        Raises:
            SinkError: the disk refused.
        """
        with self._open:
            if self._file is not None:
                self._finish()

    def _record(self, frame: Frame) -> None:
        if self._file is None:
            self._path, self._begun_s, self._last_pts = self._name(), frame.time_s, -1
            encoder = choose_encoder(self._path, None, None, None)
            info = _describe(frame.picture, self._path, self._rate)
            sink = GrowingFile(
                self._path, info, encoder, Stats(), replace=self._replace, company=self._company
            )
            self._file = self._open.enter_context(sink)
        pts = max(self._last_pts + 1, round((frame.time_s - self._begun_s) / CLOCK))
        self._last_pts = pts
        self._file.write(Frame(frame.picture, pts, CLOCK))
        if not self._file.has_room:
            self.wanted = False
            self.cut_short += 1
            self._finish(" The disk is full, so it has ended: make room, or choose another disk.")

    def _company(
        self, like: VideoInfo, output: av.container.OutputContainer, video: av.VideoStream
    ) -> SideStreams:
        if self._ring_buffer is None:
            return NoAudio(like, output, video)
        return SoundTrack(self._ring_buffer, self._begun_s, output)

    def _finish(self, why: str = "") -> None:
        file, self._file = self._file, None
        assert file is not None
        with self._open.pop_all():
            size = file.finish()
        level = logging.ERROR if why else logging.WARNING
        log.log(level, "Recorded %s (%.1f MB).%s", self._path, size / 1e6, why)


def _describe(picture: Picture, path: Path, rate: Fraction) -> VideoInfo:
    color = picture.color
    range_ = FULL_RANGE if color.full_range else LIMITED_RANGE
    return VideoInfo(
        path=path,
        width=picture.width,
        height=picture.height,
        sample_aspect_ratio=Fraction(1),
        rate=rate,
        time_base=CLOCK,
        duration_s=None,
        frame_count=None,
        origin_s=Fraction(0),
        end_s=None,
        color=ColorTags(color.matrix, BT709, BT709, range_),
        tags={},
    )
