"""Recorder sink: writes the rendered frames and their audio to video files, on and off by key."""

import logging
from collections.abc import Callable
from contextlib import ExitStack
from fractions import Fraction
from pathlib import Path

import av

from vidstyle.errors import SinkError
from vidstyle.frame import BT709, Frame, Picture
from vidstyle.live.audio.ring_buffer import AudioRingBuffer
from vidstyle.live.audio.track import AudioTrack, NoAudio
from vidstyle.live.sinks.base import OutputFrame
from vidstyle.live.sinks.growing_file import GrowingFile
from vidstyle.media.codecs import choose_encoder
from vidstyle.media.info import FULL_RANGE, LIMITED_RANGE, ColorTags, VideoInfo
from vidstyle.media.sink import SideStreams
from vidstyle.stats import Stats

log = logging.getLogger(__name__)

TIME_BASE = Fraction(1, 90_000)  # seconds per pts; fine enough for every container
# Frames per second of a recording, at least: its last frame is shown for one frame's duration. The
# average rate of a file with a long pause between two frames would make that many seconds.
MIN_RATE = Fraction(5)


class Recorder:
    """Recorder: a sink that writes one file for each time that `wanted` is set.

    Belongs to its sink thread; `wanted` may be set from any thread, `cut_short` read.
    """

    def __init__(
        self,
        next_path: Callable[[], Path],
        rate: Fraction,
        ring_buffer: AudioRingBuffer | None,
        replace: bool = False,
    ) -> None:
        """Create a recorder that is switched off.

        Args:
            next_path: returns the path of the next recording; called once per file, on the sink
                thread.
            rate: nominal frames per second.
            ring_buffer: captured audio, on the clock of the frames' timestamps; None for silent
                files.
            replace: replace existing files.
        """
        self._next_path, self._rate, self._ring_buffer = next_path, rate, ring_buffer
        self._replace = replace
        self.wanted = False  # record the next frames; may be set from any thread
        self.cut_short = 0  # recordings that a failure or a full disk ended early
        self._file: GrowingFile | None = None
        self._open = ExitStack()
        self._path = Path()
        self._start_s, self._last_pts = 0.0, -1

    def write(self, output: OutputFrame) -> None:
        """Record the frame while `wanted` is set; a failure is logged and ends the recording."""
        try:
            if self._file is not None and not self.wanted:
                self._finish_file()
            elif self.wanted:
                self._record(output.frame)
        except SinkError as error:
            self.wanted, self._file = False, None
            self._open.close()
            self.cut_short += 1
            log.error("%s The recording has ended.", error)

    def close(self) -> None:
        """Finish the recording.

        Raises:
            SinkError: the file cannot be finished, as on a full disk.
        """
        with self._open:
            if self._file is not None:
                self._finish_file()

    def _record(self, frame: Frame) -> None:
        if self._file is None:
            self._path, self._start_s, self._last_pts = self._next_path(), frame.time_s, -1
            encoder = choose_encoder(self._path, None, None, None)
            info = describe_frames(frame.picture, self._path, self._rate)
            sink = GrowingFile(
                self._path,
                info,
                encoder,
                Stats(),
                replace=self._replace,
                side_streams=self._side_streams,
            )
            self._file = self._open.enter_context(sink)
        pts = max(self._last_pts + 1, round((frame.time_s - self._start_s) / TIME_BASE))
        self._last_pts = pts
        self._file.write(Frame(frame.picture, pts, TIME_BASE))
        if not self._file.has_room:
            self.wanted = False
            self.cut_short += 1
            self._finish_file(
                " The disk is full, so it has ended: make room, or choose another disk."
            )

    def _side_streams(
        self, like: VideoInfo, output: av.container.OutputContainer, video: av.VideoStream
    ) -> SideStreams:
        if self._ring_buffer is None:
            return NoAudio(like, output, video)
        return AudioTrack(self._ring_buffer, self._start_s, output)

    def _finish_file(self, why: str = "") -> None:
        file, self._file = self._file, None
        assert file is not None
        with self._open.pop_all():
            size = file.finish()
        level = logging.ERROR if why else logging.WARNING
        log.log(level, "Recorded %s (%.1f MB).%s", self._path, size / 1e6, why)


def describe_frames(picture: Picture, path: Path, rate: Fraction) -> VideoInfo:
    """Properties of a video of rendered frames, for `FileSink`.

    Args:
        picture: the first frame.
        path: of the output, for messages.
        rate: nominal frames per second; `MIN_RATE` at least is used.
    """
    color = picture.color
    range_ = FULL_RANGE if color.full_range else LIMITED_RANGE
    return VideoInfo(
        path=path,
        width=picture.width,
        height=picture.height,
        sample_aspect_ratio=Fraction(1),
        rate=max(rate, MIN_RATE),
        time_base=TIME_BASE,
        duration_s=None,
        frame_count=None,
        origin_s=Fraction(0),
        end_s=None,
        color=ColorTags(color.matrix, BT709, BT709, range_),
        tags={},
    )
