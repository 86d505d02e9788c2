"""Trial muxer: tests in a discarded file whether a container accepts packets."""

import io
from collections.abc import Iterable
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Any

import av

from vidstyle.media.demux import open_container, read_packets

REOPEN_AFTER = 2000  # packets; a muxer keeps an index entry for each until its end
FIRST_PACKETS = 4  # per stream
MAX_PACKETS_READ = 3000  # of a file, for streams that begin late
MUX_ERRORS = (av.FFmpegError, ValueError, OverflowError)  # of PyAV, for a refused packet


class NullFile:
    """Writable, seekable file object that discards its content."""

    def __init__(self) -> None:
        self._position = self._length = 0

    def write(self, content: bytes) -> int:
        self._position += len(content)
        self._length = max(self._length, self._position)
        return len(content)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._position = offset + (0, self._position, self._length)[whence]
        return self._position

    def tell(self) -> int:
        return self._position


class TrialMuxer:
    """Muxer of a single stream into a `NullFile`; belongs to one thread.

    FFmpeg's muxers interleave: they report a refused packet when they write it, perhaps in a call
    for a packet of another stream. With a single stream they report it at once.
    """

    def __init__(self, output: av.container.OutputContainer, stream: Any) -> None:
        """Open the trial muxer.

        Args:
            output: container of the real output; its format and options are used.
            stream: input stream, the template of the muxed one.

        Raises:
            ValueError, av.FFmpegError: the container does not support the stream.
        """
        self._format, self._options = output.format.name, dict(output.container_options)
        self._template = stream
        self._checked = False  # a file with a packet of the stream has been read again
        self._written = 0
        self._muxer, self._stream = self._open(NullFile())

    def accepts_any(self, packets: Iterable[Any]) -> bool:
        """Whether a file with just one of the packets is valid, for any of them.

        Sets pts and dts of the packets to 0.
        """
        for packet in packets:
            packet.pts = packet.dts = 0
            with suppress(*MUX_ERRORS):
                self._check_alone(packet)
                return True
        return False

    def write(self, packet: Any) -> None:
        """Mux a packet.

        Raises:
            ValueError, OverflowError, av.FFmpegError: the container refuses it.
        """
        if self._written == REOPEN_AFTER:
            self._reopen()
        if not self._checked:
            self._check_alone(packet)
            self._checked = True
        _mux(self._muxer, self._stream, packet)
        self._written += 1

    def _check_alone(self, packet: Any) -> None:
        """Mux a file of this packet alone and read it again: it must have the stream."""
        file = io.BytesIO()
        muxer, stream = self._open(file)
        with muxer:
            _mux(muxer, stream, packet)
        file.seek(0)
        with av.open(file) as written:
            if not written.streams:
                raise ValueError("The muxer drops this packet silently.")

    def close(self) -> None:
        """Close the muxer."""
        with suppress(*MUX_ERRORS):
            self._muxer.close()

    def _reopen(self) -> None:
        self.close()
        self._muxer, self._stream = self._open(NullFile())
        self._written = 0

    def _open(self, file: Any) -> tuple[Any, Any]:
        muxer = av.open(file, "w", format=self._format, container_options=self._options)
        stream = muxer.add_stream_from_template(self._template)
        muxer.start_encoding()
        return muxer, stream


def _mux(muxer: Any, stream: Any, packet: Any) -> None:
    packet.stream = stream
    muxer.mux(packet)


def first_packets(path: Path, streams: Iterable[int]) -> dict[int, list[Any]]:
    """First packets of some streams of a file, up to `FIRST_PACKETS` of each.

    Args:
        path: media file.
        streams: indices of the streams.

    Returns:
        Packets by stream index; fewer or none for streams that begin late.

    Raises:
        SourceError: the file cannot be opened.
    """
    found: dict[int, list[Any]] = {index: [] for index in streams}
    with open_container(path) as container, suppress(av.FFmpegError):
        for packet in islice(read_packets(container), MAX_PACKETS_READ):
            packets = found.get(packet.stream_index)
            if packets is not None and len(packets) < FIRST_PACKETS:
                packets.append(packet)
            if all(len(packets) == FIRST_PACKETS for packets in found.values()):
                break
    return found
