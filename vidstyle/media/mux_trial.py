"""Trial muxer: packets a container accepts, found out in a file that is thrown away."""

import io
from collections.abc import Iterable
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Any

import av

from vidstyle.media.demux import open_container, read_packets

RENEW_AFTER = 2000  # packets; a container's writer remembers each of them until its end
PEEKED_PACKETS = 4  # of each stream
PEEK_LIMIT = 3000  # packets of a file, for streams that begin late
REFUSALS = (av.FFmpegError, ValueError, OverflowError)  # what PyAV raises for a packet


class NullFile:
    """File object that keeps nothing but its length."""

    def __init__(self) -> None:
        self._place = self._length = 0

    def write(self, content: bytes) -> int:
        self._place += len(content)
        self._length = max(self._length, self._place)
        return len(content)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._place = offset + (0, self._place, self._length)[whence]
        return self._place

    def tell(self) -> int:
        return self._place


class TrialMuxer:
    """One stream in a container of its own, written to nowhere.

    FFmpeg's muxers report a refused packet only when they come to write it, perhaps in a call for
    a packet of another stream; with a single stream they report it at once.
    """

    def __init__(self, output: av.container.OutputContainer, stream: Any) -> None:
        """Start the trial.

        Args:
            output: the container, whose format and options are used.
            stream: of the input, taken as template.

        Raises:
            ValueError, av.FFmpegError: the container does not take such a stream at all.
        """
        self._format, self._options = output.format.name, dict(output.container_options)
        self._template = stream
        self._established = False  # whether a file with the stream's first packets has it
        self._written = 0
        self._muxer, self._stream = self._opened(NullFile())

    def takes_any(self, packets: Iterable[Any]) -> bool:
        """Whether at least one of some packets, each by itself, makes a good file."""
        for packet in packets:
            packet.pts = packet.dts = 0
            with suppress(*REFUSALS):
                self._establish(packet)
                return True
        return False

    def write(self, packet: Any) -> None:
        """Write a packet, and forget it.

        Raises:
            ValueError, av.FFmpegError: the container refuses it.
        """
        if self._written == RENEW_AFTER:
            self._renew()
        if not self._established:
            self._establish(packet)
            self._established = True
        _mux(self._muxer, self._stream, packet)
        self._written += 1

    def _establish(self, packet: Any) -> None:
        """See that a file with nothing but this packet can be finished and has the stream then."""
        file = io.BytesIO()
        muxer, stream = self._opened(file)
        with muxer:
            _mux(muxer, stream, packet)
        file.seek(0)
        with av.open(file) as found:
            if not found.streams:
                raise ValueError("The container drops this packet without a word.")

    def close(self) -> None:
        """Forget the file."""
        with suppress(*REFUSALS):
            self._muxer.close()

    def _renew(self) -> None:
        self.close()
        self._muxer, self._stream = self._opened(NullFile())
        self._written = 0

    def _opened(self, file: Any) -> tuple[Any, Any]:
        muxer = av.open(file, "w", format=self._format, container_options=self._options)
        stream = muxer.add_stream_from_template(self._template)
        muxer.start_encoding()
        return muxer, stream


def _mux(muxer: Any, stream: Any, packet: Any) -> None:
    packet.stream = stream
    muxer.mux(packet)


def first_packets(path: Path, streams: Iterable[int]) -> dict[int, list[Any]]:
    """The first few packets of some streams of a file, by index; fewer of those that begin late.

    Raises:
        SourceError: the file cannot be opened.
    """
    found: dict[int, list[Any]] = {index: [] for index in streams}
    with open_container(path) as container, suppress(av.FFmpegError):
        for packet in islice(read_packets(container), PEEK_LIMIT):
            packets = found.get(packet.stream_index)
            if packets is not None and len(packets) < PEEKED_PACKETS:
                packets.append(packet)
            if all(len(packets) == PEEKED_PACKETS for packets in found.values()):
                break
    return found
