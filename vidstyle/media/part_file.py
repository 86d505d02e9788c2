"""Part file: encoded packets of one part of a video, with exact times and a checksum.

A container of FFmpeg would round the times or change the packets. The file is a line with `MAGIC`,
a line of JSON with the description, records of packets, and at the end a record of JSON, its
length, and the CRC-32 of all before.
"""

import json
import math
import os
import struct
import zlib
from array import array
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, BinaryIO, Self

import av

from vidstyle.frame import Checkpoint
from vidstyle.media.atomic import partial_path, rename_durably

MAGIC = b"vidstyle part 1\n"
PACKET = struct.Struct("<4sBqqqI")  # mark, whether a keyframe, pts, dts, duration, bytes
FOOTER = struct.Struct("<4sII")  # mark, bytes of JSON before it, CRC-32 of all before
PACKET_MARK, END_MARK = b"PACK", b"DONE"
NO_TIME = -(1 << 63)
BLOCK = 1 << 20  # bytes
UNREADABLE = (
    ValueError, LookupError, TypeError, AttributeError, OverflowError, RecursionError, struct.error,
)  # fmt: skip


class DamagedPartError(Exception):
    """A part file is cut off, changed, or no part file."""


@dataclass(frozen=True, slots=True)
class PartEnd:
    """Last record of a part file."""

    frames: int
    until: Checkpoint | None  # of the next part's first frame; None for the last part


@dataclass(frozen=True, slots=True)
class PartPacket:
    """Packet of a part file; times in units of the video's time base."""

    content: bytes
    pts: int
    dts: int | None
    duration: int
    is_keyframe: bool

    def packet(self, time_base: Fraction) -> Any:
        """Packet of PyAV."""
        packet: Any = av.Packet(self.content)
        packet.pts, packet.dts, packet.duration = self.pts, self.dts, self.duration
        packet.time_base, packet.is_keyframe = time_base, self.is_keyframe
        return packet


class PartWriter:
    """Writer of a part file, which has its final name only once it is whole and on the disk."""

    def __init__(self, path: Path, description: Mapping[str, Any], extradata: bytes) -> None:
        """Create the partial file.

        Args:
            path: final name.
            description: JSON data, that the file is named for.
            extradata: of the encoder.

        Raises:
            OSError: the file cannot be written.
        """
        self._path, self._partial = path, partial_path(path)
        self._crc = self._packets = 0
        self._file: BinaryIO = self._partial.open("wb")
        header = {"part": description, "extradata": extradata.hex()}
        try:
            self._write(MAGIC + json.dumps(header).encode() + b"\n")
        except OSError:
            self.discard()
            raise

    def add(self, packet: Any) -> None:
        """Append a packet of PyAV.

        Raises:
            OSError: the disk is full.
        """
        content = bytes(packet)
        times = (NO_TIME if packet.dts is None else packet.dts, packet.duration or 0)
        key = packet.is_keyframe
        self._write(PACKET.pack(PACKET_MARK, key, packet.pts, *times, len(content)))
        self._write(content)
        self._packets += 1

    def finish(self, until: Checkpoint | None) -> Path:
        """Complete the file, force it to the disk and give it its name, which is returned.

        Args:
            until: of the next part's first frame; None after the last part.

        Raises:
            OSError: the disk is full.
        """
        end = PartEnd(self._packets, until)
        content = json.dumps(asdict(end)).encode()
        self._write(content)
        self._file.write(FOOTER.pack(END_MARK, len(content), self._crc))
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        rename_durably(self._partial, self._path, replace=True)
        return self._path

    def discard(self) -> None:
        """Delete the partial file, if there is one."""
        with suppress(OSError):  # a full disk refuses what is still buffered
            self._file.close()
        self._partial.unlink(missing_ok=True)

    def _write(self, content: bytes) -> None:
        self._crc = zlib.crc32(content, self._crc)
        self._file.write(content)


