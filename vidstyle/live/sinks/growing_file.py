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

FRAGMENT_MS = 1000  # of media per fragment: the loss when the process is killed
SYNC_S = 5.0  # between fsyncs: the loss at a power cut
MIN_FREE_BYTES = 1 << 19  # for the end of a file: packets in the encoder, and index tables
INDEX_BYTES_PER_FRAME = 64


class GrowingFile(FileSink):
    """Video file sink for recordings, fragmented: an interrupted file can be played to its end.

    Fragmented MP4 and MOV are turned into ordinary files when they are finished. A thread of its
    own syncs the file to disk.
    """

    failure_note = "What was recorded until then is kept and can be played."
    path_setting = "record"

    def __enter__(self) -> Self:
        self._stop = threading.Event()
        self._syncing = threading.Thread(target=self._sync_periodically, name="disk", daemon=True)
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
        """Whether the disk has space for more frames and the end of the file.

        Raises:
            SinkError: the folder is gone, as with a disk that was unplugged.
        """
        reserve = MIN_FREE_BYTES + INDEX_BYTES_PER_FRAME * self._stats["frames"]
        with self._sink_errors():
            return shutil.disk_usage(self._partial.parent).free > reserve

    def _partial_path(self, path: Path) -> Path:
        """Return the final name; without `replace` it is created at once, and exclusively."""
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
            # The moov box waits for the first fragment, so that it can hold the audio's start.
            flags = [options.get("movflags", ""), "hybrid_fragmented", "delay_moov"]
            return options | {
                "movflags": "+".join(filter(None, flags)),
                "frag_duration": str(1000 * FRAGMENT_MS),
            }
        return options | {"cluster_time_limit": str(FRAGMENT_MS)}

    def _publish(self) -> None:
        _sync(self._partial)

    def _discard(self) -> None:
        with suppress(OSError, av.FFmpegError):
            self._output.close()
        with suppress(OSError):
            if self._output.format.name in MP4_LIKE:
                _truncate_to_whole_fragments(self._partial)
            if self._partial.stat().st_size == 0:
                self._partial.unlink()

    def _sync_periodically(self) -> None:
        while not self._stop.wait(SYNC_S):
            _sync(self._partial)


def _truncate_to_whole_fragments(path: Path) -> None:
    """Cut off an incomplete last fragment of an MP4 or MOV file."""
    length = path.stat().st_size
    with path.open("r+b") as file:
        whole = end = 0  # a moof box is useless without its mdat box
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
    """Flush a file from the system's cache to the disk."""
    with suppress(OSError):  # not supported by every file system
        descriptor = os.open(path, os.O_RDWR)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
