"""Video file as a live source, played in real time."""

import threading
from collections.abc import Iterator
from pathlib import Path

from vidstyle.frame import Frame, Picture
from vidstyle.live.sources.base import Pacer
from vidstyle.media.demux import free_closed_codecs
from vidstyle.media.info import VideoInfo
from vidstyle.media.source import FileSource
from vidstyle.stats import Stats


class PacedFile:
    """Live source that plays a video file in real time, once or in a loop."""

    def __init__(self, path: Path, loop: bool, pacer: Pacer | None = None) -> None:
        """Open the file.

        Args:
            path: video file.
            loop: start again at the end.
            pacer: clock of the playback; None for real time.

        Raises:
            SourceError: the file is missing or not a video.
        """
        self.name, self.notes = str(path), list[str]()
        self.path, self.pacer = path, pacer or Pacer()
        self._loop = loop
        self._file: FileSource | None = None  # None where it could not be opened again
        self._frames: Iterator[Frame] = iter(())
        self._origin_s = 0.0  # file time of the first frame's timestamp 0
        info = self._open()
        self.width, self.height, self.rate = info.width, info.height, info.rate
        if info.hdr:
            self.notes.append(f"{path} is HDR ({info.hdr}), and shown in SDR.")

    def read(self, stop: threading.Event) -> Picture | None:
        frame = next(self._frames, None)
        if frame is None and self._loop:
            self._rewind()
            frame = next(self._frames, None)
        if frame is None or not self.pacer.wait_for(frame.time_s, stop):
            return None
        return frame.picture

    @property
    def zero_s(self) -> float | None:
        """Clock time of the file's timestamp 0; None before the first frame is due."""
        first_s = self.pacer.zero_s
        return None if first_s is None else first_s - self._origin_s

    def close(self) -> None:
        if self._file is not None:
            self._file.close()

    def _rewind(self) -> None:
        self.close()
        self._file, self._frames = None, iter(())
        free_closed_codecs()
        self._open()
        self.pacer.restart()

    def _open(self) -> VideoInfo:
        file = FileSource(self.path, Stats(), threads=1)
        self._file, self._frames = file, iter(file)
        self._origin_s = float(file.info.origin_s)
        return file.info
