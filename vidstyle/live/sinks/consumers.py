"""Who reads a device, so that nothing is done while nobody looks. Linux only."""

import ctypes
import os
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from vidstyle.errors import SinkError

IN_CLOSE, IN_OPEN = 0x18, 0x20  # from linux/inotify.h
EVENTS_BYTES = 4096
LINGER_S = 5.0  # some programs look in every few seconds
OPENED_ON_PURPOSE_S = 0.3  # others only ask what it is


class ReaderWatch:
    """Counts the other processes that hold a device open.

    The kernel says when it is opened or closed; only then are the processes looked through.
    """

    def __init__(self, device: Path) -> None:
        """Begin to watch.

        Raises:
            SinkError: the kernel refused.
        """
        self._device, self._lock = device.resolve(), threading.Lock()
        libc = ctypes.CDLL(None, use_errno=True)
        self._inotify = libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        mask = ctypes.c_uint32(IN_OPEN | IN_CLOSE)
        watch = libc.inotify_add_watch(self._inotify, os.fsencode(self._device), mask)
        if self._inotify < 0 or watch < 0:
            raise SinkError(f"{device} cannot be watched: {os.strerror(ctypes.get_errno())}.")
        self._count = self._look()

    def close(self) -> None:
        """Stop watching; more than once is fine."""
        with self._lock:
            if self._inotify >= 0:
                os.close(self._inotify)
            self._inotify = -1

    @property
    def count(self) -> int:
        """How many processes besides this one have the device open."""
        with self._lock, suppress(BlockingIOError):  # nothing has happened
            if self._inotify >= 0 and os.read(self._inotify, EVENTS_BYTES):
                self._count = self._look()
        return self._count

    def _look(self) -> int:
        own = str(os.getpid())
        return sum(
            process.name != own and self._is_open_in(process)
            for process in Path("/proc").iterdir()
            if process.name.isdecimal()
        )

    def _is_open_in(self, process: Path) -> bool:
        with suppress(OSError):  # gone by now, or somebody else's
            for file in (process / "fd").iterdir():
                with suppress(OSError):
                    if file.readlink() == self._device:
                        return True
        return False


class DemandGate:
    """Decides from the number of readers whether pictures are wanted."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._come_s: float | None = None  # since when somebody reads
        self._left_s: float | None = None  # since when nobody does; None before the first came
        self._wanted = False

    def wanted(self, readers: int) -> bool:
        """Take the number of readers of this moment, and say whether to work for them."""
        now_s = self._clock()
        if readers:
            self._come_s = now_s if self._come_s is None else self._come_s
            self._left_s = now_s
            self._wanted |= now_s - self._come_s >= OPENED_ON_PURPOSE_S
        else:
            self._come_s = None
            if self._left_s is None or now_s - self._left_s >= LINGER_S:
                self._wanted = False
        return self._wanted
