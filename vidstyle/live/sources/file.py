"""Video file as a live source, played at its own speed."""

import gc
from collections.abc import Iterator
from pathlib import Path

from vidstyle.frame import Frame, Picture
from vidstyle.live.sources.base import Pace
from vidstyle.media.source import FileSource
from vidstyle.stats import Stats


class PacedFile:
    """A video file, played at its own speed, once or over and over."""

    def __init__(self, path: Path, loop: bool, pace: Pace | None = None) -> None:
        """Open the file.

        Raises:
            SourceError: it is missing or no video.
        """
        self.name, self.notes = str(path), list[str]()
        self.path, self.pace = path, pace or Pace()
        self._loop = loop
        self._open()
        info = self._file.info
        self.width, self.height, self.rate = info.width, info.height, info.rate

    def read(self) -> Picture | None:
        frame = next(self._frames, None)
        if frame is None and self._loop:
            self._begin_again()
            frame = next(self._frames, None)
        if frame is None:
            return None
        self.pace.wait_for(frame.time_s)
        return frame.picture

    def close(self) -> None:
        self._file.close()

    def _begin_again(self) -> None:
        self._file.close()
        # PyAV's frames that were asked for side data are cycles, and keep their decoder's memory:
        # 4 MB each time at 720p, until somebody collects them.
        del self._frames, self._file
        gc.collect()
        self._open()
        self.pace.restart()

    def _open(self) -> None:
        self._file = FileSource(self.path, Stats(), threads=1)
        self._frames: Iterator[Frame] = iter(self._file)
