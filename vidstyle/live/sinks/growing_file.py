"""Growing video file: playable under its own name at any moment, also after a power cut."""

import os
import shutil
import threading
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

import av

from vidstyle.errors import SinkError, reason
from vidstyle.media.codecs import MP4_LIKE
from vidstyle.media.sink import FileSink

LOST_AT_MOST_MS = 1000  # of what is encoded, when the process is killed
SYNC_S = 5.0  # of a recording that a power cut may take
LEAST_ROOM = 1 << 19  # bytes for the end of a file: what the encoder holds back, and tables
ROOM_PER_FRAME = 64  # bytes


class GrowingFile(FileSink):
    """Video sink for recordings: whatever happens, the file keeps what was written to it.

    MP4 and MOV are written as fragments and become ordinary files when they are finished.
    """

    on_failure = "What was recorded until then is kept and can be played."
    elsewhere = "record"

    def __enter__(self) -> Self:
        self._stop = threading.Event()
        self._syncing = threading.Thread(target=self._sync_often, name="disk", daemon=True)
        self._syncing.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        super().__exit__(kind, error, trace)
        self._stop.set()
        self._syncing.join()

    @property
    def has_room(self) -> bool:
        """Whether the disk has room for more than the end of this file."""
        room = LEAST_ROOM + ROOM_PER_FRAME * self._stats["frames"]
        return shutil.disk_usage(self._partial.parent).free > room

    def _place(self, path: Path) -> Path:
        """The final name; taken at once, so that no file is replaced that has come meanwhile."""
        if not self._replace:
            try:
                path.touch(exist_ok=False)
            except FileExistsError:
                raise SinkError(f"{path} exists now. It was not replaced.") from None
            except OSError as error:
                raise SinkError(f"Cannot write {path}: {reason(error)}.") from error
        return path

    def _muxer_options(self, container: str) -> dict[str, str]:
        options = super()._muxer_options(container) | {"flush_packets": "1"}
        if container in MP4_LIKE:
            # The moov box waits for the first fragment, so that it can say where sound begins.
            flags = [options.get("movflags", ""), "hybrid_fragmented", "delay_moov"]
            return options | {
                "movflags": "+".join(filter(None, flags)),
                "frag_duration": str(1000 * LOST_AT_MOST_MS),
            }
        return options | {"cluster_time_limit": str(LOST_AT_MOST_MS)}

    def _publish(self) -> None:
        _sync(self._partial)

    def _discard(self) -> None:
        with suppress(OSError, av.FFmpegError):
            self._output.close()
        with suppress(OSError):
            if self._output.format.name in MP4_LIKE:
                _cut_unfinished_box(self._partial)
            if self._partial.stat().st_size == 0:
                self._partial.unlink()

    def _sync_often(self) -> None:
        while not self._stop.wait(SYNC_S):
            _sync(self._partial)


def _cut_unfinished_box(path: Path) -> None:
    """Leave the whole fragments of a file whose last one found no room."""
    length = path.stat().st_size
    with path.open("r+b") as file:
        whole = end = 0  # a moof box is of no use without its mdat
        while len(header := file.read(16)) >= 8:
            size, kind = int.from_bytes(header[:4], "big"), header[4:8]
            if size == 1:
                size = int.from_bytes(header[8:16], "big")
            if size < 8 or end + size > length:
                break
            whole = end + size if kind != b"moof" else whole
            end += size
            file.seek(end)
        file.truncate(whole)


def _sync(path: Path) -> None:
    """Have the disk itself hold all of a file that has been written."""
    with suppress(OSError):  # a disk that cannot do it keeps the file all the same
        descriptor = os.open(path, os.O_RDWR)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
