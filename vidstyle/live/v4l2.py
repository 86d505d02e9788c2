"""Video devices of Linux: which there are, and what they can do."""

import fcntl
import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

DEVICES = Path("/sys/class/video4linux")
# From linux/videodev2.h: numbers of ioctls, and the sizes of what they fill in.
QUERYCAP, CAPABILITY_BYTES = 0x80685600, 104
ENUM_FMT, FORMAT_BYTES = 0xC0405602, 64
ENUM_FRAMESIZES, SIZE_BYTES = 0xC02C564A, 44
ENUM_FRAMEINTERVALS, INTERVAL_BYTES = 0xC034564B, 52
CAPTURE, OUTPUT = 0x1, 0x2  # capabilities
STREAMING_CAPTURE, DISCRETE = 1, 1
MOST = 64  # of each kind of mode; some drivers never say that there are no more


@dataclass(frozen=True, slots=True)
class Device:
    """One /dev/video*."""

    path: Path
    name: str
    captures: bool
    outputs: bool


def devices() -> list[Device]:
    """All video devices that can be asked."""
    found = []
    for entry in sorted(DEVICES.glob("video*"), key=lambda e: int(e.name.removeprefix("video"))):
        with suppress(OSError):
            found.append(_device(Path("/dev") / entry.name))
    return found


def modes(path: Path) -> list[str]:
    """What a camera offers: "MJPG 1280x720 at 30", one for each format and size."""
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
        answer = _asked(file, QUERYCAP, CAPABILITY_BYTES)
    name = answer[16:48].split(b"\0")[0].decode("utf-8", "replace")
    overall, own = struct.unpack_from("<2I", answer, 84)
    caps = own or overall
    return Device(path, name, bool(caps & CAPTURE), bool(caps & OUTPUT))


def _formats(file: int) -> Iterator[int]:
    for answer in _listed(file, ENUM_FMT, FORMAT_BYTES, [STREAMING_CAPTURE]):
        yield struct.unpack_from("<I", answer, 44)[0]


def _sizes(file: int, fourcc: int) -> Iterator[tuple[int, int]]:
    for answer in _listed(file, ENUM_FRAMESIZES, SIZE_BYTES, [fourcc]):
        kind, *sides = struct.unpack_from("<7I", answer, 8)
        if kind == DISCRETE:
            yield sides[0], sides[1]
        else:
            yield sides[1], sides[4]  # the largest of a range
            return


def _rates(file: int, fourcc: int, width: int, height: int) -> Iterator[Fraction]:
    for answer in _listed(file, ENUM_FRAMEINTERVALS, INTERVAL_BYTES, [fourcc, width, height]):
        kind, units, of = struct.unpack_from("<3I", answer, 16)
        if units:
            yield Fraction(of, units)
        if kind != DISCRETE:
            return  # the fastest of a range


def _listed(file: int, what: int, size: int, asked: list[int]) -> Iterator[bytes]:
    for index in range(MOST):
        try:
            yield _asked(file, what, size, index, *asked)
        except OSError:  # how drivers say that there are no more
            return


def _asked(file: int, what: int, size: int, *values: int) -> bytes:
    memory = bytearray(size)
    struct.pack_into(f"<{len(values)}I", memory, 0, *values)
    fcntl.ioctl(file, what, memory)
    return bytes(memory)


@contextmanager
def _opened(path: Path) -> Iterator[int]:
    file = os.open(path, os.O_RDWR | os.O_NONBLOCK)
    try:
        yield file
    finally:
        os.close(file)