class PartReader:
    """Reader of a part file; use it in a `with` block."""

    def __init__(self, path: Path) -> None:
        """Read the description and the end.

        Raises:
            DamagedPartError: the file is no whole part file.
            OSError: it cannot be read.
        """
        self._file = path.open("rb")
        try:
            self._read_ends()
        except UNREADABLE as error:
            self._file.close()
            raise DamagedPartError(f"{path}: {error}") from error
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._file.close()

    def packets(self) -> Iterator[PartPacket]:
        """Yield the packets in decoding order.

        Raises:
            DamagedPartError: the file is damaged; also after the last packet.
            OSError: it cannot be read.
        """
        self._file.seek(0)
        crc = zlib.crc32(self._taken(self._packets_at))
        while self._file.tell() < self._end_at:
            record = self._taken(PACKET.size)
            mark, key, pts, dts, duration, size = PACKET.unpack(record)
            if mark != PACKET_MARK or size > self._end_at - self._file.tell():
                raise DamagedPartError(f"{self._file.name}: a damaged packet")
            content = self._taken(size)
            crc = zlib.crc32(content, zlib.crc32(record, crc))
            yield PartPacket(content, pts, None if dts == NO_TIME else dts, duration, bool(key))
        rest = self._taken(self._bytes - FOOTER.size - self._end_at)
        if zlib.crc32(rest, crc) != self._crc:
            raise DamagedPartError(f"{self._file.name}: a wrong checksum")

    def times(self) -> "array[int]":
        """Presentation times of the packets, in decoding order; the content is skipped.

        Raises:
            DamagedPartError: the file is cut off, or has a damaged packet.
            OSError: it cannot be read.
        """
        times = array("q")
        self._file.seek(self._packets_at)
        while self._file.tell() < self._end_at:
            mark, _, pts, _, _, size = PACKET.unpack(self._taken(PACKET.size))
            if mark != PACKET_MARK or size > self._end_at - self._file.tell():
                raise DamagedPartError(f"{self._file.name}: a damaged packet")
            times.append(pts)
            self._file.seek(size, os.SEEK_CUR)
        return times

    def first_pts(self) -> int | None:
        """Time of the first packet, which is that of the part's first frame; None without one.

        Raises:
            DamagedPartError: the file is cut off.
            OSError: it cannot be read.
        """
        if self._packets_at == self._end_at:
            return None
        self._file.seek(self._packets_at)
        _, _, pts, *_ = PACKET.unpack(self._taken(PACKET.size))
        return int(pts)

    def check(self) -> None:
        """Read the whole file.

        Raises:
            DamagedPartError: the checksum differs.
            OSError: it cannot be read.
        """
        self._file.seek(0)
        crc, left = 0, self._bytes - FOOTER.size
        while left:
            block = self._taken(min(left, BLOCK))
            crc, left = zlib.crc32(block, crc), left - len(block)
        if crc != self._crc:
            raise DamagedPartError(f"{self._file.name}: a wrong checksum")

    def _read_ends(self) -> None:
        if self._file.read(len(MAGIC)) != MAGIC:
            raise ValueError("no part file")
        header = json.loads(self._file.readline())
        self.description: dict[str, Any] = dict(header["part"])
        self.run: dict[str, Any] = dict(self.description["run"])
        self.extradata = bytes.fromhex(header["extradata"])
        self._packets_at = self._file.tell()
        self._bytes = self._file.seek(0, os.SEEK_END)
        self._file.seek(self._bytes - FOOTER.size)
        mark, length, self._crc = FOOTER.unpack(self._file.read())
        self._end_at = self._bytes - FOOTER.size - length
        if mark != END_MARK or self._end_at < self._packets_at:
            raise ValueError("cut off")
        self._file.seek(self._end_at)
        end = json.loads(self._taken(length))
        until = end["until"]
        self.end = PartEnd(int(end["frames"]), None if until is None else _checkpoint(**until))

    def _taken(self, size: int) -> bytes:
        content = self._file.read(size)
        if len(content) < size:
            raise DamagedPartError(f"{self._file.name}: cut off")
        return content


def _checkpoint(**values: Any) -> Checkpoint:
    """Checkpoint of JSON data.

    Raises:
        TypeError: a value is missing or of a wrong type.
    """
    found = Checkpoint(**values | {"exposure": tuple(values["exposure"])})
    whole = (found.part, found.pts, found.frame, found.scene, *found.counts.values())
    if type(found.restarts) is not bool:
        raise TypeError("a checkpoint of wrong types")
    numbers = (found.time_s, found.seconds, found.change, *found.exposure)
    if not all(type(value) is int for value in whole) or not all(map(math.isfinite, numbers)):
        raise TypeError("a checkpoint of wrong types")
    return found
