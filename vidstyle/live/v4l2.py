"""V4L2 devices of Linux: names, capabilities and modes, through ioctls."""

import fcntl
import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

DEVICES = Path("/sys/class/video4linux")
# From linux/videodev2.h: ioctl numbers, and sizes of their structs in bytes.
QUERYCAP, CAPABILITY_BYTES = 0x80685600, 104
ENUM_FMT, FORMAT_BYTES = 0xC0405602, 64
ENUM_FRAMESIZES, SIZE_BYTES = 0xC02C564A, 44
ENUM_FRAMEINTERVALS, INTERVAL_BYTES = 0xC034564B, 52
CAPTURE, OUTPUT = 0x1, 0x2  # V4L2_CAP_VIDEO_CAPTURE, V4L2_CAP_VIDEO_OUTPUT
STREAMING_CAPTURE, DISCRETE = 1, 1  # V4L2_BUF_TYPE_VIDEO_CAPTURE, V4L2_FRMSIZE_TYPE_DISCRETE
MAX_ENTRIES = 64  # of an enumeration; some drivers never end theirs


@dataclass(frozen=True, slots=True)
class Device:
    """One V4L2 device, /dev/video*."""

    path: Path
    name: str  # of the card, from the driver
    captures: bool  # programs can read frames from it
    outputs: bool  # programs can write frames to it


def devices() -> list[Device]:
    """All V4L2 devices that can be opened, by number."""
    found = []
    for entry in sorted(DEVICES.glob("video*"), key=lambda e: int(e.name.removeprefix("video"))):
        with suppress(OSError):
            found.append(_device(Path("/dev") / entry.name))
    return found


def modes(path: Path) -> list[str]:
    """Modes of a camera, such as "MJPG 1280x720 at 30": one line per pixel format and size.

    Empty where the device cannot be opened.
    """
    lines = []
    with suppress(OSError), _opened(path) as file:
        for fourcc in _formats(file):
            for width, height in _sizes(file, fourcc):
                rates = ", ".join(f"{float(r):g}" for r in _rates(file, fourcc, width, height))
                name = fourcc.to_bytes(4, "little").decode("ascii", "replace").strip()
                lines.append(f"{name} {width}x{height} at {rates or 'any rate'}")
    return lines


def _device(path: Path) -> Device:
    with _opened(path) as file:
        answer = _ioctl(file, QUERYCAP, CAPABILITY_BYTES)
    name = answer[16:48].split(b"\0")[0].decode("utf-8", "replace")
    overall, own = struct.unpack_from("<2I", answer, 84)
    caps = own or overall
    return Device(path, name, bool(caps & CAPTURE), bool(caps & OUTPUT))


def _formats(file: int) -> Iterator[int]:
    for answer in _enumerate(file, ENUM_FMT, FORMAT_BYTES, [STREAMING_CAPTURE]):
        yield struct.unpack_from("<I", answer, 44)[0]


def _sizes(file: int, fourcc: int) -> Iterator[tuple[int, int]]:
    for answer in _enumerate(file, ENUM_FRAMESIZES, SIZE_BYTES, [fourcc]):
        kind, *sides = struct.unpack_from("<7I", answer, 8)
        if kind == DISCRETE:
            yield sides[0], sides[1]
        else:
            yield sides[1], sides[4]  # the largest of a range
            return


def _rates(file: int, fourcc: int, width: int, height: int) -> Iterator[Fraction]:
    for answer in _enumerate(file, ENUM_FRAMEINTERVALS, INTERVAL_BYTES, [fourcc, width, height]):
        kind, units, of = struct.unpack_from("<3I", answer, 16)
        if units:
            yield Fraction(of, units)
        if kind != DISCRETE:
            return  # the fastest of a range


def _enumerate(file: int, request: int, size: int, values: list[int]) -> Iterator[bytes]:
    for index in range(MAX_ENTRIES):
        try:
            yield _ioctl(file, request, size, index, *values)
        except OSError:  # EINVAL: the enumeration has ended
            return


def _ioctl(file: int, request: int, size: int, *values: int) -> bytes:
    """Call an ioctl with a struct of `size` bytes that begins with `values`; return the struct."""
    memory = bytearray(size)
    struct.pack_into(f"<{len(values)}I", memory, 0, *values)
    fcntl.ioctl(file, request, memory)
    return bytes(memory)


@contextmanager
def _opened(path: Path) -> Iterator[int]:
    file = os.open(path, os.O_RDWR | os.O_NONBLOCK)
    try:
        yield file
    finally:
        os.close(file)
